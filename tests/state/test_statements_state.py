import pytest

from portal_app.state.billing import StatementsState
from tests import cast as people
from tests.cast import INVOICE, RIVERA, Cast, add_invoice, add_payment
from tests.screen import happens, look_from, on_screen


@pytest.fixture
def cast(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> Cast:
    cast = Cast.on_stage()
    look_from(monkeypatch, cast.maria)
    return cast


async def opened(query: str = "") -> StatementsState:
    page = on_screen(StatementsState, "/statements" + (f"?{query}" if query else ""))
    await happens(page.load)
    return page


async def test_it_opens_with_this_month(cast: Cast):
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
async def test_presets(cast: Cast, name: str, period: str):
    assert (await opened(f"period={name}")).period == period


async def test_any_period_has_an_address_of_its_own(cast: Cast):
    page = await opened()
    said = await happens(page.choose, form={"from": "2026-03-01", "to": "2026-03-31"})
    assert "/statements?from=2026-03-01&to=2026-03-31" in str(said[-1])


async def test_stmt_7_backwards_half_a_period_ten_years_and_an_empty_one(cast: Cast):
    assert (
        await opened("from=2026-03-02&to=2026-03-01")
    ).error == "The first day must not be after the last."
    for wrong in ("from=2026-03-02", "from=2026-02-31&to=2026-03-01", "from=x&to=y"):
        page = await opened(wrong)
        assert page.error == "Choose both days of the period."
        assert page.presets
    assert (await opened("from=2016-01-01&to=2026-12-31")).closing == "$120.00"
    empty = await opened("from=2020-01-01&to=2020-01-31")
    assert (empty.rows, empty.opening_words, empty.closing) == ([], "Balance forward", "$0.00")


async def test_one_person_of_the_account(cast: Cast):
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


async def test_whom_she_may_not_see_has_no_statement(cast: Cast):
    for person in (people.LUIS.id, "pat_1", "x"):
        page = await opened(f"person={person}")
        assert page.missing or page.error
        assert page.rows == []


async def test_by_email_says_where_it_goes(cast: Cast):
    page = await opened()
    await happens(page.email_it)
    assert page.emailed == "We sent it to maria@example.com."


async def test_the_years_that_have_payments_can_be_had_as_a_list(cast: Cast):
    assert (await opened()).years == []
    add_payment(INVOICE, 50_00)
    assert [(year.label, year.href) for year in (await opened()).years] == [
        ("Payments in 2026", "/documents/payments/2026.pdf?lang=en")
    ]


async def test_who_answers_for_no_account_sees_none(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, cast.nina)
    assert (await opened()).missing
