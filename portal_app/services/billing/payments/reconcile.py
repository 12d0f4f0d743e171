"""What the processor has and what we have, one to one: found, named, put right."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, Invoice, Payment, Refund
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Charge, Outcome, RefundFacts
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import adjust_allocation, correct_amount, lock_account, post
from portal_app.services.billing.ledger.person_shares import keep_shares_of
from portal_app.services.billing.notify.events import announce_account_change, tell_staff
from portal_app.services.billing.payments.processor_clock import KEY_LIFE, lookback_start
from portal_app.services.billing.payments.refunds import adopt_refund, settle_refund
from portal_app.services.billing.payments.settle import (
    cancel_if_abandoned,
    listed_at_processor,
    refetch_charge,
    settle,
)
from portal_app.services.billing.payments.webhooks import payment_named, payment_of, refund_of
from portal_app.services.billing.views import Finding

LOOK_BACK = timedelta(days=3)
_BOOKED = "{received} was received where {asked} was asked for. What was received is booked."
_GIVEN_BACK = gettext_noop(
    "{received} was received where {asked} is booked, and more was given back. Check it."
)


def reconcile(
    principal: Principal, *, processor: CardProcessor, older_than: timedelta = timedelta(minutes=2)
) -> list[Finding]:
    """Compare the last three days, and as far back as an attempt or refund is open; put right what differs.

    May raise NoAnswer. A second run right after finds nothing.
    """
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:reconcile")
    start = lookback_start(_oldest_open(principal))
    charges = {c.intent_id: c for c in processor.charges_since(start)}
    refunds = list(processor.refunds_since(start))
    findings = [f for charge in charges.values() for f in _charge(principal, charge, processor, older_than)]
    findings += _open_attempts(principal, processor, older_than)
    findings += _posted_not_charged(principal, charges, processor)
    findings += [f for facts in refunds for f in _refund(principal, facts)]
    findings += _open_refunds(principal, processor, older_than)
    return findings


def _oldest_open(principal: Principal) -> datetime:
    with reading(principal) as tx:
        payment = columns(Payment.created_at).where(col(Payment.status).in_(sorted(IN_FLIGHT)))
        refund = columns(Refund.created_at).where(Refund.status == RefundStatus.PROCESSING)
        oldest = [tx.exec(payment.order_by(col(Payment.created_at)).limit(1)).first()]
        oldest += [tx.exec(refund.order_by(col(Refund.created_at)).limit(1)).first()]
        return min(now() - LOOK_BACK, *(moment for moment in oldest if moment), now())


def _charge(
    principal: Principal, charge: Charge, processor: CardProcessor, older_than: timedelta
) -> Iterator[Finding]:
    payment = payment_of(principal, charge.intent_id) or payment_named(principal, charge)
    if payment is None:
        if charge.payment_id and charge.outcome is Outcome.SUCCEEDED:
            yield from _nobodys(principal, charge)
        return
    if payment.status in RECEIVED:
        if charge.disputed and payment.status is not PaymentStatus.DISPUTED:
            settle(principal, payment.id, charge)
            yield Finding("disputed", payment.id, charge.intent_id, payment.amount, charge.received, True)
        elif charge.received and charge.received != payment.amount:
            yield from _amount(principal, payment, charge.received)
        return
    if payment.processor_intent_id and payment.processor_intent_id != charge.intent_id:
        return
    just_now = now() - payment.created_at < older_than
    if payment.status in IN_FLIGHT and just_now and charge.outcome is not Outcome.SUCCEEDED:
        return
    if payment.status not in IN_FLIGHT and charge.outcome is not Outcome.SUCCEEDED:
        return
    yield from _settled(principal, payment, cancel_if_abandoned(payment, charge, processor))


def _settled(principal: Principal, payment: Payment, charge: Charge) -> Iterator[Finding]:
    """Settle, and say so when that changed something."""
    after = settle(principal, payment.id, charge)
    if after.status is PaymentStatus.SUCCEEDED:
        kind = "charged_not_posted" if charge.received in (None, payment.amount) else "amount_differs"
        yield Finding(kind, payment.id, charge.intent_id, payment.amount, charge.received, True)
    elif (after.status, after.accepted_by_processor) != (
        payment.status,
        payment.accepted_by_processor or _asks(payment),
    ):
        yield Finding("open_attempt", payment.id, charge.intent_id, payment.amount, None, True)


def _asks(payment: Payment) -> bool:
    return payment.status is PaymentStatus.REQUIRES_ACTION


def _open_attempts(
    principal: Principal, processor: CardProcessor, older_than: timedelta
) -> Iterator[Finding]:
    """Those that the list did not name: looked up one by one; never charged at all: let go after a day."""
    with reading(principal) as tx:
        stale = select(Payment).where(
            col(Payment.status).in_(sorted(IN_FLIGHT)), col(Payment.created_at) <= now() - older_than
        )
        waiting = tx.exec(stale).all()
    for payment in waiting:
        charge = refetch_charge(payment, processor)
        if charge.outcome is Outcome.UNKNOWN:
            if payment.processor_intent_id or now() - payment.created_at < KEY_LIFE + timedelta(hours=1):
                continue
            if listed_at_processor(payment, processor) is not None:
                continue
            charge = Charge(Outcome.CANCELLED)  # its key is forgotten: nothing can charge it any more
        yield from _settled(principal, payment, charge)


def _nobodys(principal: Principal, charge: Charge) -> Iterator[Finding]:
    """A charge with our mark and no payment of ours: a person must look, we cannot know whose it is."""
    with transaction(principal) as tx:
        told = tell_staff(
            tx,
            "charge_without_payment",
            charge.intent_id,
            "The card processor has a charge, {intent}, that no payment here belongs to.",
            None,
            intent=charge.intent_id,
        )
    if told:
        yield Finding("charge_without_payment", None, charge.intent_id, None, charge.received, False)


def _amount(principal: Principal, booked: Payment, received: Money) -> Iterator[Finding]:
    """Booked with another amount than came: corrected, and told. Once only where it cannot be."""
    with transaction(principal) as tx:
        lock_account(tx, booked.account_id)
        payment = tx.get_or_404(Payment, booked.id, lock=True)
        corrected = correct_amount(tx, payment, received)
        told = tell_staff(
            tx,
            "amount_differs",
            payment.id,
            _BOOKED if corrected else _GIVEN_BACK,
            payment.account_id,
            received=received,
            asked=booked.amount,
        )
        announce_account_change(tx, payment.account_id, payment.id)
    if corrected or told:
        yield Finding(
            "amount_differs", booked.id, booked.processor_intent_id or "", booked.amount, received, corrected
        )


def _posted_not_charged(
    principal: Principal, charges: dict[str, Charge], processor: CardProcessor
) -> Iterator[Finding]:
    """Received here, and the processor says plainly that it was not."""
    with reading(principal) as tx:
        ours = select(Payment).where(
            col(Payment.status).in_(sorted(RECEIVED)),
            col(Payment.processor_intent_id).is_not(None),
            col(Payment.settled_at) >= now() - LOOK_BACK,
        )
        received = tx.exec(ours).all()
    for payment in received:
        intent = payment.processor_intent_id or ""
        charge = charges.get(intent) or processor.look_up(intent)
        # "No such intent" may as well be another account's key: that alone takes nothing out.
        gone = charge.outcome in (Outcome.DECLINED, Outcome.CANCELLED) and not payment.refunded
        if (gone or charge.outcome is Outcome.REFUSED) and _take_out(principal, payment, sure=gone):
            yield Finding("posted_not_charged", payment.id, intent, payment.amount, None, gone)


def _take_out(principal: Principal, gone: Payment, *, sure: bool) -> bool:
    """No money came: bills are due again, a posted entry is reversed, staff are told. False: told before."""
    with transaction(principal) as tx:
        lock_account(tx, gone.account_id)
        payment = tx.get_or_404(Payment, gone.id, lock=True)
        if sure:
            _undo(tx, payment)
            announce_account_change(tx, payment.account_id, payment.id)
        return tell_staff(
            tx,
            "posted_not_charged",
            payment.id,
            "A payment of {amount} is booked here, and the card processor does not have it. Check it there.",
            payment.account_id,
            amount=payment.amount,
        )


def _undo(tx: Tx, payment: Payment) -> None:
    for row in tx.exec(select(Allocation).where(Allocation.payment_id == payment.id)).all():
        invoice = tx.get_or_404(Invoice, row.invoice_id, lock=True)
        adjust_allocation(row, payment, invoice, -row.amount, now())
    if payment.posted:
        text = "Payment that was never charged"
        post(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            payment.amount,
            source=payment.id,
            payment_id=payment.id,
            text=text,
        )
        keep_shares_of(tx, payment.id)
    payment.status = PaymentStatus.FAILED
    payment.decline_code = "processing_error"


def _refund(principal: Principal, facts: RefundFacts) -> Iterator[Finding]:
    refund_id = refund_of(principal, facts)
    payment = payment_of(principal, facts.intent_id) if facts.intent_id else None
    if refund_id is None:
        alive = facts.outcome in (Outcome.SUCCEEDED, Outcome.PROCESSING)
        if payment is None or not alive:
            return
        refund_id = adopt_refund(principal, payment.id, facts)
        if refund_id is None:
            return
        settle_refund(principal, refund_id, facts)
        yield Finding("refund_unknown", payment.id, facts.intent_id, None, facts.amount, True)
        return
    with reading(principal) as tx:
        before = tx.get_or_404(Refund, refund_id).status
    after = settle_refund(principal, refund_id, facts).status
    if before is not after:
        kind = "refund_failed" if after is RefundStatus.FAILED else "refund_open"
        payment_id = payment.id if payment else None
        yield Finding(kind, payment_id, facts.intent_id, None, facts.amount, True)


def _open_refunds(principal: Principal, processor: CardProcessor, older_than: timedelta) -> Iterator[Finding]:
    """Asked for and never answered: asked again with the same key, which gives it back once."""
    with reading(principal) as tx:
        stale = (
            columns(Refund, Payment.processor_intent_id)
            .join(Payment, col(Payment.id) == Refund.payment_id)
            .where(Refund.status == RefundStatus.PROCESSING, col(Refund.created_at) <= now() - older_than)
        )
        waiting = tx.exec(stale).all()
    for refund, intent in waiting:
        if refund.processor_refund_id:
            facts = processor.look_up_refund(refund.processor_refund_id)
        elif intent and now() - refund.created_at < KEY_LIFE:
            facts = processor.refund(intent, refund.amount, key=refund.id)
        else:
            # The desk's own money, or a key that is forgotten and a refund that no list names.
            facts = RefundFacts(Outcome.REFUSED if intent else Outcome.SUCCEEDED)
        if settle_refund(principal, refund.id, facts).status is not RefundStatus.PROCESSING:
            yield Finding("refund_open", refund.payment_id, intent or "", refund.amount, facts.amount, True)
