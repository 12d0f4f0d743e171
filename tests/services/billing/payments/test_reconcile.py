"""Reconciliation: what differs between the processor and the portal is found, corrected and told once."""

from dataclasses import replace

import pytest

from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.ids import RefundId
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.practice_system_fake import FakePracticeSystem
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.jobs.base import JobGateways, JobRun
from portal_app.services.jobs.payments import reconcile_payments
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
    payment,
    tasks,
)
from tests.people import INVOICE, VISA, People
from tests.services.billing.billing_helper import PORTAL, lost, pay, reconciled, refund


def test_reconcile_finds_what_was_charged_and_not_posted(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, _ = lost(sample_people, processor)
    assert reconciled(processor) == ["charged_not_posted"]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_reconcile_cancels_a_payment_that_never_reached_the_processor(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.no_answer()
    row = pay(sample_people, processor, 50_00)
    assert reconciled(processor) == []
    assert payment(row.id).status is PaymentStatus.PROCESSING
    assert reconciled(processor, minutes=60 * 26) == ["open_attempt"]
    assert payment(row.id).status is PaymentStatus.CANCELLED
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(120_00)


def test_reconcile_reverses_what_was_posted_and_never_charged(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    processor.finish(row.processor_intent_id or "", Outcome.CANCELLED)
    assert reconciled(processor) == ["posted_not_charged"]
    assert balance() == Money(120_00)
    assert invoice(INVOICE).status is InvoiceStatus.OPEN
    assert tasks() == ["posted_not_charged"]


def test_an_intent_that_the_processor_does_not_know_is_only_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    assert reconciled(FakeProcessor()) == ["posted_not_charged"]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_another_amount_than_requested_is_booked_as_received_and_is_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, intent = lost(sample_people, processor, 50_00)
    charge = processor.look_up(intent)
    processor._intents[intent].charge = replace(charge, received=Money(45_00))
    assert reconciled(processor) == ["amount_differs"]
    assert payment(row.id).amount == Money(45_00)
    assert balance() == Money(75_00)
    assert tasks() == ["amount_differs"]


@pytest.mark.parametrize(("received", "due", "credit"), [(45_00, 75_00, 0), (60_00, 70_00, 10_00)])
def test_a_booked_amount_is_corrected_to_the_received_one(
    sample_people: People, processor: FakeProcessor, received: int, due: int, credit: int
) -> None:
    row = pay(sample_people, processor, 50_00)
    intent = row.processor_intent_id or ""
    processor._intents[intent].charge = replace(processor.look_up(intent), received=Money(received))
    assert reconciled(processor) == ["amount_differs"]
    assert (payment(row.id).amount, invoice(INVOICE).due) == (Money(received), Money(due))
    assert view_account(sample_people.maria).credit == Money(credit)
    assert balance() == Money(120_00 - received)
    assert tasks() == ["amount_differs"]


def test_a_payment_refunded_beyond_its_received_amount_is_only_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    refund(sample_people, processor, row, 50_00)
    intent = row.processor_intent_id or ""
    processor._intents[intent].charge = replace(processor.look_up(intent), received=Money(45_00))
    assert reconciled(processor) == ["amount_differs"]
    assert payment(row.id).amount == Money(50_00)


def test_a_charge_without_a_payment_is_one_task(sample_people: People, processor: FakeProcessor) -> None:
    customer = processor.customer(people.RIVERA, "Maria")
    key = new_payment()
    processor.charge(customer, Money(5_00), key=key, description="", payment_method=f"pm_{VISA}")
    assert reconciled(processor) == ["charge_without_payment"]


def test_a_crash_between_charge_and_ledger_posts_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    class Crash(Exception):
        pass

    class Crashing(FakeProcessor):
        def charge(self, *args, **kwargs):
            processor.charge(*args, **kwargs)
            raise Crash

        customer = processor.customer  # type: ignore[assignment]

    id_ = new_payment()
    with pytest.raises(Crash):
        pay_invoice(
            sample_people.maria, id_, INVOICE, Money(50_00), processor=Crashing(), payment_method_id=VISA
        )
    # The same form once more: the same charge.
    again = pay_invoice(
        sample_people.maria, id_, INVOICE, Money(50_00), processor=processor, payment_method_id=VISA
    )
    assert again.status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 1
    assert reconciled(processor) == []
    assert balance() == Money(70_00)


def test_reconcile_finds_a_refund_made_at_the_processor_whose_event_was_lost(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 100_00)
    made = processor.refund(row.processor_intent_id or "", Money(25_00), key=RefundId("dashboard"))
    processor._refunds[made.refund_id] = (replace(made, our_id=None), processor._refunds[made.refund_id][1])
    assert reconciled(processor) == ["refund_unknown"]
    assert (payment(row.id).refunded, balance()) == (Money(25_00), Money(45_00))
    assert tasks() == ["refund_unknown"]


def test_the_reconciliation_job_settles_a_payment_without_an_answer(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, _ = lost(sample_people, processor)
    run = JobRun(PORTAL, JobGateways(processor, FakeMailer(), FakeTexter(), FakePracticeSystem()))
    assert [reconcile_payments(run).values["repaired"] for _ in range(2)] == [1, 0]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
