"""The page "Receipt for the year": the year's sum, each person's PDF, nobody else's."""

from datetime import datetime
from typing import Any

import pytest

from portal_app import clock
from portal_app.domain.access import system_principal
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.state.memberships.memberships import MembershipsState
from portal_app.state.memberships.receipts import MembershipReceiptsState
from tests.conftest import NEW_YORK
from tests.people import EVA, MARIA, People, add_payment
from tests.services.memberships.autopay.autopay_helper import invoices
from tests.services.memberships.members.helper import family
from tests.services.memberships.members.helper import invoices as shown_invoices
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    made = People.create()
    look_from(monkeypatch, made.maria)
    return made


async def opened(address: str = "/memberships/receipts", state: Any = MembershipReceiptsState) -> Any:
    page = on_screen(state, address)
    await happens(page.load)
    return page


def paid_in_march() -> None:
    membership = family()
    with clock.held_at(datetime(2026, 3, 15, 12, tzinfo=NEW_YORK)):
        bill_memberships(system_principal("bill"))
    assert [row[3] for row in shown_invoices(membership)] == [110_00]
    add_payment(invoices(membership)[0].id, 110_00, at=datetime(2026, 3, 16, 12, tzinfo=NEW_YORK))


async def test_each_person_has_their_sum_and_their_pdf(people: People):
    paid_in_march()
    page = await opened()
    assert page.paid == "Paid for memberships in 2026: $110.00"
    assert [(one.name, one.paid, one.pdf) for one in page.receipts] == [
        ("Eva Rivera", "$30.00", f"/documents/memberships/2026.pdf?person={EVA.id}&lang=en"),
        ("Maria Rivera", "$80.00", f"/documents/memberships/2026.pdf?person={MARIA.id}&lang=en"),
    ]
    assert [(year.label, year.on) for year in page.years] == [("2026", True)]
    assert (await opened("/memberships", MembershipsState)).pays


async def test_before_anything_was_paid_it_says_so(people: People):
    page = await opened()
    assert page.ready and (page.years, page.receipts, page.paid) == ([], [], "")


async def test_a_year_that_is_not_there_shows_the_newest(people: People):
    paid_in_march()
    for year in ("1999", "x", ""):
        page = await opened(f"/memberships/receipts?year={year}")
        assert page.paid == "Paid for memberships in 2026: $110.00"


async def test_nobody_elses(people: People, monkeypatch: pytest.MonkeyPatch):
    paid_in_march()
    look_from(monkeypatch, people.luis)
    assert (await opened()).receipts == []
    look_from(monkeypatch, people.maria, "es")
    page = await opened("/es/memberships/receipts")
    assert page.paid == "Pagado por membresías en 2026: $110.00"
