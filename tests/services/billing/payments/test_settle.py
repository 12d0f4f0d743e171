"""Settling: an answer of the processor is booked once, whatever its amount and time."""

from dataclasses import replace

from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import cancel_payment
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.settle import settle
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    payment,
    payments,
    set_practice,
    tasks,
)
from tests.people import INVOICE, People
from tests.services.billing.billing_helper import PORTAL, lost, pay, reconciled, try_payment


def test_more_than_requested_becomes_credit(sample_people: People, processor: FakeProcessor) -> None:
    row, intent = lost(sample_people, processor, 50_00)
    processor._intents[intent].charge = replace(processor.look_up(intent), received=Money(60_00))
    assert reconciled(processor) == ["amount_differs"]
    assert invoice(INVOICE).due == Money(70_00)
    assert view_receipt(sample_people.maria, row.id).credit == Money(10_00)
    assert tasks() == ["amount_differs", "became_credit"]


def test_a_bank_debit_that_fails_days_later_frees_the_invoice(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.PROCESSING)
    row = pay(sample_people, processor, 50_00)
    processor.finish(row.processor_intent_id or "", Outcome.DECLINED, "insufficient_funds")
    assert reconciled(processor, minutes=60 * 24 * 5) == ["open_attempt"]
    assert payment(row.id).status is PaymentStatus.FAILED


def test_one_charge_is_one_payment_row(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    other = Charge(Outcome.SUCCEEDED, "pi_second", payment_id=row.id, received=Money(50_00))
    settle(PORTAL, row.id, other)
    assert tasks() == ["charged_twice"]
    assert balance() == Money(70_00)
    assert len(payments()) == 1
    with transaction(PORTAL) as tx:
        assert tx.get_or_404(Payment, row.id).processor_intent_id == row.processor_intent_id


def test_a_payment_of_an_invoice_voided_meanwhile_becomes_credit_and_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = try_payment(
        sample_people, processor, 100_00, token=processor.token("pm_card_authenticationRequired")
    )
    cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    try_payment(sample_people, processor, 120_00)
    intent = payment(asked.payment_id).processor_intent_id or ""
    charge = processor.finish(intent)  # an old tab paid it all the same
    settle(people.system_principal("test"), asked.payment_id, charge)
    assert payment(asked.payment_id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(-100_00)
    assert tasks() == ["became_credit", "paid_late"]


def test_without_automatic_posting_the_balance_stays(sample_people: People, processor: FakeProcessor) -> None:
    set_practice(post_automatically=False)
    outcome = try_payment(sample_people, processor, 50_00)
    assert balance() == Money(120_00)
    assert not payment(outcome.payment_id).posted
    assert invoice(INVOICE).due == Money(70_00)


def test_a_new_card_may_be_saved_and_used_again(sample_people: People, processor: FakeProcessor) -> None:
    try_payment(sample_people, processor, 50_00, token=processor.token("pm_card_mastercard"), save=True)
    sources = view_invoice(sample_people.maria, INVOICE).payment_methods
    assert [s.shown for s in sources] == ["Visa ending in 4242", "Mastercard ending in 4444"]
    assert (
        try_payment(sample_people, processor, 20_00, payment_method_id=sources[1].id).status
        is PaymentStatus.SUCCEEDED
    )
