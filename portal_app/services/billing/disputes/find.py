"""Disputes whose events were lost: the processor's list of them is compared with ours (DISP-4)."""

from collections.abc import Iterator
from datetime import timedelta

from sqlmodel import col, exists, select

from portal_app.clock import now
from portal_app.db.scope import reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Dispute, Payment
from portal_app.domain.access import Principal
from portal_app.domain.billing.disputes import OPEN_STATUSES, DisputeEffect
from portal_app.domain.billing.types import RECEIVED, PaymentStatus
from portal_app.domain.ids import PaymentId
from portal_app.gateways.disputes.types import DisputeFacts
from portal_app.gateways.payments import CardProcessor
from portal_app.services.billing.disputes.book import settle_dispute
from portal_app.services.billing.payments.processor_clock import lookback_start
from portal_app.services.billing.views import ReconcileFinding

# Card networks decide most disputes within this time; those that are open for longer are asked for one by one.
LOOK_BACK = timedelta(days=120)


def reconcile_disputes(principal: Principal, processor: CardProcessor) -> Iterator[ReconcileFinding]:
    """Book every dispute as the processor reports it, and name what was new. Raises NoAnswer."""
    listed = {
        facts.dispute_id: facts for facts in processor.disputes_since(lookback_start(now() - LOOK_BACK))
    }
    for facts in reversed(listed.values()):  # a payment's first dispute first
        yield from _settle_and_report(principal, facts)
    for dispute_id in _open_disputes(principal) - listed.keys():
        facts = processor.look_up_dispute(dispute_id)
        if facts is not None:
            yield from _settle_and_report(principal, facts)
    for intent_id in _disputed_without_dispute(principal):
        for facts in reversed(processor.disputes_of(intent_id)):
            yield from _settle_and_report(principal, facts)


def _settle_and_report(principal: Principal, facts: DisputeFacts) -> Iterator[ReconcileFinding]:
    payment_id = _received_payment(principal, facts.intent_id)
    if payment_id is not None and settle_dispute(principal, payment_id, facts):
        yield ReconcileFinding("disputed", payment_id, facts.intent_id, None, facts.amount, True)


def _received_payment(principal: Principal, intent_id: str) -> PaymentId | None:
    """The payment that a dispute can take back; one that is not booked yet is settled by its charge first."""
    with reading(principal) as tx:
        wanted = columns(Payment.id).where(
            Payment.processor_intent_id == intent_id, col(Payment.status).in_(sorted(RECEIVED))
        )
        return tx.exec(wanted).first() if intent_id else None


def _open_disputes(principal: Principal) -> set[str]:
    """Ids, the processor's, of the disputes that are not decided."""
    with reading(principal) as tx:
        undecided = col(Dispute.status).in_(sorted(OPEN_STATUSES)) | (Dispute.effect == DisputeEffect.HELD)
        return set(tx.exec(columns(Dispute.processor_dispute_id).where(undecided)))


def _disputed_without_dispute(principal: Principal) -> list[str]:
    """Intents of payments that an earlier version marked as disputed, without keeping which dispute it was."""
    with reading(principal) as tx:
        kept = exists(select(Dispute.id).where(Dispute.payment_id == Payment.id))
        wanted = columns(Payment.processor_intent_id).where(
            Payment.status == PaymentStatus.DISPUTED, ~kept, col(Payment.processor_intent_id).is_not(None)
        )
        return [intent_id for intent_id in tx.exec(wanted) if intent_id]
