"""The lists of the staff side, as a tab holds them: filters and page come from the address and stay in the links."""

import pytest

from portal_app.state.staff import messages
from portal_app.state.staff.billing import transactions
from portal_app.state.staff.billing.patients import PatientsState
from portal_app.state.staff.billing.transactions import TransactionsState
from portal_app.state.staff.messages import Filters, MessageLogState, read_filters
from tests.people import MARIA, RIVERA, People, add_invoice
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
def sample_people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    sample = People.create()
    look_from(monkeypatch, sample.olga)
    for module in (transactions, messages):
        monkeypatch.setattr(module, "watch", lambda *_: None)
    return sample


async def test_a_search_for_patients_is_in_the_address(sample_people: People):
    page = on_screen(PatientsState, "/staff/patients?q=okafor&page=nonsense")
    await happens(page.load)
    assert [row.name for row in page.rows] == ["Kim Okafor"]
    assert (page.count, page.page.number, page.page.previous, page.page.next) == ("1 patient", 1, "", "")
    (redirect,) = await happens(page.search_patients, form={"q": " rivera "})
    assert "/staff/patients?q=rivera" in str(redirect.args)


async def test_the_links_to_other_pages_of_transactions_keep_the_filters(sample_people: People):
    for _n in range(101):
        add_invoice(RIVERA, (MARIA, "Office visit", 10_00))
    page = on_screen(TransactionsState, "/staff/transactions?kind=charge&status=none&page=2")
    await happens(page.load)
    assert page.page.number == 2 and page.page.count > 2 and page.filtered
    assert page.page.next.endswith("/staff/transactions?kind=charge&page=3")
    assert page.page.previous.endswith("/staff/transactions?kind=charge")


def test_a_filter_that_does_not_exist_is_left_out():
    assert read_filters({"state": "lost", "kind": "no such kind", "page": "-1"}) == Filters()
    assert read_filters({"state": "failed", "search": "kim", "page": "3"}) == Filters("failed", "", "kim", 3)


async def test_the_message_log_begins_with_its_first_page(sample_people: People):
    page = on_screen(MessageLogState, "/staff/messages?page=9")
    await happens(page.load)
    assert page.ready and (page.page.number, page.page.count, page.page.next) == (1, 1, "")
