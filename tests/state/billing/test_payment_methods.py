from collections.abc import Iterator

import pytest

from portal_app import clock, gateways
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import NextDefaultNeeded, OnlyPaymentMethod
from portal_app.domain.errors import NotFound
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.errors import PaymentMethodNotSaved
from portal_app.state.billing.payment_methods import PaymentMethodsState
from tests import people
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import fake_processor
from tests.people import RIVERA, VISA, People, add_invoice
from tests.state_helper import happens, is_text_of, look_from, on_screen, shows_refusal


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    fake = fake_processor()
    gateways.use(Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture
async def page(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> PaymentMethodsState:
    look_from(monkeypatch, sample_people.maria)
    page = on_screen(PaymentMethodsState, "/payment-options")
    await happens(page.load)
    return page


async def added(page: PaymentMethodsState, processor: FakeProcessor, card: str = "pm_card_mastercard") -> str:
    await happens(page.start_adding)
    await happens(page.start_setup)
    assert page.setup_secret
    processor.finish_setup(page._setup_id, card)
    await happens(page.finish_setup, result={"id": "seti", "status": "succeeded"})
    return next((card.id for card in page.payment_methods if card.id != VISA), "")


def membership_paid_with(source: str) -> None:
    add_membership(RIVERA, add_plan("Family Care"), payment_method_id=source)


async def test_payment_methods_are_listed_with_the_default_marked(page: PaymentMethodsState):
    (card,) = page.payment_methods
    assert (card.shown, card.is_default, card.tone) == ("Visa ending in 4242", True, "")
    assert card.note == "Expires December 2030"


@pytest.mark.parametrize(
    ("month", "year", "tone", "note"),
    [(5, 2026, "late", "Expired May 2026"), (6, 2026, "due", "Expires soon: June 2026")],
)
async def test_cards_that_expired_or_expire_within_30_days_are_marked(
    page: PaymentMethodsState, month: int, year: int, tone: str, note: str
):
    with transaction(system_principal("test")) as tx:
        row = tx.get_or_404(PaymentMethod, VISA)
        row.exp_month, row.exp_year, row.name = month, year, "Everyday"
    await happens(page.load)
    assert [(card.tone, card.note, card.name) for card in page.payment_methods] == [(tone, note, "Everyday")]


async def test_a_card_is_added_named_and_made_the_default(
    page: PaymentMethodsState, processor: FakeProcessor
):
    new = await added(page, processor)
    assert page.message == "Mastercard ending in 4444 was added."
    assert not page.adding
    await happens(page.rename_method, form={"source": new, "name": "Work"})
    await happens(page.make_default, payment_method=new)
    assert [(card.id, card.name, card.is_default) for card in page.payment_methods] == [
        (new, "Work", True),
        (VISA, "", False),
    ]


async def test_a_card_the_bank_refuses_is_not_saved_and_says_why(
    page: PaymentMethodsState, processor: FakeProcessor
):
    await happens(page.start_adding)
    await happens(page.start_setup)
    await happens(page.finish_setup, result={"id": "seti", "status": "succeeded"})
    assert shows_refusal(page, PaymentMethodNotSaved)
    assert page.adding
    assert len(page.payment_methods) == 1


async def test_src_3_after_adding_what_is_past_due_is_offered_with_amounts(
    page: PaymentMethodsState, processor: FakeProcessor
):
    late = clock.today().replace(month=5)
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), due=late)
    new = await added(page, processor)
    assert [(row.title, row.status, row.amount) for row in page.offer] == [
        ("Cleaning", "Was due May 15", "$40.00")
    ]
    assert page.offer_amount == "$40.00"
    assert page.offer_href == f"/payments?pay=past_due&source={new}"


async def test_src_1_the_default_that_memberships_use_asks_who_takes_over(
    page: PaymentMethodsState, processor: FakeProcessor
):
    membership_paid_with(VISA)
    new = await added(page, processor)
    await happens(page.start_removal, payment_method=VISA)
    assert (page.removing_shown, page.removing_pays) == ("Visa ending in 4242", "Pays Family Care")
    assert [(row.id, row.first) for row in page.successors] == [(new, True)]
    await happens(page.confirm_removal, form={"source": VISA})
    assert shows_refusal(page, NextDefaultNeeded)
    await happens(page.confirm_removal, form={"source": VISA, "heir": new})
    assert [(card.id, card.is_default, card.pays) for card in page.payment_methods] == [
        (new, True, "Pays Family Care")
    ]
    assert page.message == "Visa ending in 4242 was removed."


async def test_src_1_instead_of_a_successor_automatic_payment_is_turned_off(
    page: PaymentMethodsState, processor: FakeProcessor
):
    membership_paid_with(VISA)
    new = await added(page, processor)
    await happens(page.start_removal, payment_method=VISA)
    await happens(page.confirm_removal, form={"source": VISA, "heir": "off"})
    assert [(card.id, card.is_default, card.pays) for card in page.payment_methods] == [(new, True, "")]


async def test_src_2_the_last_one_is_not_removed(page: PaymentMethodsState):
    assert page.only_one
    await happens(page.confirm_removal, form={"source": VISA})
    assert shows_refusal(page, OnlyPaymentMethod)
    assert len(page.payment_methods) == 1


async def test_a_card_of_another_account_is_not_found(
    sample_people: People, page: PaymentMethodsState, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.kim)
    for handler in (page.make_default, page.start_removal):
        await happens(handler, payment_method=VISA)
        assert is_text_of(NotFound, page.notice)
    await happens(page.rename_method, form={"source": VISA, "name": "mine"})
    assert shows_refusal(page, NotFound)
    await happens(page.load)
    assert page.payment_methods == []


async def test_who_answers_for_no_account_is_told_so(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.nina)
    page = on_screen(PaymentMethodsState, "/payment-options")
    await happens(page.load)
    assert page.missing
