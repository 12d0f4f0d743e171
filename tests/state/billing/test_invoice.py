from collections.abc import Iterator

import pytest
from sqlmodel import select

from portal_app import gateways
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import PaymentTooLarge, PaymentTooSmall
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.state.billing import invoice
from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.receipt import ReceiptState
from tests import people
from tests.payments_helper import fake_processor
from tests.people import People
from tests.state_helper import happens, look_from, on_screen, shows_refusal

ADDRESS = f"/invoices/{people.INVOICE}"


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    fake = fake_processor()
    gateways.use(Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture(autouse=True)
def nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice, "watch", lambda *_: None)


@pytest.fixture
async def page(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> InvoiceState:
    look_from(monkeypatch, sample_people.maria)
    return await opened()


async def opened(address: str = ADDRESS) -> InvoiceState:
    page = on_screen(InvoiceState, address)
    await happens(page.load)
    return page


def filled_in(page: InvoiceState, amount: str = "", **more: str) -> dict[str, str]:
    how = {"how_much": "part", "amount": amount} if amount else {"how_much": "all", "amount": ""}
    return {"payment": page.payment, "source": people.VISA, **how, **more}


def payments() -> list[Payment]:
    with reading(system_principal("test")) as tx:
        return list(tx.exec(select(Payment)))


async def test_the_page_shows_what_is_owed_and_with_what_one_may_pay(page: InvoiceState):
    assert (page.title, page.figure, page.status[:4]) == ("Crown, lower left", "$120.00", "Due ")
    assert [(s.label, s.first) for s in page.payment_methods] == [("Visa ending in 4242", True)]
    assert page.can_pay
    assert page.at_least == "From $0.50 to $120.00"


async def test_paying_part_of_it_leads_to_the_receipt(page: InvoiceState):
    paid = page.payment
    said = await happens(page.pay, form=filled_in(page, "50"))
    assert f"/receipt?id={paid}" in str(said[-1])
    assert [(p.id, p.amount.minor) for p in payments()] == [(paid, 50_00)]


async def test_two_clicks_pay_once(page: InvoiceState):
    form = filled_in(page, "50")
    await happens(page.pay, form=form)
    await happens(page.pay, form=form)
    assert len(payments()) == 1


@pytest.mark.parametrize("typed", ["−5", "0", "10.005", "1e3", "NaN", " 12,50 ", "1" + "0" * 12, ""])
async def test_all_11_an_amount_that_cannot_be_read_is_explained_and_the_form_gets_a_new_payment_id(
    page: InvoiceState, typed: str
):
    before = page.payment
    await happens(page.pay, form={**filled_in(page, "1"), "amount": typed})
    assert page.message
    assert not page.busy
    assert page.payment != before
    assert payments() == []


async def test_part_2_more_than_is_owed_says_how_much_one_can_pay(page: InvoiceState):
    await happens(page.pay, form=filled_in(page, "120.01"))
    assert shows_refusal(page, PaymentTooLarge, "amount") and "$120.00" in page.message


async def test_all_10_the_card_form_is_not_asked_for_less_than_the_practice_takes(page: InvoiceState):
    """The practice's smallest payment, not only the processor's, is known before a card is typed."""
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Practice, "practice", lock=True).minimum_payment = Money(20_00)
        tx.get_or_404(Practice, "practice", lock=True).version += 1
    await happens(page.refresh)
    asked = page.card_asked
    await happens(page.pay, form=filled_in(page, "10", source="new"))
    assert page.card_asked == asked
    assert shows_refusal(page, PaymentTooSmall, "amount") and "$20.00" in page.message
    await happens(page.pay, form=filled_in(page, "20", source="new"))
    assert (page.card_asked, page.message) == (asked + 1, "")


async def test_a_declined_card_says_why_in_plain_words(page: InvoiceState, processor: FakeProcessor):
    processor.answers(Outcome.DECLINED, "insufficient_funds")
    await happens(page.pay, form=filled_in(page))
    assert page.message.startswith("There is not enough money on this card.")
    assert page.message.endswith("Nothing was charged.")
    assert (page.tone, page.status_tone) == ("late", "due")
    assert page.can_pay


async def test_the_same_amount_minutes_later_gets_a_duplicate_warning_first(page: InvoiceState):
    await happens(page.pay, form=filled_in(page, "50"))
    await happens(page.load)
    await happens(page.pay, form=filled_in(page, "50"))
    assert "Pay again?" in page.duplicate_warning
    assert len(payments()) == 1
    said = await happens(page.confirm_duplicate)
    assert "/receipt?id=" in str(said[-1])
    assert len(payments()) == 2


async def test_a_card_token_is_requested_only_for_an_amount_that_can_be_charged(page: InvoiceState):
    await happens(page.pay, form={**filled_in(page, "500"), "source": "new"})
    assert page.card_asked == 0
    await happens(page.pay, form={**filled_in(page, "50"), "source": "new"})
    assert (page.card_asked, page.card_amount, page.busy) == (1, 50_00, False)
    assert payments() == []


async def test_a_card_token_that_was_not_requested_pays_nothing(page: InvoiceState):
    await happens(page.pay_with_card, token="ctoken_1")
    assert shows_refusal(page, NotFound)
    await happens(page.pay, form={**filled_in(page, "50"), "source": "new"})
    await happens(page.pay_with_card, token="pm_card_visa'; --")
    assert payments() == []


async def test_a_stranger_sees_nothing(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.kim)
    page = await opened()
    assert page.missing
    await happens(page.pay, form={"payment": new_id("pay"), "how_much": "all", "source": people.VISA})
    assert payments() == []
    assert "Crown" not in str(page.dict())


@pytest.mark.parametrize("address", ["/invoices/inv_1", "/invoices/", "/invoices/pay_" + "0" * 32])
async def test_an_invoice_that_does_not_exist_is_missing(page: InvoiceState, address: str):
    assert (await opened(address)).missing


async def test_online_payments_turned_off_say_how_to_pay(sample_people: People, page: InvoiceState):
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Practice, "practice", lock=True).online_payments = False
    await happens(page.load)
    assert (page.can_pay, page.why_not) == (False, "offline")


async def test_the_receipt_opens_again_and_is_nobody_elses(
    sample_people: People, page: InvoiceState, monkeypatch: pytest.MonkeyPatch
):
    paid = page.payment
    await happens(page.pay, form=filled_in(page, "50"))
    receipt = on_screen(ReceiptState, f"/receipt?id={paid}")
    await happens(receipt.load)
    assert (receipt.amount, receipt.shown, receipt.left) == (
        "$50.00",
        "Visa ending in 4242",
        "$70.00 left to pay",
    )
    look_from(monkeypatch, sample_people.luis)
    other = on_screen(ReceiptState, f"/receipt?id={paid}")
    await happens(other.load)
    assert other.missing
    assert other.amount == ""


async def test_all_13_a_payment_that_waits_for_the_bank_holds_the_invoice(
    page: InvoiceState, processor: FakeProcessor
):
    processor.answers(Outcome.REQUIRES_ACTION)
    asked = page.payment
    await happens(page.pay, form=filled_in(page, "50"))
    assert page.bank_secret
    assert page.card_wanted
    await happens(page.load)  # they closed the bank's window and came back
    assert (page.can_pay, page._held_id, page.held_by_bank) == (False, asked, True)
    assert page.held == "Your bank asks you to confirm your payment of $50.00."
    assert page.card_amount == 50_00
    await happens(page.cancel_payment)
    assert (page.can_pay, page.held, page.busy) == (True, "", False)


async def test_part_3_a_payment_of_another_tab_updates_the_open_page(page: InvoiceState):
    other = await opened()
    await happens(other.pay, form=filled_in(other))
    await happens(page.refresh)
    assert (page.can_pay, page.status) == (False, "Paid")


async def test_a_bank_answer_without_a_payment_in_flight_changes_nothing(page: InvoiceState):
    await happens(page.check_bank_answer, result={"id": "pi_1", "status": "succeeded"})
    assert not page.busy
    assert payments() == []
