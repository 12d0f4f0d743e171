"""The inbox of webhooks: each event once, what it tells of is asked for again, and settled."""

from sqlmodel import select

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Payment, ReceivedWebhook, Refund
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import PaymentId, RefundId
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome, ProcessorEvent, RefundFacts
from portal_app.services.billing.payments.processor_clock import lookback_start
from portal_app.services.billing.payments.refunds import adopt_refund, settle_refund
from portal_app.services.billing.payments.settle import cancel_if_abandoned, settle

LATER = "later"  # not handled yet: the processor shall send it again


def handle_webhook(principal: Principal, heard: ProcessorEvent, *, processor: CardProcessor) -> str:
    """What was done about an event: "settled", "seen", "skipped", "not ours", or LATER."""
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:webhook")
    if not _is_new(principal, heard):
        return "seen"
    try:
        outcome = _handle(principal, heard, processor)
    except NoAnswer:
        return LATER
    if outcome != LATER:
        with transaction(principal) as tx:
            event = tx.get_or_404(ReceivedWebhook, heard.event_id, lock=True)
            event.outcome, event.handled_at = outcome, now()
    return outcome


def _is_new(principal: Principal, heard: ProcessorEvent) -> bool:
    """Keep the event; False when it was handled before. One that was not is handled again."""
    with transaction(principal) as tx:
        fresh = ReceivedWebhook(
            id=heard.event_id, kind=heard.kind[:80], about=heard.object_id, received_at=now()
        )
        if tx.add_if_absent(fresh):
            return True
        event = tx.get_or_404(ReceivedWebhook, heard.event_id, lock=True)
        event.seen += 1
        return event.handled_at is None


def _handle(principal: Principal, heard: ProcessorEvent, processor: CardProcessor) -> str:
    if heard.object_kind == "refund":
        return _refund(principal, processor.look_up_refund(heard.object_id))
    if heard.object_kind not in ("payment_intent", "charge", "dispute"):
        return "skipped"
    intent_id = heard.object_id if heard.object_kind == "payment_intent" else heard.intent_id
    payment = payment_of(principal, intent_id) if intent_id else None
    charge = processor.look_up(intent_id) if intent_id else Charge(Outcome.REFUSED)
    if charge.outcome is Outcome.UNKNOWN:
        return LATER
    payment = payment or payment_named(principal, charge)
    if payment is None:
        return "not ours"
    settle(principal, payment.id, cancel_if_abandoned(payment, charge, processor))
    if heard.kind == "charge.refunded":
        for facts in list(processor.refunds_since(lookback_start(payment.created_at))):
            if facts.intent_id == intent_id:
                _refund(principal, facts)
    return "settled"


def _refund(principal: Principal, facts: RefundFacts) -> str:
    if facts.outcome is Outcome.UNKNOWN:
        return LATER
    refund_id = refund_of(principal, facts)
    if refund_id is None:
        payment = payment_of(principal, facts.intent_id) if facts.intent_id else None
        if payment is None or facts.outcome not in (Outcome.SUCCEEDED, Outcome.PROCESSING):
            return "not ours"
        refund_id = adopt_refund(principal, payment.id, facts)
    if refund_id is None:
        return "told staff"
    settle_refund(principal, refund_id, facts)
    return "settled"


def payment_of(principal: Principal, intent_id: str) -> Payment | None:
    with reading(principal) as tx:
        return tx.exec(select(Payment).where(Payment.processor_intent_id == intent_id)).first()


def payment_named(principal: Principal, charge: Charge) -> Payment | None:
    """The payment that the intent's metadata names, where its answer was lost."""
    if charge.payment_id is None:
        return None
    with reading(principal) as tx:
        return tx.get(Payment, PaymentId(charge.payment_id))


def refund_of(principal: Principal, facts: RefundFacts) -> RefundId | None:
    """Ours: by the id we gave it, or by the processor's."""
    with reading(principal) as tx:
        if facts.our_id and (mine := tx.get(Refund, facts.our_id)):
            return mine.id
        known = columns(Refund.id).where(Refund.processor_refund_id == facts.refund_id)
        return tx.exec(known).first() if facts.refund_id else None
