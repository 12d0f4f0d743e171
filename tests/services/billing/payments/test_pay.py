"""Paying: PART and ALL cases, two tabs at once, declines."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    InvoiceAlreadyPaid,
    InvoiceHeld,
    PaymentTooLarge,
)
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import (
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.settle import settle
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
    payment,
    payments,
)
from tests.people import INVOICE, RIVERA, VISA, People, add_invoice
from tests.services.billing.billing_helper import try_payment


def test_a_full_payment_pays_the_invoice_is_posted_once_and_gets_a_receipt(
    sample_people: People, processor: FakeProcessor
) -> None:
    outcome = try_payment(sample_people, processor, 120_00)
    assert outcome.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID
    assert balance() == Money(0)
    row = payment(outcome.payment_id)
    assert row.receipt_number is not None
    assert row.receipt_number.startswith("R-26-")
    assert row.receipt_to == "maria@example.com"
    assert row.paid_with == "Visa ending in 4242"
    with pytest.raises(InvoiceAlreadyPaid):
        try_payment(sample_people, processor, 120_00)


def test_part_1_the_oldest_due_is_paid_first(sample_people: People, processor: FakeProcessor) -> None:
    a = add_invoice(RIVERA, (people.MARIA, "A", 120_00), due=date(2026, 3, 1), number="A")
    b = add_invoice(RIVERA, (people.MARIA, "B", 80_00), due=date(2026, 2, 1), number="B")
    pay_account(
        sample_people.maria, new_payment(), Money(100_00), processor=processor, payment_method_id=VISA
    )
    assert (invoice(b).status, invoice(b).due) == (InvoiceStatus.PAID, Money(0))
    assert (invoice(a).status, invoice(a).due) == (InvoiceStatus.PARTLY_PAID, Money(100_00))
    assert invoice(INVOICE).due == Money(120_00)


def test_part_2_a_payer_can_pay_up_to_what_is_left(sample_people: People, processor: FakeProcessor) -> None:
    try_payment(sample_people, processor, 50_00)
    with pytest.raises(PaymentTooLarge) as refusal:
        try_payment(sample_people, processor, 70_01)
    assert refusal.value.values == {"amount": Money(70_00)}
    assert len(payments()) == 1


def test_part_3_paying_in_full_in_two_tabs_at_once_is_one_charge(
    sample_people: People, processor: FakeProcessor
) -> None:
    def tab(_: int) -> str:
        try:
            return try_payment(sample_people, processor, 120_00).status
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


def test_twenty_payments_at_once_are_one_charge(sample_people: People, processor: FakeProcessor) -> None:
    def tab(_: int) -> bool:
        try:
            return try_payment(sample_people, processor, 120_00).status is PaymentStatus.SUCCEEDED
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


def test_all_15_a_payment_of_one_adult_touches_only_their_invoices(
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


def test_a_decline_frees_the_invoice_and_keeps_its_code(
    sample_people: People, processor: FakeProcessor
) -> None:
    token = processor.token("pm_card_visa_chargeDeclinedInsufficientFunds")
    outcome = try_payment(sample_people, processor, 50_00, token=token)
    assert (outcome.status, outcome.decline_code) == (PaymentStatus.FAILED, "insufficient_funds")
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(120_00)
    assert try_payment(sample_people, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_a_bank_debit_on_its_way_only_lowers_what_is_payable(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.PROCESSING)
    first = try_payment(sample_people, processor, 50_00)
    assert (first.status, first.accepted_by_processor) == (PaymentStatus.PROCESSING, True)
    view = view_invoice(sample_people.maria, INVOICE)
    assert (view.payability.payable, view.payability.held) == (Money(70_00), None)
    assert try_payment(sample_people, processor, 70_00).status is PaymentStatus.SUCCEEDED


def test_paying_needs_its_permission(sample_people: People, processor: FakeProcessor) -> None:
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
