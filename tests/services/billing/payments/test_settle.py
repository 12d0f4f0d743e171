"""Webhooks, reconcile and refunds, on both databases: late, doubled, lost, in any order, after a crash."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus, RefundStatus
from portal_app.domain.errors import PermissionDenied, UserError
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Charge, NoAnswer, Outcome, ProcessorEvent
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.practice_system_fake import FakePracticeSystem
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.invoices.issue import write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment, pay_account, pay_invoice
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.payments.webhooks import LATER, handle_webhook
from portal_app.services.billing.staff.record_payment import post_payments
from portal_app.services.jobs.base import JobGateways, JobRun
from portal_app.services.jobs.payments import reconcile_payments
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
from tests.people import INVOICE, VISA, People

PORTAL = system_principal("test")


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    books_agree()


def pay(sample_people: People, processor: FakeProcessor, minor: int, card: str = "") -> Payment:
    more = {"token": processor.token(card)} if card else {"payment_method_id": VISA}
    outcome = pay_invoice(
        sample_people.maria, new_payment(), INVOICE, Money(minor), processor=processor, **more
    )
    return payment(outcome.payment_id)


def event(kind: str, object_kind: str, object_id: str, intent_id: str = "", id_: str = "") -> ProcessorEvent:
    return ProcessorEvent(id_ or f"evt_{secrets.token_hex(12)}", kind, object_kind, object_id, intent_id)


def intent_event(row: Payment, kind: str = "payment_intent.succeeded") -> ProcessorEvent:
    intent = row.processor_intent_id or ""
    return event(kind, "payment_intent", intent, intent)


def lost(sample_people: People, processor: FakeProcessor, minor: int = 50_00) -> tuple[Payment, str]:
    """A charge that was made while its answer was lost."""
    processor.no_answer(Outcome.SUCCEEDED)
    row = pay(sample_people, processor, minor)
    intent = next(c.intent_id for c in processor.charges_since(clock.real_now() - timedelta(days=1)))
    return row, intent


def refund(sample_people: People, processor: FakeProcessor, row: Payment, minor: int, **more):
    id_ = more.pop("id_", RefundId(new_id("ref")))
    return refund_payment(sample_people.nora, id_, row.id, Money(minor), processor=processor, **more)


# --- webhooks ---------------------------------------------------------------------------------
def test_a_webhook_settles_what_got_no_answer_once(sample_people: People, processor: FakeProcessor) -> None:
    row, intent = lost(sample_people, processor)
    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, told, processor=processor) == "settled"
    assert handle_webhook(PORTAL, told, processor=processor) == "seen"
    again = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, again, processor=processor) == "settled"
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_webhook_against_return_posts_once(sample_people: People, processor: FakeProcessor) -> None:
    asked = pay(sample_people, processor, 120_00, "pm_card_authenticationRequired")
    processor.finish(asked.processor_intent_id or "")

    def one(n: int) -> object:
        if n % 2:
            return confirm_payment(sample_people.maria, asked.id, processor=processor)
        return handle_webhook(PORTAL, intent_event(asked), processor=processor)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert balance() == Money(0)
    assert payment(asked.id).status is PaymentStatus.SUCCEEDED


def test_the_same_event_eight_times_at_once(sample_people: People, processor: FakeProcessor) -> None:
    _, intent = lost(sample_people, processor)
    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: handle_webhook(PORTAL, told, processor=processor), range(8)))
    assert set(answers) <= {"settled", "seen"}
    assert balance() == Money(70_00)


def test_an_old_event_never_takes_success_back(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    intent = row.processor_intent_id or ""
    for outcome in (Outcome.DECLINED, Outcome.CANCELLED, Outcome.PROCESSING, Outcome.REQUIRES_ACTION):
        stale = Charge(outcome, intent, payment_id=row.id, decline_code="expired_card")
        assert settle(PORTAL, row.id, stale).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_unknown_kinds_are_kept_and_skipped(sample_people: People, processor: FakeProcessor) -> None:
    told = event("customer.created", "customer", "cus_1")
    assert handle_webhook(PORTAL, told, processor=processor) == "skipped"
    assert handle_webhook(PORTAL, told, processor=processor) == "seen"
    foreign = event("payment_intent.succeeded", "payment_intent", "pi_other", "pi_other")
    assert handle_webhook(PORTAL, foreign, processor=processor) == "not ours"
    assert handle_webhook(PORTAL, event("charge.failed", "charge", "ch_1"), processor=processor) == "not ours"


def test_an_event_that_could_not_be_handled_is_handled_when_it_comes_again(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, intent = lost(sample_people, processor)

    class Down(FakeProcessor):
        def look_up(self, intent_id: str) -> Charge:
            return Charge(Outcome.UNKNOWN)

    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, told, processor=Down()) == LATER
    assert payment(row.id).status is PaymentStatus.PROCESSING
    assert handle_webhook(PORTAL, told, processor=processor) == "settled"
    assert payment(row.id).status is PaymentStatus.SUCCEEDED


def test_a_dispute_is_marked_and_staff_are_told(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    intent = row.processor_intent_id or ""
    processor.dispute(intent)
    told = event("charge.dispute.created", "dispute", "dp_1", intent)
    assert handle_webhook(PORTAL, told, processor=processor) == "settled"
    assert payment(row.id).status is PaymentStatus.DISPUTED
    assert tasks() == ["disputed"]
    with pytest.raises(UserError, match="disputes"):
        refund(sample_people, processor, row, 10_00)


def test_only_the_portals_errands_hear_webhooks(sample_people: People, processor: FakeProcessor) -> None:
    for who in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            handle_webhook(who, event("x", "customer", "cus_1"), processor=processor)
        with pytest.raises(PermissionDenied):
            reconcile(who, processor=processor)


# --- reconcile --------------------------------------------------------------------------------
def reconciled(processor: FakeProcessor, minutes: float = 3) -> list[str]:
    """What a run finds some minutes later; a second run right after finds nothing."""
    with clock.held_at(clock.now() + timedelta(minutes=minutes)):
        found = reconcile(PORTAL, processor=processor)
        assert reconcile(PORTAL, processor=processor) == []
    return [finding.kind for finding in found]


def test_reconcile_finds_what_was_charged_and_not_posted(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, _ = lost(sample_people, processor)
    assert reconciled(processor) == ["charged_not_posted"]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_reconcile_lets_go_of_what_never_reached_the_processor(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.no_answer()
    row = pay(sample_people, processor, 50_00)
    assert reconciled(processor) == []
    assert payment(row.id).status is PaymentStatus.PROCESSING
    assert reconciled(processor, minutes=60 * 26) == ["open_attempt"]
    assert payment(row.id).status is PaymentStatus.CANCELLED
    assert view_invoice(sample_people.maria, INVOICE).payability.payable == Money(120_00)


def test_an_unanswered_attempt_is_given_up_by_the_payer_after_a_while(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.no_answer()
    row = pay(sample_people, processor, 50_00)
    early = cancel_payment(sample_people.maria, row.id, processor=processor)
    assert early.status is PaymentStatus.PROCESSING
    with clock.held_at(clock.now() + timedelta(minutes=15)):
        late = cancel_payment(sample_people.maria, row.id, processor=processor)
    assert late.status is PaymentStatus.CANCELLED


def test_reconcile_takes_out_what_was_posted_and_never_charged(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    processor.finish(row.processor_intent_id or "", Outcome.CANCELLED)
    assert reconciled(processor) == ["posted_not_charged"]
    assert balance() == Money(120_00)
    assert invoice(INVOICE).status is InvoiceStatus.OPEN
    assert tasks() == ["posted_not_charged"]


def test_an_intent_the_processor_does_not_know_only_tells_staff(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 50_00)
    assert reconciled(FakeProcessor()) == ["posted_not_charged"]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_an_amount_that_differs_is_booked_as_received_and_told(
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
def test_what_is_booked_already_is_corrected_to_what_came(
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


def test_more_given_back_than_ever_came_is_only_told(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    refund(sample_people, processor, row, 50_00)
    intent = row.processor_intent_id or ""
    processor._intents[intent].charge = replace(processor.look_up(intent), received=Money(45_00))
    assert reconciled(processor) == ["amount_differs"]
    assert payment(row.id).amount == Money(50_00)


def test_giving_up_while_the_processor_is_silent_lets_nothing_go(
    sample_people: People, processor: FakeProcessor
) -> None:
    """Silence is no proof: it was charged, and paying again would charge twice."""
    row, _ = lost(sample_people, processor)

    class Silent(FakeProcessor):
        def charges_since(self, moment: object):
            raise NoAnswer

    with clock.held_at(clock.now() + timedelta(minutes=30)):
        outcome = cancel_payment(sample_people.maria, row.id, processor=Silent())
        assert outcome.status is PaymentStatus.PROCESSING
        too_late = cancel_payment(sample_people.maria, row.id, processor=processor)
        assert too_late.status is PaymentStatus.SUCCEEDED


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


def test_a_refund_from_chosen_invoices_that_hold_less_by_then_is_booked_all_the_same(
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


def test_more_than_asked_becomes_credit(sample_people: People, processor: FakeProcessor) -> None:
    row, intent = lost(sample_people, processor, 50_00)
    processor._intents[intent].charge = replace(processor.look_up(intent), received=Money(60_00))
    assert reconciled(processor) == ["amount_differs"]
    assert invoice(INVOICE).due == Money(70_00)
    assert view_receipt(sample_people.maria, row.id).credit == Money(10_00)
    assert tasks() == ["amount_differs", "became_credit"]


def test_a_charge_that_belongs_to_no_payment_is_told_once(
    sample_people: People, processor: FakeProcessor
) -> None:
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


def test_a_bank_debit_that_fails_days_later_frees_the_invoice(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.answers(Outcome.PROCESSING)
    row = pay(sample_people, processor, 50_00)
    processor.finish(row.processor_intent_id or "", Outcome.DECLINED, "insufficient_funds")
    assert reconciled(processor, minutes=60 * 24 * 5) == ["open_attempt"]
    assert payment(row.id).status is PaymentStatus.FAILED


# --- refunds ----------------------------------------------------------------------------------
def test_ref_1_no_more_than_was_paid_is_given_back(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    with pytest.raises(UserError) as refusal:
        refund(sample_people, processor, row, 100_01)
    assert refusal.value.values == {"amount": Money(100_00)}
    assert refund(sample_people, processor, row, 30_00).status is RefundStatus.SUCCEEDED
    assert payment(row.id).status is PaymentStatus.PARTLY_REFUNDED
    with pytest.raises(UserError):
        refund(sample_people, processor, row, 70_01)
    assert refund(sample_people, processor, row, 70_00).status is RefundStatus.SUCCEEDED
    assert payment(row.id).status is PaymentStatus.REFUNDED
    assert (invoice(INVOICE).due, balance()) == (Money(120_00), Money(120_00))


def test_ref_2_nothing_paid_is_nothing_to_refund(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00, "pm_card_visa_chargeDeclined")
    with pytest.raises(UserError, match="void the bill or write it off"):
        refund(sample_people, processor, row, 10_00)


@pytest.mark.parametrize(("void", "due"), [(False, 120_00), (True, 0)])
def test_ref_3_two_different_buttons(
    sample_people: People, processor: FakeProcessor, void: bool, due: int
) -> None:
    row = pay(sample_people, processor, 120_00)
    refund(sample_people, processor, row, 120_00, void_charge=void)
    assert invoice(INVOICE).due == Money(due)
    assert balance() == Money(due)
    assert invoice(INVOICE).status is (InvoiceStatus.VOID if void else InvoiceStatus.OPEN)


@pytest.mark.parametrize(("void", "due"), [(False, 40_00), (True, 0)])
def test_part_5_a_part_is_refunded(
    sample_people: People, processor: FakeProcessor, void: bool, due: int
) -> None:
    row = pay(sample_people, processor, 120_00)
    refund(sample_people, processor, row, 40_00, void_charge=void)
    assert payment(row.id).status is PaymentStatus.PARTLY_REFUNDED
    assert (invoice(INVOICE).due, balance()) == (Money(due), Money(due))


def test_ref_7_pressed_twice_is_one_refund(sample_people: People, processor: FakeProcessor) -> None:
    row, id_ = pay(sample_people, processor, 100_00), RefundId(new_id("ref"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: refund(sample_people, processor, row, 30_00, id_=id_), range(4)))
    assert payment(row.id).refunded == Money(30_00)
    with pytest.raises(UserError, match="another amount"):
        refund(sample_people, processor, row, 20_00, id_=id_)


def test_a_refund_that_fails_later_is_booked_back(sample_people: People, processor: FakeProcessor) -> None:
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
    with pytest.raises(UserError):  # what is asked for cannot be asked for again
        refund(sample_people, processor, row, 1_00)
    assert reconciled(processor) == ["refund_open"]
    assert balance() == Money(120_00)


def test_a_refund_made_at_the_processor_is_booked_and_told(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 100_00)
    made = processor.refund(row.processor_intent_id or "", Money(25_00), key=RefundId("dashboard"))
    processor._refunds[made.refund_id] = (
        replace(made, our_id=None),
        processor._refunds[made.refund_id][1],
    )
    told = event("charge.refunded", "charge", "ch_1", row.processor_intent_id or "")
    assert handle_webhook(PORTAL, told, processor=processor) == "settled"
    assert payment(row.id).refunded == Money(25_00)
    assert tasks() == ["refund_unknown"]
    assert reconciled(processor) == []


def test_reconcile_finds_a_refund_made_at_the_processor_whose_event_was_lost(
    sample_people: People, processor: FakeProcessor
) -> None:
    row = pay(sample_people, processor, 100_00)
    made = processor.refund(row.processor_intent_id or "", Money(25_00), key=RefundId("dashboard"))
    processor._refunds[made.refund_id] = (replace(made, our_id=None), processor._refunds[made.refund_id][1])
    assert reconciled(processor) == ["refund_unknown"]
    assert (payment(row.id).refunded, balance()) == (Money(25_00), Money(45_00))
    assert tasks() == ["refund_unknown"]


def test_a_refund_follows_its_payments_posting(sample_people: People, processor: FakeProcessor) -> None:
    set_practice(post_automatically=False)
    row = pay(sample_people, processor, 100_00)
    refund(sample_people, processor, row, 40_00)
    assert balance() == Money(120_00)
    assert post_payments(sample_people.nora, [row.id]) == 1
    assert post_payments(sample_people.nora, [row.id]) == 0
    assert balance() == Money(60_00)


def test_refunding_takes_permission(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 100_00)
    with pytest.raises(PermissionDenied):
        refund_payment(sample_people.dana, RefundId(new_id("ref")), row.id, Money(1_00), processor=processor)


def test_one_payment_row_per_charge(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    other = Charge(Outcome.SUCCEEDED, "pi_second", payment_id=row.id, received=Money(50_00))
    settle(PORTAL, row.id, other)
    assert tasks() == ["charged_twice"]
    assert balance() == Money(70_00)
    assert len(payments()) == 1
    with transaction(PORTAL) as tx:
        assert tx.get_or_404(Payment, row.id).processor_intent_id == row.processor_intent_id


def test_the_chasing_job_settles_what_got_no_answer(sample_people: People, processor: FakeProcessor) -> None:
    row, _ = lost(sample_people, processor)
    run = JobRun(PORTAL, JobGateways(processor, FakeMailer(), FakeTexter(), FakePracticeSystem()))
    assert [reconcile_payments(run).values["repaired"] for _ in range(2)] == [1, 0]
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
