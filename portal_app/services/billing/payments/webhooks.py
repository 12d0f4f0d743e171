"""The inbox of the card processor's webhooks: each event is handled once.

An event is only a hint. What it is about is fetched from the processor and then settled.
"""

from enum import StrEnum

from sqlmodel import select

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Payment, ReceivedWebhook, Refund
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import RECEIVED
from portal_app.domain.ids import PaymentId, RefundId
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome, ProcessorEvent, RefundFacts
from portal_app.services.billing.disputes.book import settle_dispute
from portal_app.services.billing.payments.processor_clock import lookback_start
from portal_app.services.billing.payments.refresh_methods import refresh_payment_method
from portal_app.services.billing.payments.refunds import adopt_refund, settle_refund
from portal_app.services.billing.payments.settle import cancel_if_abandoned, settle


class EventOutcome(StrEnum):
    """What was done about an event. The values are stored with it (`ReceivedWebhook.outcome`)."""

    SETTLED = "settled"
    IGNORED = "skipped"  # about something that the portal does not use
    NOT_OURS = "not ours"  # about no payment or refund of this portal
    STAFF_TASK = "told staff"  # a person must look at it
    ALREADY_HANDLED = "already handled"  # never stored: the first outcome stays
    RETRY_LATER = "retry later"  # never stored: the processor shall send the event again


def handle_webhook(principal: Principal, event: ProcessorEvent, *, processor: CardProcessor) -> EventOutcome:
    """Store a signed event and settle what it is about.

    RETRY_LATER when the processor does not answer: the event stays unhandled, and a repeat is handled.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:webhook")
    if not _store_event(principal, event):
        return EventOutcome.ALREADY_HANDLED
    try:
        outcome = _handle(principal, event, processor)
    except NoAnswer:
        return EventOutcome.RETRY_LATER
    if outcome is not EventOutcome.RETRY_LATER:
        with transaction(principal) as tx:
            row = tx.get_or_404(ReceivedWebhook, event.event_id, lock=True)
            row.outcome, row.handled_at = outcome, now()
    return outcome


def _store_event(principal: Principal, event: ProcessorEvent) -> bool:
    """Store the event, or count its repetition. False when it was handled before."""
    with transaction(principal) as tx:
        row = ReceivedWebhook(
            id=event.event_id, kind=event.kind[:80], about=event.object_id, received_at=now()
        )
        if tx.add_if_absent(row):
            return True
        row = tx.get_or_404(ReceivedWebhook, event.event_id, lock=True)
        row.seen += 1
        return row.handled_at is None


def _handle(principal: Principal, event: ProcessorEvent, processor: CardProcessor) -> EventOutcome:
    if event.object_kind == "refund":
        return _handle_refund(principal, processor.look_up_refund(event.object_id))
    if event.object_kind == "payment_method" or event.kind.startswith("customer.source."):
        found = refresh_payment_method(principal, event.object_id, processor)
        return EventOutcome.SETTLED if found else EventOutcome.NOT_OURS
    if event.object_kind == "dispute":
        return _handle_dispute(principal, event.object_id, processor)
    if event.object_kind not in ("payment_intent", "charge"):
        return EventOutcome.IGNORED
    intent_id = event.object_id if event.object_kind == "payment_intent" else event.intent_id
    payment = payment_by_intent(principal, intent_id) if intent_id else None
    charge = processor.look_up(intent_id) if intent_id else Charge(Outcome.REFUSED)
    if charge.outcome is Outcome.UNKNOWN:
        return EventOutcome.RETRY_LATER
    payment = payment or payment_named_by_charge(principal, charge)
    if payment is None:
        return EventOutcome.NOT_OURS
    settle(principal, payment.id, cancel_if_abandoned(payment, charge, processor))
    if event.kind == "charge.refunded":
        for facts in list(processor.refunds_since(lookback_start(payment.created_at))):
            if facts.intent_id == intent_id:
                _handle_refund(principal, facts)
    return EventOutcome.SETTLED


def _handle_dispute(principal: Principal, dispute_id: str, processor: CardProcessor) -> EventOutcome:
    """Book the dispute; its payment first, when the dispute's event has overtaken that of the payment."""
    facts = processor.look_up_dispute(dispute_id)
    if facts is None:
        return EventOutcome.NOT_OURS
    payment = payment_by_intent(principal, facts.intent_id)
    if payment is None or payment.status not in RECEIVED:
        charge = processor.look_up(facts.intent_id)
        if charge.outcome is Outcome.UNKNOWN:
            return EventOutcome.RETRY_LATER
        payment = payment or payment_named_by_charge(principal, charge)
        if payment is None:
            return EventOutcome.NOT_OURS
        settle(principal, payment.id, cancel_if_abandoned(payment, charge, processor))
    settle_dispute(principal, payment.id, facts)
    return EventOutcome.SETTLED


def _handle_refund(principal: Principal, facts: RefundFacts) -> EventOutcome:
    if facts.outcome is Outcome.UNKNOWN:
        return EventOutcome.RETRY_LATER
    refund_id = refund_by_facts(principal, facts)
    if refund_id is None:
        payment = payment_by_intent(principal, facts.intent_id) if facts.intent_id else None
        if payment is None or facts.outcome not in (Outcome.SUCCEEDED, Outcome.PROCESSING):
            return EventOutcome.NOT_OURS
        refund_id = adopt_refund(principal, payment.id, facts)
    if refund_id is None:
        return EventOutcome.STAFF_TASK
    settle_refund(principal, refund_id, facts)
    return EventOutcome.SETTLED


def payment_by_intent(principal: Principal, intent_id: str) -> Payment | None:
    """The payment that belongs to the processor's intent (pi_…)."""
    with reading(principal) as tx:
        return tx.exec(select(Payment).where(Payment.processor_intent_id == intent_id)).first()


def payment_named_by_charge(principal: Principal, charge: Charge) -> Payment | None:
    """The payment whose id stands in the intent's metadata: found also when the answer to a charge was lost."""
    if charge.payment_id is None:
        return None
    with reading(principal) as tx:
        return tx.get(Payment, PaymentId(charge.payment_id))


def refund_by_facts(principal: Principal, facts: RefundFacts) -> RefundId | None:
    """The refund that the processor reports: by the id we gave it, or by the processor's own."""
    with reading(principal) as tx:
        if facts.our_id and (refund := tx.get(Refund, facts.our_id)):
            return refund.id
        known = columns(Refund.id).where(Refund.processor_refund_id == facts.refund_id)
        return tx.exec(known).first() if facts.refund_id else None
