"""The page New invoice, as a tab holds it: its draft, and the errors of its lines."""

import pytest

from portal_app.domain.errors import UserError
from portal_app.state.staff.billing.new_invoice import NewInvoiceState
from portal_app.state.staff.errors import (
    DueDateMissing,
    LineAmountInvalid,
    LineDescriptionMissing,
    LineQuantityInvalid,
)
from tests.people import MARIA, People
from tests.state_helper import happens, look_from, on_screen, shows_refusal

ADDRESS = f"/staff/invoices/new?patient={MARIA.id}"
LINE = {
    "what_1": "X-ray",
    "quantity_1": "2",
    "amount_1": "12.50",
    "person_1": MARIA.id,
    "day_1": "2026-11-02",
}


async def open_page() -> NewInvoiceState:
    page = on_screen(NewInvoiceState, ADDRESS)
    await happens(page.load)
    assert page.ready and not page.missing
    return page


@pytest.fixture
async def page(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> NewInvoiceState:
    look_from(monkeypatch, People.create().dana)
    return await open_page()


def form(page: NewInvoiceState, **changes: str) -> dict[str, str]:
    return {"invoice": page.invoice, "due": page.due, "how": "draft", **LINE, **changes}


async def test_a_saved_invoice_leads_back_to_the_patient(page: NewInvoiceState):
    steps = await happens(page.save_invoice, form=form(page))
    assert page.message == "" and not page.busy
    assert f"/staff/patients/{MARIA.id}" in str(steps[-1].args)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"due": ""}, DueDateMissing),
        ({"what_1": " "}, LineDescriptionMissing),
        ({"quantity_1": "0"}, LineQuantityInvalid),
        ({"quantity_1": "1.5"}, LineQuantityInvalid),
        ({"amount_1": "12,50"}, LineAmountInvalid),
    ],
)
async def test_what_is_missing_is_asked_for_and_nothing_is_saved(
    page: NewInvoiceState, changes: dict[str, str], error: type[UserError]
):
    steps = await happens(page.save_invoice, form=form(page, **changes))
    assert shows_refusal(page, error) and not page.busy
    assert [step for step in steps if step] == []


async def test_a_draft_is_restored_and_start_over_drops_it(page: NewInvoiceState):
    await happens(page.add_line)
    await happens(page.save_draft_field, field="what_2", value="Crown")
    await happens(page.save_draft_field, field="not_a_field", value="x")
    page = await open_page()
    assert page.restored and [line.description for line in page.lines] == ["", "Crown"]
    await happens(page.start_over)
    assert not page.restored and [line.description for line in page.lines] == [""]
