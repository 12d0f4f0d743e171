import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import PeriodReversed
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import AccountId, new_id
from portal_app.domain.money import Money
from portal_app.state.billing.statements import ON_SCREEN, StatementsState
from portal_app.state.errors import PeriodIncomplete
from tests import people
from tests.people import INVOICE, RIVERA, People, add_account, add_invoice, add_payment, answering_for
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def sample_people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    sample_people = People.create()
    look_from(monkeypatch, sample_people.maria)
    return sample_people


async def opened(query: str = "") -> StatementsState:
    page = on_screen(StatementsState, "/statements" + (f"?{query}" if query else ""))
    await happens(page.load)
    return page


async def test_it_opens_with_this_month(sample_people: People):
    page = await opened()
    assert page.period == "June 1, 2026 to June 15, 2026"
    assert [chip.label for chip in page.presets if chip.on] == ["This month"]
    assert (page.opening, page.closing) == ("$0.00", "$120.00")
    assert [(row.what, row.who, row.amount, row.running) for row in page.rows] == [
        ("Charge, invoice INV-1001", "Maria", "$120.00", "$120.00")
    ]


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("last_month", "May 1, 2026 to May 31, 2026"),
        ("this_year", "January 1, 2026 to June 15, 2026"),
        ("last_year", "January 1, 2025 to December 31, 2025"),
        ("next_century", "June 1, 2026 to June 15, 2026"),
    ],
)
async def test_each_preset_shows_its_period(sample_people: People, name: str, period: str):
    assert (await opened(f"period={name}")).period == period


async def test_a_chosen_period_is_in_the_address(sample_people: People):
    page = await opened()
    said = await happens(page.choose_period, form={"from": "2026-03-01", "to": "2026-03-31"})
    assert "/statements?from=2026-03-01&to=2026-03-31" in str(said[-1])


async def test_stmt_7_backwards_half_a_period_ten_years_and_an_empty_one(sample_people: People):
    assert shows_refusal(await opened("from=2026-03-02&to=2026-03-01"), PeriodReversed)
    for wrong in ("from=2026-03-02", "from=2026-02-31&to=2026-03-01", "from=x&to=y"):
        page = await opened(wrong)
        assert shows_refusal(page, PeriodIncomplete)
        assert page.itemised == ""  # no paper of another period than the one above it
        assert page.presets
    assert (await opened("from=2016-01-01&to=2026-12-31")).closing == "$120.00"
    empty = await opened("from=2020-01-01&to=2020-01-31")
    assert (empty.rows, empty.start_words, empty.closing) == ([], "Balance forward", "$0.00")


async def test_one_person_of_the_account(sample_people: People):
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), (people.TIM, "Visit", 20_00))
    add_payment(INVOICE, 50_00)
    whole = await opened()
    assert [(row.name, row.together) for row in whole.persons] == [
        ("Maria", "$70.00"),
        ("Tim", "$20.00"),
        ("Eva", "$40.00"),
    ]
    eva = await opened(f"person={people.EVA.id}")
    assert (eva.whose, eva.closing) == ("Only for Eva", "$40.00")
    assert [row.amount for row in eva.rows] == ["$40.00"]
    assert f"person={people.EVA.id}" in eva.pdf


@pytest.mark.loose_rows
async def test_a_long_statement_is_paginated_and_its_balance_is_carried_over(sample_people: People):
    add_entries(RIVERA, 2 * ON_SCREEN + 1)
    first = await opened()
    assert (len(first.rows), first.page.count, first.page.label) == (ON_SCREEN, 3, "Page 1 of 3")
    assert (first.start_words, first.start, first.page.previous) == ("Balance at the start", "$0.00", "")
    assert first.page.next.endswith("/statements?from=2026-06-01&to=2026-06-15&page=2")
    last = await opened("from=2026-06-01&to=2026-06-15&page=3")
    assert (len(last.rows), last.page.next) == (2, "")
    assert last.start_words == "Balance carried over"
    second = await opened("from=2026-06-01&to=2026-06-15&page=2")
    assert last.start == second.rows[-1].running
    assert last.rows[-1].running == last.closing == first.closing
    assert (await opened("from=2026-06-01&to=2026-06-15&page=99")).page.label == "Page 3 of 3"
    assert (await opened("page=x")).page.label == "Page 1 of 3"


def add_entries(account: AccountId, lines: int) -> None:
    day, at = clock.today(), clock.now()
    facts = {"account_id": account, "kind": EntryKind.ADJUSTMENT, "amount": Money(1_00), "text": ""}
    facts |= {"invoice_id": None, "payment_id": None, "patient_id": None, "posted_by": ""}
    days = {"happened_on": day, "posted_on": day, "posted_at": at}
    rows = [facts | days | {"id": new_id("ent"), "source": f"line-{n}"} for n in range(lines)]
    with transaction(system_principal("test")) as tx:
        tx.bulk_insert(LedgerEntry, rows)


async def test_a_guarantor_of_two_accounts_chooses_one_in_the_address(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    assert (await opened()).accounts == []
    second = add_account(people.MARIA)
    add_invoice(second, (people.MARIA, "Orthodontics", 900_00))
    look_from(monkeypatch, answering_for(sample_people.maria, RIVERA, second))
    page = await opened("period=this_year")
    assert [(chip.label, chip.on) for chip in page.accounts] == [
        ("Maria, Tim, Tom and Eva", True),
        ("Account 2", False),
    ]
    assert page.closing == "$120.00"
    other = await opened(page.accounts[1].href.partition("?")[2])
    assert (other.closing, [chip.on for chip in other.accounts]) == ("$900.00", [False, True])
    assert f"account={second}" in other.pdf
    assert all(f"account={second}" in chip.href for chip in other.presets)
    await happens(other.email_statement)
    assert (other.message != "", other.tone) == (True, "paid")
    with reading(system_principal("test")) as tx:
        assert [row.account_id for row in tx.exec(select(OutboxMessage))] == [second]


async def test_an_account_of_somebody_else_is_not_there(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    for account in (people.OKAFOR, people.LUIS_S):
        assert (await opened(f"account={account}")).missing
    assert (await opened("account=acc_1")).missing


async def test_there_is_no_statement_for_a_person_one_may_not_read(sample_people: People):
    for person in (people.LUIS.id, "pat_1", "x"):
        page = await opened(f"person={person}")
        assert page.missing or page.message
        assert page.rows == []


async def test_the_page_says_where_the_statement_is_emailed_to(sample_people: People):
    page = await opened()
    await happens(page.email_statement)
    assert page.message == "We sent it to maria@example.com."


async def test_each_year_with_payments_has_a_pdf_list(sample_people: People):
    assert (await opened()).years == []
    add_payment(INVOICE, 50_00)
    assert [(year.label, year.href) for year in (await opened()).years] == [
        ("Payments in 2026", "/documents/payments/2026.pdf?lang=en")
    ]


async def test_without_an_account_there_is_no_statement(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.nina)
    assert (await opened()).missing
