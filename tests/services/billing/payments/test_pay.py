"""Paying, on both databases: PART and ALL cases, holds, declines, two tabs and lost answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    DuplicatePaymentWarning,
    InvoiceAlreadyPaid,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import InvalidAmount, Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import PaymentIdReused
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.payments.pay import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.views import PaymentOutcome as Paid
from tests import people
from tests.payments_helper import (
    balance,
    books_agree,
    fake_processor,
    invoice,
    new_payment,
    payment,
    payments,
    set_practice,
    tasks,
)
from tests.people import INVOICE, RIVERA, VISA, People, add_invoice


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    books_agree()


def pay(
    sample_people: People, processor: FakeProcessor, minor: int, id_: PaymentId | None = None, **more
) -> Paid:
    more = {"payment_method_id": VISA} | more if "token" not in more else more
    return pay_invoice(
        sample_people.maria, id_ or new_payment(), INVOICE, Money(minor), processor=processor, **more
    )


def test_a_full_payment_pays_the_invoice_posts_once_and_says_so(
    sample_people: People, processor: FakeProcessor
) -> None:
    outcome = pay(sample_people, processor, 120_00)
    assert outcome.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID
    assert balance() == Money(0)
    row = payment(outcome.payment_id)
    assert row.receipt_number is not None
    assert row.receipt_number.startswith("R-26-")
    assert row.receipt_to == "maria@example.com"
    assert row.paid_with == "Visa ending in 4242"
    with pytest.raises(InvoiceAlreadyPaid):
        pay(sample_people, processor, 120_00)


def test_part_1_the_oldest_due_is_paid_first(sample_people: People, processor: FakeProcessor) -> None:
    a = add_invoice(RIVERA, (people.MARIA, "A", 120_00), due=date(2026, 3, 1), number="A")
    b = add_invoice(RIVERA, (people.MARIA, "B", 80_00), due=date(2026, 2, 1), number="B")
    pay_account(
        sample_people.maria, new_payment(), Money(100_00), processor=processor, payment_method_id=VISA
    )
    assert (invoice(b).status, invoice(b).due) == (InvoiceStatus.PAID, Money(0))
    assert (invoice(a).status, invoice(a).due) == (InvoiceStatus.PARTLY_PAID, Money(100_00))
    assert invoice(INVOICE).due == Money(120_00)


def test_part_2_one_can_pay_up_to_what_is_left(sample_people: People, processor: FakeProcessor) -> None:
    pay(sample_people, processor, 50_00)
    with pytest.raises(PaymentTooLarge) as refusal:
        pay(sample_people, processor, 70_01)
    assert refusal.value.values == {"amount": Money(70_00)}
    assert len(payments()) == 1


def test_part_3_in_full_in_two_tabs_at_once_is_one_charge(
    sample_people: People, processor: FakeProcessor
) -> None:
    def tab(_: int) -> str:
        try:
            return pay(sample_people, processor, 120_00).status
        except UserError as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(tab, range(2)))
    assert answers.count("succeeded") == 1
    assert processor.attempts == 1
    assert set(answers) - {"succeeded"} <= {
        InvoiceAlreadyPaid.code,
        InvoiceHeld.code,
    }


def test_twenty_at_once_are_one_charge(sample_people: People, processor: FakeProcessor) -> None:
    def tab(_: int) -> bool:
        try:
            return pay(sample_people, processor, 120_00).status is PaymentStatus.SUCCEEDED
        except UserError:
            return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(tab, range(20))) == 1
    assert processor.attempts == 1
    assert len(payments()) == 1


def test_part_4_thirty_cents_cannot_be_paid_online(sample_people: People, processor: FakeProcessor) -> None:
    tiny = add_invoice(RIVERA, (people.MARIA, "Rest", 30))
    assert view_invoice(sample_people.maria, tiny).payability.why_not is WhyNot.TOO_SMALL
    with pytest.raises(BelowProcessorMinimum):
        pay_invoice(
            sample_people.maria, new_payment(), tiny, Money(30), processor=processor, payment_method_id=VISA
        )


def test_all_7_the_rest_goes_to_the_next_invoice_in_order(
    sample_people: People, processor: FakeProcessor
) -> None:
    day = clock.today()
    own, child, last = (
        add_invoice(RIVERA, (who, "Visit", minor), issued=day - timedelta(days=ago), due=day)
        for who, minor, ago in ((people.MARIA, 60_00, 3), (people.EVA, 40_00, 2), (people.MARIA, 50_00, 1))
    )
    chosen = [own, child, last]
    outcome = pay_account(
        sample_people.maria,
        new_payment(),
        Money(70_00),
        processor=processor,
        payment_method_id=VISA,
        invoice_ids=chosen,
    )
    assert [invoice(i).allocated for i in chosen] == [Money(60_00), Money(10_00), Money(0)]
    receipt = view_receipt(sample_people.maria, outcome.payment_id)
    assert [(part.people, part.amount) for part in receipt.parts] == [
        (("Maria",), Money(60_00)),
        (("Eva",), Money(10_00)),
    ]


def test_all_2_three_invoices_are_paid_in_order(sample_people: People, processor: FakeProcessor) -> None:
    day = clock.today()
    invoices = [
        add_invoice(RIVERA, (who, "Visit", minor), issued=day - timedelta(days=ago), due=day)
        for who, minor, ago in ((people.MARIA, 60_00, 3), (people.EVA, 40_00, 2), (people.MARIA, 50_00, 1))
    ]
    shown = preview_account(sample_people.maria, Money(150_00), invoice_ids=invoices)
    assert [part for _, _, part in shown] == [Money(60_00), Money(40_00), Money(50_00)]


@pytest.mark.parametrize(
    ("owed", "offered", "error"),
    [
        (15_00, 10_00, PaymentTooSmall),
        (15_00, 15_00, None),
        (100_00, 10_00, PaymentTooSmall),
        (100_00, 20_00, None),
        (100_00, 100_01, PaymentTooLarge),
    ],
)
def test_all_10_the_practices_minimum(
    sample_people: People, processor: FakeProcessor, owed: int, offered: int, error: type[UserError] | None
) -> None:
    set_practice(minimum_payment=Money(20_00))
    invoice = add_invoice(RIVERA, (people.MARIA, "Visit", owed))

    def try_it() -> Paid:
        return pay_invoice(
            sample_people.maria,
            new_payment(),
            invoice,
            Money(offered),
            processor=processor,
            payment_method_id=VISA,
        )

    if error is None:
        assert try_it().status is PaymentStatus.SUCCEEDED
        return
    with pytest.raises(error):
        try_it()


@pytest.mark.parametrize("minor", [-5_00, 0, 10**14])
def test_all_11_senseless_amounts_are_refused(
    sample_people: People, processor: FakeProcessor, minor: int
) -> None:
    with pytest.raises((PaymentTooLarge, PaymentTooSmall)):
        pay(sample_people, processor, minor)
    with pytest.raises(InvalidAmount):
        pay_invoice(
            sample_people.maria,
            new_payment(),
            INVOICE,
            Money(50_00, "EUR"),
            processor=processor,
            payment_method_id=VISA,
        )
    assert payments() == []


def test_all_12_one_attempt_sent_many_times_is_one_payment(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_, token = new_payment(), processor.token()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pay(sample_people, processor, 80_00, id_, token=token), range(8)))
    again = pay(sample_people, processor, 80_00, id_, token=token)
    assert again.status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 1
    assert len(payments()) == 1
    assert balance() == Money(40_00)


def test_all_12_the_same_id_with_another_amount_or_invoice_is_refused(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = new_payment()
    pay(sample_people, processor, 80_00, id_)
    other = add_invoice(RIVERA, (people.MARIA, "Visit", 80_00))
    with pytest.raises(PaymentIdReused):
        pay(sample_people, processor, 20_00, id_)
    with pytest.raises(PaymentIdReused):
        pay_invoice(
            sample_people.maria, id_, other, Money(80_00), processor=processor, payment_method_id=VISA
        )
    assert processor.attempts == 1


def test_all_12_somebody_elses_payment_id_opens_nothing(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = pay(sample_people, processor, 80_00).payment_id
    token = processor.token()
    with pytest.raises(NotFound):
        pay_invoice(
            sample_people.kim, id_, people.KIM_INVOICE, Money(80_00), processor=processor, token=token
        )


def test_all_13_an_unknown_outcome_holds_the_invoice(sample_people: People, processor: FakeProcessor) -> None:
    processor.no_answer(Outcome.SUCCEEDED)
    first = pay(sample_people, processor, 50_00)
    assert (first.status, first.accepted_by_processor) == (PaymentStatus.PROCESSING, False)
    with pytest.raises(InvoiceHeld) as held:
        pay(sample_people, processor, 20_00)
    assert held.value.payment_id == first.payment_id
    assert not held.value.can_continue
    view = view_invoice(sample_people.maria, INVOICE)
    assert view.payability.held is not None
    assert (view.payability.payable, view.payability.held.accepted_by_processor) == (Money(70_00), False)
    assert confirm_payment(sample_people.maria, first.payment_id, processor=processor).status == "succeeded"
    assert pay(sample_people, processor, 20_00).status is PaymentStatus.SUCCEEDED


def test_all_14_what_is_no_open_invoice_takes_no_money(
    sample_people: People, processor: FakeProcessor
) -> None:
    for status, wanted in (
        (InvoiceStatus.DRAFT, NotFound),
        (InvoiceStatus.VOID, UserError),
        (InvoiceStatus.WRITTEN_OFF, UserError),
    ):
        invoice = add_invoice(people.LUIS_S, (people.LUIS, "Visit", 80_00), status=status)
        token = processor.token()
        with pytest.raises(wanted):
            pay_invoice(
                sample_people.luis, new_payment(), invoice, Money(80_00), processor=processor, token=token
            )
    assert payments() == []


def test_all_15_a_pays_and_only_as_invoices_are_touched(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay_account(
        sample_people.maria, new_payment(), Money(120_00), processor=processor, payment_method_id=VISA
    )
    assert invoice(people.LUIS_INVOICE).allocated == Money(0)
    with pytest.raises(NotFound):
        pay_invoice(
            sample_people.maria,
            new_payment(),
            people.LUIS_INVOICE,
            Money(60_00),
            processor=processor,
            payment_method_id=VISA,
        )
    with pytest.raises(NotFound):
        pay_account(
            sample_people.maria,
            new_payment(),
            Money(60_00),
            processor=processor,
            payment_method_id=VISA,
            account_id=people.LUIS_S,
        )
    with pytest.raises(NotFound):  # another's card
        pay_invoice(
            sample_people.luis,
            new_payment(),
            people.LUIS_INVOICE,
            Money(60_00),
            processor=processor,
            payment_method_id=PaymentMethodId(VISA),
        )


def test_the_same_amount_within_ten_minutes_asks_first(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay(sample_people, processor, 50_00)
    with pytest.raises(DuplicatePaymentWarning):
        pay(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=7)), pytest.raises(DuplicatePaymentWarning) as asked:
        pay(sample_people, processor, 50_00)
    assert asked.value.values == {"amount": Money(50_00), "minutes": 7}
    assert pay(sample_people, processor, 50_00, duplicate_confirmed=True).status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 2


def test_ten_minutes_later_nobody_asks(sample_people: People, processor: FakeProcessor) -> None:
    pay(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        assert pay(sample_people, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_a_decline_frees_the_invoice_and_keeps_its_code(
    sample_people: People, processor: FakeProcessor
) -> None:
    token = processor.token("pm_card_visa_chargeDeclinedInsufficientFunds")
    outcome = pay(sample_people, processor, 50_00, token=token)
    assert (outcome.status, outcome.decline_code) == (PaymentStatus.FAILED, "insufficient_funds")
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(120_00)
    assert pay(sample_people, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_the_bank_asks_and_the_payer_confirms(sample_people: People, processor: FakeProcessor) -> None:
    token = processor.token("pm_card_authenticationRequired")
    asked = pay(sample_people, processor, 120_00, token=token)
    assert asked.status is PaymentStatus.REQUIRES_ACTION
    assert asked.client_secret
    with pytest.raises(InvoiceHeld) as held:
        pay(sample_people, processor, 20_00)
    assert held.value.can_continue
    # The browser says it is done; the processor does not.
    still = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert still.status is PaymentStatus.REQUIRES_ACTION
    assert still.client_secret
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    done = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert done.status is PaymentStatus.SUCCEEDED


def test_cancelled_at_the_processor_before_it_is_released(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = pay(sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    gone = cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert gone.status is PaymentStatus.CANCELLED
    intent = payment(asked.payment_id).processor_intent_id or ""
    assert processor.look_up(intent).outcome is Outcome.CANCELLED
    assert pay(sample_people, processor, 120_00).status is PaymentStatus.SUCCEEDED


def test_cancelled_too_late_is_paid(sample_people: People, processor: FakeProcessor) -> None:
    asked = pay(sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    late = cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert late.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID


def test_a_refused_confirmation_is_closed_at_the_processor_too(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = pay(sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired"))
    intent = payment(asked.payment_id).processor_intent_id or ""
    processor.finish(intent, Outcome.DECLINED, "payment_intent_authentication_failure")
    outcome = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert outcome.status is PaymentStatus.FAILED
    assert processor.look_up(intent).outcome is Outcome.CANCELLED


def test_a_bank_debit_on_its_way_only_lowers_what_is_payable(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.PROCESSING)
    first = pay(sample_people, processor, 50_00)
    assert (first.status, first.accepted_by_processor) == (PaymentStatus.PROCESSING, True)
    view = view_invoice(sample_people.maria, INVOICE)
    assert (view.payability.payable, view.payability.held) == (Money(70_00), None)
    assert pay(sample_people, processor, 70_00).status is PaymentStatus.SUCCEEDED


def test_money_for_an_invoice_voided_meanwhile_becomes_credit_and_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = pay(sample_people, processor, 100_00, token=processor.token("pm_card_authenticationRequired"))
    cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    pay(sample_people, processor, 120_00)
    intent = payment(asked.payment_id).processor_intent_id or ""
    charge = processor.finish(intent)  # an old tab paid it all the same
    settle(people.system_principal("test"), asked.payment_id, charge)
    assert payment(asked.payment_id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(-100_00)
    assert tasks() == ["became_credit", "paid_late"]


def test_a_new_card_may_be_saved_and_used_again(sample_people: People, processor: FakeProcessor) -> None:
    pay(sample_people, processor, 50_00, token=processor.token("pm_card_mastercard"), save=True)
    sources = view_invoice(sample_people.maria, INVOICE).payment_methods
    assert [s.shown for s in sources] == ["Visa ending in 4242", "Mastercard ending in 4444"]
    assert (
        pay(sample_people, processor, 20_00, payment_method_id=sources[1].id).status
        is PaymentStatus.SUCCEEDED
    )


def test_online_payments_off_hides_and_refuses(sample_people: People, processor: FakeProcessor) -> None:
    set_practice(online_payments=False)
    assert not list_invoices(sample_people.maria).online_payments
    view = view_invoice(sample_people.maria, INVOICE)
    assert (view.payability.why_not, view.payment_methods) == (WhyNot.OFFLINE, ())
    with pytest.raises(OnlinePaymentsOff):
        pay(sample_people, processor, 50_00)


def test_not_posting_automatically_leaves_the_balance(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    outcome = pay(sample_people, processor, 50_00)
    assert balance() == Money(120_00)
    assert not payment(outcome.payment_id).posted
    assert invoice(INVOICE).due == Money(70_00)


def test_only_who_may_pay_pays(sample_people: People, processor: FakeProcessor) -> None:
    with pytest.raises(PermissionDenied):
        pay_invoice(
            sample_people.nora,
            new_payment(),
            INVOICE,
            Money(50_00),
            processor=processor,
            payment_method_id=VISA,
        )
    with pytest.raises(PermissionDenied):
        settle(sample_people.maria, PaymentId(new_id("pay")), processor.look_up(""))
