"""Reconciliation: compare the processor's charges and refunds with ours, correct what differs, tell staff."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, Invoice, Payment, Refund
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Charge, Outcome, RefundFacts
from portal_app.i18n import gettext_noop
from portal_app.services.billing.disputes.find import reconcile_disputes
from portal_app.services.billing.ledger.entries import (
    adjust_allocation,
    correct_amount,
    lock_account,
    post_entry,
)
from portal_app.services.billing.ledger.person_shares import refresh_payment_shares
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.billing.payments.processor_clock import KEY_LIFE, lookback_start
from portal_app.services.billing.payments.refunds import adopt_refund, settle_refund
from portal_app.services.billing.payments.settle import (
    cancel_if_abandoned,
    find_listed_charge,
    refetch_charge,
    settle,
)
from portal_app.services.billing.payments.webhooks import (
    payment_by_intent,
    payment_named_by_charge,
    refund_by_facts,
)
from portal_app.services.billing.views import ReconcileFinding

LOOK_BACK = timedelta(days=3)
_AMOUNT_CORRECTED = "{received} was received where {asked} was asked for. What was received is booked."
_AMOUNT_NOT_CORRECTED = gettext_noop(
    "{received} was received where {asked} is booked, and more was given back. Check it."
)


def reconcile(
    principal: Principal, *, processor: CardProcessor, older_than: timedelta = timedelta(minutes=2)
) -> list[ReconcileFinding]:
    """Compare the last three days, or longer while a payment, refund or dispute is open, and correct what differs.

    A second run right after it finds nothing.

    Args:
        older_than: open payments younger than this are left to their own answer.

    Raises: NoAnswer; PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:reconcile")
    start = lookback_start(_oldest_open(principal))
    charges = {c.intent_id: c for c in processor.charges_since(start)}
    refunds = list(processor.refunds_since(start))
    findings = [
        f for charge in charges.values() for f in _compare_charge(principal, charge, processor, older_than)
    ]
    findings += _settle_open_payments(principal, processor, older_than)
    findings += _find_uncharged(principal, charges, processor)
    findings += [f for facts in refunds for f in _compare_refund(principal, facts)]
    findings += _settle_open_refunds(principal, processor, older_than)
    findings += reconcile_disputes(principal, processor)
    return findings


def _oldest_open(principal: Principal) -> datetime:
    """From when on to compare: three days ago, or when the oldest open payment or refund was made."""
    with reading(principal) as tx:
        payment = columns(Payment.created_at).where(col(Payment.status).in_(sorted(IN_FLIGHT)))
        refund = columns(Refund.created_at).where(Refund.status == RefundStatus.PROCESSING)
        oldest = [tx.exec(payment.order_by(col(Payment.created_at)).limit(1)).first()]
        oldest += [tx.exec(refund.order_by(col(Refund.created_at)).limit(1)).first()]
        return min(now() - LOOK_BACK, *(moment for moment in oldest if moment), now())


def _compare_charge(
    principal: Principal, charge: Charge, processor: CardProcessor, older_than: timedelta
) -> Iterator[ReconcileFinding]:
    """Compare one charge of the processor with our payment."""
    payment = payment_by_intent(principal, charge.intent_id) or payment_named_by_charge(principal, charge)
    if payment is None:
        if charge.payment_id and charge.outcome is Outcome.SUCCEEDED:
            yield from _report_unknown_charge(principal, charge)
        return
    if payment.status in RECEIVED:
        if charge.received and charge.received != payment.amount:
            yield from _correct_amount(principal, payment, charge.received)
        return
    if payment.processor_intent_id and payment.processor_intent_id != charge.intent_id:
        return
    just_now = now() - payment.created_at < older_than
    if payment.status in IN_FLIGHT and just_now and charge.outcome is not Outcome.SUCCEEDED:
        return
    if payment.status not in IN_FLIGHT and charge.outcome is not Outcome.SUCCEEDED:
        return
    yield from _settle_and_report(principal, payment, cancel_if_abandoned(payment, charge, processor))


def _settle_and_report(principal: Principal, payment: Payment, charge: Charge) -> Iterator[ReconcileFinding]:
    """Settle the payment, and report it when that changed something."""
    after = settle(principal, payment.id, charge)
    if after.status is PaymentStatus.SUCCEEDED:
        kind = "charged_not_posted" if charge.received in (None, payment.amount) else "amount_differs"
        yield ReconcileFinding(kind, payment.id, charge.intent_id, payment.amount, charge.received, True)
    elif (after.status, after.accepted_by_processor) != (
        payment.status,
        payment.accepted_by_processor or _waits_for_payer(payment),
    ):
        yield ReconcileFinding("open_attempt", payment.id, charge.intent_id, payment.amount, None, True)


def _waits_for_payer(payment: Payment) -> bool:
    return payment.status is PaymentStatus.REQUIRES_ACTION


def _settle_open_payments(
    principal: Principal, processor: CardProcessor, older_than: timedelta
) -> Iterator[ReconcileFinding]:
    """Look up each payment that is still open; one that was never charged is cancelled after a day."""
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
            if find_listed_charge(payment, processor) is not None:
                continue
            charge = Charge(
                Outcome.CANCELLED
            )  # the processor has forgotten its key: nothing can charge it any more
        yield from _settle_and_report(principal, payment, charge)


def _report_unknown_charge(principal: Principal, charge: Charge) -> Iterator[ReconcileFinding]:
    """Tell staff of a charge that names a payment id of ours which does not exist: whose it is cannot be known."""
    with transaction(principal) as tx:
        is_new = add_staff_task(
            tx,
            "charge_without_payment",
            charge.intent_id,
            "The card processor has a charge, {intent}, that no payment here belongs to.",
            None,
            intent=charge.intent_id,
        )
    if is_new:
        yield ReconcileFinding("charge_without_payment", None, charge.intent_id, None, charge.received, False)


def _correct_amount(principal: Principal, booked: Payment, received: Money) -> Iterator[ReconcileFinding]:
    """Correct a payment that was booked with another amount than was received, and tell staff.

    One that cannot be corrected (more was refunded already) is reported once.
    """
    with transaction(principal) as tx:
        lock_account(tx, booked.account_id)
        payment = tx.get_or_404(Payment, booked.id, lock=True)
        corrected = correct_amount(tx, payment, received)
        is_new = add_staff_task(
            tx,
            "amount_differs",
            payment.id,
            _AMOUNT_CORRECTED if corrected else _AMOUNT_NOT_CORRECTED,
            payment.account_id,
            received=received,
            asked=booked.amount,
        )
        announce_account_change(tx, payment.account_id, payment.id)
    if corrected or is_new:
        yield ReconcileFinding(
            "amount_differs", booked.id, booked.processor_intent_id or "", booked.amount, received, corrected
        )


def _find_uncharged(
    principal: Principal, charges: dict[str, Charge], processor: CardProcessor
) -> Iterator[ReconcileFinding]:
    """Find payments booked as received which the processor says were not charged."""
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
        # "No such intent" may mean another account's key: staff are told, and nothing is reversed.
        not_charged = charge.outcome in (Outcome.DECLINED, Outcome.CANCELLED) and not payment.refunded
        if (not_charged or charge.outcome is Outcome.REFUSED) and _reverse_uncharged(
            principal, payment, sure=not_charged
        ):
            yield ReconcileFinding(
                "posted_not_charged", payment.id, intent, payment.amount, None, not_charged
            )


def _reverse_uncharged(principal: Principal, booked: Payment, *, sure: bool) -> bool:
    """Tell staff of a payment without a charge; `sure`: reverse it first. False when staff were told before."""
    with transaction(principal) as tx:
        lock_account(tx, booked.account_id)
        payment = tx.get_or_404(Payment, booked.id, lock=True)
        if sure:
            _reverse_payment(tx, payment)
            announce_account_change(tx, payment.account_id, payment.id)
        return add_staff_task(
            tx,
            "posted_not_charged",
            payment.id,
            "A payment of {amount} is booked here, and the card processor does not have it. Check it there.",
            payment.account_id,
            amount=payment.amount,
        )


def _reverse_payment(tx: Tx, payment: Payment) -> None:
    """Its invoices are due again, its ledger entry is reversed, its status is failed."""
    for row in tx.exec(select(Allocation).where(Allocation.payment_id == payment.id)).all():
        invoice = tx.get_or_404(Invoice, row.invoice_id, lock=True)
        adjust_allocation(row, payment, invoice, -row.amount, now())
    if payment.posted:
        text = "Payment that was never charged"
        post_entry(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            payment.amount,
            source=payment.id,
            payment_id=payment.id,
            text=text,
        )
        refresh_payment_shares(tx, payment.id)
    payment.status = PaymentStatus.FAILED
    payment.decline_code = "processing_error"


def _compare_refund(principal: Principal, facts: RefundFacts) -> Iterator[ReconcileFinding]:
    refund_id = refund_by_facts(principal, facts)
    payment = payment_by_intent(principal, facts.intent_id) if facts.intent_id else None
    if refund_id is None:
        alive = facts.outcome in (Outcome.SUCCEEDED, Outcome.PROCESSING)
        if payment is None or not alive:
            return
        refund_id = adopt_refund(principal, payment.id, facts)
        if refund_id is None:
            return
        settle_refund(principal, refund_id, facts)
        yield ReconcileFinding("refund_unknown", payment.id, facts.intent_id, None, facts.amount, True)
        return
    with reading(principal) as tx:
        before = tx.get_or_404(Refund, refund_id).status
    after = settle_refund(principal, refund_id, facts).status
    if before is not after:
        kind = "refund_failed" if after is RefundStatus.FAILED else "refund_open"
        payment_id = payment.id if payment else None
        yield ReconcileFinding(kind, payment_id, facts.intent_id, None, facts.amount, True)


def _settle_open_refunds(
    principal: Principal, processor: CardProcessor, older_than: timedelta
) -> Iterator[ReconcileFinding]:
    """Settle refunds without an answer: sent again under the same key, which refunds once."""
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
            # Paid at the front desk; or the processor has forgotten the key and lists no such refund.
            facts = RefundFacts(Outcome.REFUSED if intent else Outcome.SUCCEEDED)
        if settle_refund(principal, refund.id, facts).status is not RefundStatus.PROCESSING:
            yield ReconcileFinding(
                "refund_open", refund.payment_id, intent or "", refund.amount, facts.amount, True
            )
