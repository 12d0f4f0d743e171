"""Refunds: REF cases, chosen invoices, failures days later, refunds made at the processor."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.errors import NothingToRefund, RefundTooLarge
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus, RefundStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import RefundIdReused
from portal_app.services.billing.invoices.issue import write_off
from portal_app.services.billing.payments.pay import pay_account
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from portal_app.services.billing.staff.record_payment import post_payments
from portal_app.services.staff.tasks import finish_task, list_tasks
from tests import people
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
    payment,
    set_practice,
    tasks,
)
from tests.people import INVOICE, VISA, People
from tests.services.billing.billing_helper import PORTAL, event, paid, pay, reconciled, refund


def test_ref_1_no_more_than_was_paid_is_refunded(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    with pytest.raises(RefundTooLarge) as refusal:
        refund(sample_people, processor, row, 100_01)
    assert refusal.value.values == {"amount": Money(100_00)}
    assert refund(sample_people, processor, row, 30_00).status is RefundStatus.SUCCEEDED
    assert payment(row.id).status is PaymentStatus.PARTLY_REFUNDED
    with pytest.raises(RefundTooLarge):
        refund(sample_people, processor, row, 70_01)
    assert refund(sample_people, processor, row, 70_00).status is RefundStatus.SUCCEEDED
    assert payment(row.id).status is PaymentStatus.REFUNDED
    assert (invoice(INVOICE).due, balance()) == (Money(120_00), Money(120_00))


def test_ref_2_an_unpaid_invoice_has_nothing_to_refund(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 100_00, "pm_card_visa_chargeDeclined")
    with pytest.raises(NothingToRefund):
        refund(sample_people, processor, row, 10_00)


@pytest.mark.parametrize(("void", "due"), [(False, 120_00), (True, 0)])
def test_ref_3_refunding_makes_it_due_again_and_voiding_the_charge_does_not(
    sample_people: People, processor: FakeProcessor, void: bool, due: int
) -> None:
    row = pay(sample_people, processor, 120_00)
    refund(sample_people, processor, row, 120_00, void_charge=void)
    assert invoice(INVOICE).due == Money(due)
    assert balance() == Money(due)
    assert invoice(INVOICE).status is (InvoiceStatus.VOID if void else InvoiceStatus.OPEN)


@pytest.mark.parametrize(("void", "due"), [(False, 40_00), (True, 0)])
def test_part_5_a_part_of_a_payment_is_refunded(
    sample_people: People, processor: FakeProcessor, void: bool, due: int
) -> None:
    row = pay(sample_people, processor, 120_00)
    refund(sample_people, processor, row, 40_00, void_charge=void)
    assert payment(row.id).status is PaymentStatus.PARTLY_REFUNDED
    assert (invoice(INVOICE).due, balance()) == (Money(due), Money(due))


def test_ref_7_a_refund_pressed_twice_is_one_refund(sample_people: People, processor: FakeProcessor) -> None:
    row, id_ = pay(sample_people, processor, 100_00), RefundId(new_id("ref"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: refund(sample_people, processor, row, 30_00, id_=id_), range(4)))
    assert payment(row.id).refunded == Money(30_00)
    with pytest.raises(RefundIdReused):
        refund(sample_people, processor, row, 20_00, id_=id_)


def test_a_refund_that_fails_later_is_reversed(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    refund(sample_people, processor, row, 100_00)
    assert invoice(INVOICE).due == Money(120_00)
    facts = next(processor.refunds_since(clock.real_now() - timedelta(days=1)))
    processor.finish_refund(facts.refund_id, Outcome.DECLINED)
    assert reconciled(processor) == ["refund_failed"]
    assert (invoice(INVOICE).due, balance()) == (Money(20_00), Money(20_00))
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert tasks() == ["refund_failed"]


def test_a_refund_whose_answer_is_lost_is_found(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    processor.refund_answers(Outcome.UNKNOWN)
    assert refund(sample_people, processor, row, 100_00).status is RefundStatus.PROCESSING
    with pytest.raises(NothingToRefund):  # what is being refunded cannot be refunded again
        refund(sample_people, processor, row, 1_00)
    assert reconciled(processor) == ["refund_open"]
    assert balance() == Money(120_00)


def test_a_refund_made_at_the_processor_is_booked_and_is_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 100_00)
    made = processor.refund(row.processor_intent_id or "", Money(25_00), key=RefundId("dashboard"))
    processor._refunds[made.refund_id] = (
        replace(made, our_id=None),
        processor._refunds[made.refund_id][1],
    )
    told = event("charge.refunded", "charge", "ch_1", row.processor_intent_id or "")
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.SETTLED
    assert payment(row.id).refunded == Money(25_00)
    assert tasks() == ["refund_unknown"]
    assert reconciled(processor) == []


def test_a_refund_is_posted_once_its_payment_is(sample_people: People, processor: FakeProcessor) -> None:
    set_practice(post_automatically=False)
    row = pay(sample_people, processor, 100_00)
    refund(sample_people, processor, row, 40_00)
    assert balance() == Money(120_00)
    assert post_payments(sample_people.nora, [row.id]) == 1
    assert post_payments(sample_people.nora, [row.id]) == 0
    assert balance() == Money(60_00)


def test_refunds_need_their_permission(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    with pytest.raises(PermissionDenied):
        refund_payment(sample_people.dana, RefundId(new_id("ref")), row.id, Money(1_00), processor=processor)


def test_a_written_off_invoice_whose_payment_is_refunded_is_due_again_and_can_be_closed_again(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    write_off(sample_people.nora, INVOICE)
    assert invoice(INVOICE).status is InvoiceStatus.WRITTEN_OFF
    refund(sample_people, processor, row, 50_00)
    assert (invoice(INVOICE).status, invoice(INVOICE).due) == (InvoiceStatus.OPEN, Money(50_00))
    write_off(sample_people.nora, INVOICE)
    assert (invoice(INVOICE).status, balance()) == (InvoiceStatus.WRITTEN_OFF, Money(0))


def test_a_refund_is_booked_even_if_its_chosen_invoices_hold_less_by_then(
    sample_people: People, processor: FakeProcessor
) -> None:
    other = people.add_invoice(people.RIVERA, (people.EVA, "X-ray", 50_00))
    outcome = pay_account(
        sample_people.maria, new_payment(), Money(170_00), processor=processor, payment_method_id=VISA
    )
    row = payment(outcome.payment_id)
    processor.refund_answers(Outcome.PROCESSING)
    refund(sample_people, processor, row, 50_00, invoice_ids=[other])
    refund(sample_people, processor, row, 50_00, invoice_ids=[other])  # settles before the first one does
    slow = next(iter(processor._refunds))
    processor.finish_refund(slow, Outcome.SUCCEEDED)
    assert reconciled(processor) == ["refund_open"]
    assert (invoice(other).due, invoice(INVOICE).due) == (Money(50_00), Money(50_00))


def test_a_refund_that_fails_days_later_is_a_task(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 100_00)
    id_ = RefundId(new_id("ref"))
    refund_payment(sample_people.nora, id_, row, Money(40_00), processor=processor)
    settle_refund(PORTAL, id_, RefundFacts(Outcome.DECLINED))
    (task,) = list_tasks(sample_people.nora).rows
    assert (task.kind, task.values["amount"], task.who) == ("refund_failed", Money(40_00), "Maria Rivera")
    assert finish_task(sample_people.nora, task.id) is True
    assert finish_task(sample_people.nora, task.id) is False
    assert list_tasks(sample_people.nora).rows == ()
    with reading(PORTAL) as tx:
        assert tx.exec(select(Task.done_by)).one() == sample_people.nora.name
