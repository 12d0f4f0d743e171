from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.state.billing.invoices import InvoicesState
from tests import people
from tests.people import People, add_invoice, add_payment
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


async def looked_at(address: str = "/invoices") -> InvoicesState:
    page = on_screen(InvoicesState, address)
    await happens(page.load)
    return page


async def test_the_first_page_shows_what_is_owed_now(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, sample_people.maria)
    page = await looked_at()
    assert (page.owed, page.owed_words) == ("$120.00", "1 invoice to pay")
    assert page.pay_words == "Pay $120.00"
    assert page.pay_href == f"/invoices/{people.INVOICE}"
    assert [row.title for row in page.to_pay] == ["Crown, lower left"]


async def test_in_spanish_every_word_and_address_is_spanish(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.maria, "es")
    page = await looked_at("/es/invoices")
    assert page.owed_words == "1 factura por pagar"
    assert page.pay_href.startswith("/es/invoices/inv_")
    assert page.to_pay[0].status.startswith("Vence el ")
    assert [chip.label for chip in page.shows] == ["Todas", "Por pagar", "Ya pagadas"]


async def test_invoices_to_pay_come_oldest_due_first(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    add_invoice(people.RIVERA, (people.EVA, "Filling", 40_00), due=clock.today() - timedelta(days=20))
    look_from(monkeypatch, sample_people.maria)
    page = await looked_at()
    assert [row.title for row in page.to_pay] == ["Filling", "Crown, lower left"]
    assert page.to_pay[0].tone == "late"
    assert page.pay_for == "Filling"


async def test_filters_stand_in_the_address(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    add_invoice(people.RIVERA, (people.EVA, "Filling", 40_00))
    look_from(monkeypatch, sample_people.maria)
    page = await looked_at(f"/invoices?show=to_pay&person={people.EVA.id}")
    assert [row.title for row in page.rows] == ["Filling"]
    assert [chip.label for chip in page.shows if chip.on] == ["To pay"]
    assert [chip.label for chip in page.people if chip.on] == ["Eva"]
    assert page.shows[0].href == f"/invoices?person={people.EVA.id}"


@pytest.mark.parametrize(
    "query", ["show=drop+table", "page=-1", "page=99999999999", "page=²", "show=paid&page=7"]
)
async def test_an_address_that_makes_no_sense_still_shows_a_page(
    sample_people: People, monkeypatch: pytest.MonkeyPatch, query: str
):
    look_from(monkeypatch, sample_people.maria)
    page = await looked_at(f"/invoices?{query}")
    assert page.ready
    assert page.notice == ""


@pytest.mark.parametrize("show", ["all", "to_pay", "paid"])
async def test_filtering_by_a_person_one_may_not_read_finds_no_invoices(
    sample_people: People, monkeypatch: pytest.MonkeyPatch, show: str
):
    """Rosa pays for Nina and may not read of her: filtering by Nina does not tell which invoices are hers (DEP-4)."""
    for minor, paid in ((80_00, 0), (60_00, 60_00)):
        invoice = add_invoice(people.PARK, (people.NINA, "Wisdom tooth", minor))
        if paid:
            add_payment(invoice, paid)
    look_from(monkeypatch, sample_people.rosa)
    page = await looked_at(f"/invoices?show={show}")
    assert [*page.rows, *page.to_pay]  # they are there for all who do not ask by name
    page = await looked_at(f"/invoices?show={show}&person={people.NINA.id}")
    assert [*page.rows, *page.to_pay] == []
    page = await looked_at(f"/invoices?show={show}&person={people.ROSA.id}")
    assert [*page.rows, *page.to_pay] == []  # she has none of her own


async def test_filtering_by_an_id_that_cannot_be_read_shows_the_whole_list(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.maria)
    page = await looked_at("/invoices?person=pat_1'or'1")
    assert page.ready and page.notice == ""
    assert [row.title for row in page.to_pay] == ["Crown, lower left"]


async def test_luis_sees_nothing_of_marias(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, sample_people.luis)
    page = await looked_at()
    assert [row.title for row in page.to_pay] == ["Consultation"]
    assert "Crown" not in str(page.dict())


async def test_services_of_a_person_one_may_not_read_are_services(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    add_invoice(people.PARK, (people.NINA, "Wisdom tooth", 80_00))
    look_from(monkeypatch, sample_people.rosa)
    page = await looked_at()
    assert [row.title for row in page.to_pay] == ["Services"]
    assert "Wisdom" not in str(page.dict())
