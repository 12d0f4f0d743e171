from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from portal_app import clock, gateways
from portal_app.domain.billing.errors import PaymentTooLarge, PaymentTooSmall
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import PaymentId, RefundId, new_id
from portal_app.domain.money import InvalidAmount, Money
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.errors import NoCredit
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.state.billing import payments as module
from portal_app.state.billing.payments import PaymentsState
from portal_app.state.errors import NoInvoiceChosen
from tests import people
from tests.payments_helper import fake_processor, payments, set_practice
from tests.people import INVOICE, RIVERA, VISA, People, add_account, add_invoice, add_payment, answering_for
from tests.services.billing.billing_helper import pay_into_credit
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


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "watch", lambda *_: None)


async def opened(address: str = "/payments") -> PaymentsState:
    page = on_screen(PaymentsState, address)
    await happens(page.load)
    return page


@pytest.fixture
async def page(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> PaymentsState:
    """Maria owes 120.00 for herself and 40.00 for Eva, which is due first."""
    add_invoice(RIVERA, (people.EVA, "Cleaning", 40_00), number="INV-900", due=date(2026, 6, 1))
    look_from(monkeypatch, sample_people.maria)
    return await opened()


async def reviewed(page: PaymentsState, **form: str) -> PaymentsState:
    await happens(page.review_payment, form={"how": "all", "amount": "", **form})
    return page


def confirm(page: PaymentsState, **more: str) -> dict[str, Any]:
    return {"form": {"payment": page.payment, "source": VISA, **more}}


async def test_dep_4_all_15_the_balance_by_person_in_total_and_what_is_due_when(page: PaymentsState):
    assert (page.figure, page.together, page.all_words) == ("$160.00", "$160.00", "All, $160.00")
    assert {(row.name, row.amount) for row in page.people} == {("Maria", "$120.00"), ("Eva", "$40.00")}
    assert [(row.title, row.tone, row.status) for row in page.due] == [
        ("Cleaning", "late", "Was due June 1"),
        ("Crown, lower left", "due", "Due July 5"),
    ]


async def test_dep_4_a_person_one_may_not_read_has_an_amount_and_no_name(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    add_invoice(people.PARK, (people.NINA, "Consultation", 70_00))
    look_from(monkeypatch, sample_people.rosa)
    page = await opened()
    assert [(row.name, row.amount) for row in page.people] == [("Others you pay for", "$70.00")]
    assert [row.title for row in page.due] == ["Services"]
    assert "Nina" not in str(page.dict())
    assert "Consultation" not in str(page.dict())


async def test_who_answers_for_no_account_is_told_so(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, sample_people.nina)
    assert (await opened()).missing


async def test_part_1_an_amount_pays_the_oldest_first_and_is_shown_before(page: PaymentsState):
    await reviewed(page, how="part", amount="100")
    assert page.reviewing
    assert [(row.title, row.amount) for row in page.parts] == [
        ("Cleaning", "$40.00"),
        ("Crown, lower left", "$60.00"),
    ]
    assert "$60.00 left to pay" in page.parts[1].about
    assert payments() == []
    said = await happens(page.pay, **confirm(page))
    assert "/receipt?id=" in str(said[-1])
    assert [row.amount for row in payments()] == [Money(100_00)]
    assert [part.amount for part in view_receipt(People.maria, payments()[0].id).parts] == [
        Money(40_00),
        Money(60_00),
    ]


async def test_all_2_all_of_it_pays_every_invoice(page: PaymentsState):
    await reviewed(page)
    await happens(page.pay, **confirm(page))
    assert view_account(People.maria).payability.payable == Money(0)


async def test_chosen_invoices_only_are_paid(page: PaymentsState):
    await reviewed(page, how="chosen", **{f"bill-{INVOICE}": "on"})
    assert [(row.title, row.amount) for row in page.parts] == [("Crown, lower left", "$120.00")]
    await happens(page.pay, **confirm(page))
    assert [invoice.number for invoice in view_account(People.maria).open] == ["INV-900"]


@pytest.mark.parametrize(
    ("form", "kind", "field", "amount"),
    [
        ({"how": "part", "amount": "160.01"}, PaymentTooLarge, "amount", "$160.00"),
        ({"how": "part", "amount": "0"}, PaymentTooSmall, "amount", "$0.50"),
        ({"how": "part", "amount": "1e3"}, InvalidAmount, "amount", ""),
        ({"how": "chosen"}, NoInvoiceChosen, "", ""),
        ({"how": "chosen", f"bill-{people.KIM_INVOICE}": "on"}, NoInvoiceChosen, "", ""),
        ({"how": "chosen", "bill-1": "on"}, NotFound, "", ""),
    ],
)
async def test_all_11_an_amount_that_cannot_be_paid_is_refused_before_the_review(
    page: PaymentsState, form: dict[str, str], kind: type[UserError], field: str, amount: str
):
    await reviewed(page, **form)
    assert shows_refusal(page, kind, field) and amount in page.message
    assert not page.reviewing
    assert not page.busy


async def test_nothing_is_paid_without_a_review(page: PaymentsState):
    await happens(page.pay, form={"payment": new_id("pay"), "source": VISA})
    assert payments() == []
    assert page.message


async def test_an_invoice_issued_after_the_review_is_not_paid(page: PaymentsState):
    """What was shown is what is paid, though an older invoice has come since."""
    await reviewed(page, how="part", amount="40")
    late = add_invoice(RIVERA, (people.TIM, "Old visit", 40_00), number="INV-1", due=date(2026, 1, 1))
    await happens(page.pay, **confirm(page))
    assert view_invoice(People.maria, late).due == Money(40_00)


async def test_the_same_amount_within_ten_minutes_gets_a_duplicate_warning(page: PaymentsState):
    await reviewed(page, how="part", amount="20")
    await happens(page.pay, **confirm(page))
    again = await opened()
    await reviewed(again, how="part", amount="20")
    await happens(again.pay, **confirm(again))
    assert "Pay again?" in again.duplicate_warning
    assert len(payments()) == 1
    await happens(again.confirm_duplicate)
    assert len(payments()) == 2


async def test_a_guarantor_of_two_accounts_pays_the_chosen_one(
    page: PaymentsState, processor: FakeProcessor, sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    second = add_account(people.MARIA)
    braces = add_invoice(second, (people.MARIA, "Orthodontics", 90_00))
    look_from(monkeypatch, answering_for(sample_people.maria, RIVERA, second))
    first = on_screen(PaymentsState, "/payments")
    await happens(first.load)
    assert [chip.on for chip in first.accounts] == [True, False]
    assert "Orthodontics" not in [invoice.title for invoice in first.due]
    other = on_screen(PaymentsState, first.accounts[1].href)
    await happens(other.load)
    assert [invoice.title for invoice in other.due] == ["Orthodontics"]
    await reviewed(other)
    await happens(other.load_card_form)
    await happens(other.pay, form={"payment": other.payment, "source": "new"})
    await happens(other.pay_with_card, token=processor.token())
    assert other.message == ""
    assert view_invoice(answering_for(sample_people.maria, second), braces).paid == Money(90_00)


async def test_two_clicks_pay_once(page: PaymentsState):
    await reviewed(page, how="part", amount="20")
    form = confirm(page)
    await happens(page.pay, **form)
    await happens(page.pay, **form)
    assert len(payments()) == 1


async def test_a_declined_card_says_why_and_the_choice_stays(page: PaymentsState, processor: FakeProcessor):
    await reviewed(page, how="part", amount="100")
    before = page.payment
    processor.answers(Outcome.DECLINED, "expired_card")
    await happens(page.pay, **confirm(page))
    assert page.message.startswith("This card has expired.")
    assert page.reviewing
    assert [row.amount for row in page.parts] == ["$40.00", "$60.00"]
    assert page.payment != before


async def test_all_13_a_payment_in_flight_blocks_another_one(page: PaymentsState, processor: FakeProcessor):
    await reviewed(page, how="part", amount="100")
    processor.answers(Outcome.UNKNOWN)
    await happens(page.pay, **confirm(page))
    assert page.held.startswith("We are checking your last payment of $100.00")
    assert not page.can_pay


async def test_ledg_1_balance_recent_payment_and_what_will_be_owed(
    page: PaymentsState, processor: FakeProcessor
):
    set_practice(post_automatically=False)
    await reviewed(page, how="part", amount="25")
    await happens(page.pay, **confirm(page))
    await happens(page.refresh)
    assert (page.balance, page.figure) == ("$160.00", "$135.00")
    assert page.figure_title == "You will owe"
    assert [(row.what, row.amount) for row in page.posting] == [
        ("Recent payment, June 15, Visa ending in 4242", "−$25.00")
    ]
    assert page.all_words == "All, $135.00"


async def test_a_live_update_leaves_an_open_form_alone(page: PaymentsState):
    await reviewed(page, how="part", amount="100")
    before = page.payment
    add_payment(INVOICE, 20_00)
    await happens(page.refresh)
    assert page.figure == "$140.00"
    assert (page.payment, page.reviewing) == (before, True)


async def test_cred_2_credit_is_shown_and_used_only_on_request(
    page: PaymentsState, sample_people: People, processor: FakeProcessor
):
    pay_into_credit(sample_people, processor, 30_00)
    await happens(page.load)
    assert (page.credit, page.credit_for) == ("$30.00", "Cleaning")
    assert page.message == ""
    await happens(page.use_credit)
    assert page.message == "You used $30.00 of your credit. No card was charged."
    assert page.credit == ""
    assert [row.amount for row in page.due] == ["$10.00", "$120.00"]
    await happens(page.use_credit)
    assert is_text_of(NoCredit, page.notice)


async def test_part_5_a_refund_is_shown_with_its_day_and_how_long_it_takes(
    page: PaymentsState, sample_people: People, processor: FakeProcessor
):
    payment = PaymentId(new_id("pay"))
    pay_invoice(
        sample_people.maria, payment, INVOICE, Money(100_00), processor=processor, payment_method_id=VISA
    )
    refund_payment(sample_people.nora, RefundId(new_id("ref")), payment, Money(40_00), processor=processor)
    await happens(page.load)
    (row,) = page.history
    assert (row.amount, row.status) == ("$100.00", "Partly refunded")
    (back,) = row.refunds
    assert (back.what, back.amount) == ("Refund, June 15", "$40.00")
    assert back.note == "It can take up to 5 business days to reach you."
    with clock.held_at(clock.now().replace(month=7)):
        await happens(page.load)
    assert page.history[0].refunds[0].note == ""


async def test_the_payment_history_is_paginated(page: PaymentsState):
    for _ in range(25):
        add_payment(INVOICE, 1_00)
    await happens(page.load)
    assert (len(page.history), page.page.count, page.page.previous, page.page.next) == (
        20,
        2,
        "",
        "/payments?page=2",
    )
    second = await opened("/payments?page=2")
    assert (len(second.history), second.page.previous, second.page.next) == (5, "/payments?page=1", "")


async def test_src_3_from_a_new_card_what_is_past_due_is_ready_to_pay(page: PaymentsState):
    page = await opened(f"/payments?pay=past_due&source={VISA}")
    assert page.reviewing
    assert [(row.title, row.amount) for row in page.parts] == [("Cleaning", "$40.00")]
    assert [source.first for source in page.payment_methods] == [True]


async def test_online_payments_off_say_how_to_pay(page: PaymentsState):
    set_practice(online_payments=False)
    await happens(page.load)
    assert (page.can_pay, page.why_not) == (False, "offline")
    await reviewed(page, how="part", amount="20")
    await happens(page.pay, **confirm(page))
    assert payments() == []


async def test_in_spanish(sample_people: People, page: PaymentsState, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, sample_people.maria, "es")
    spanish = await opened("/es/payments")
    assert spanish.due[0].status == "Venció el 1 de junio"
    assert spanish.due[0].href.startswith("/es/invoices/inv_")
