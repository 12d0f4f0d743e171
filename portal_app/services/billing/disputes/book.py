"""Booking what the payer's bank does with a payment after it succeeded (DISP cases).

An event and reconciliation both end in `settle_dispute`, which compares the dispute as the processor reports it
with what is booked: events that come twice, late or in another order change nothing more.
"""

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Dispute, Invoice, LedgerEntry, Payment
from portal_app.domain.access import Principal
from portal_app.domain.billing.disputes import (
    OPEN_STATUSES,
    DisputeEffect,
    dispute_effect,
    received_status,
)
from portal_app.domain.billing.refunds import split_refund
from portal_app.domain.billing.types import PAYABLE, RECEIVED, EntryKind, Origin
from portal_app.domain.ids import DisputeId, InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.disputes.types import DisputeFacts
from portal_app.services.billing.ledger.entries import (
    LOST_TEXT,
    REINSTATED_TEXT,
    adjust_allocation,
    allocations_of,
    in_flight_payments,
    lock_payment,
    pending_refunds,
    post_entry,
    restore_allocation,
    unused_credit,
)
from portal_app.services.billing.ledger.person_shares import refresh_payment_shares
from portal_app.services.billing.notify.disputes import send_loss_note, tell_staff_of_dispute
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.billing.notify.reminders import refresh_digest_of_account
from portal_app.services.memberships.autopay.outcome import follow_return


@retried
def settle_dispute(principal: Principal, payment_id: PaymentId, facts: DisputeFacts) -> bool:
    """Book the dispute as the processor reports it. The same facts twice count once.

    Returns: whether anything was new.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:settle")
    with transaction(principal) as tx:
        payment = lock_payment(tx, payment_id)
        if payment.status not in RECEIVED:
            return _tell_of_dispute_without_money(tx, payment, facts)
        row = _find_dispute(tx, facts.dispute_id)
        before = row and (row.status, row.effect, row.lost, row.evidence_due)
        row = row or _add_dispute(tx, payment, facts)
        _store_facts(row, facts)
        _book(tx, payment, row, dispute_effect(facts.status, facts.withdrawn, facts.reinstated))
        if before == (row.status, row.effect, row.lost, row.evidence_due):
            return False
        tell_staff_of_dispute(tx, payment, row)
        refresh_digest_of_account(tx, payment.account_id)
        announce_account_change(tx, payment.account_id, payment.id)
        return True


def _find_dispute(tx: Tx, processor_dispute_id: str) -> Dispute | None:
    return tx.exec(select(Dispute).where(Dispute.processor_dispute_id == processor_dispute_id)).first()


def _add_dispute(tx: Tx, payment: Payment, facts: DisputeFacts) -> Dispute:
    return tx.add(
        Dispute(
            id=DisputeId(new_id("dsp")),
            account_id=payment.account_id,
            payment_id=payment.id,
            processor_dispute_id=facts.dispute_id,
            amount=facts.amount,
            fee=facts.fee,
            status=facts.status,
            effect=DisputeEffect.NOTHING,
            lost=facts.amount.zero(),
            created_at=now(),
        )
    )


def _store_facts(row: Dispute, facts: DisputeFacts) -> None:
    row.status, row.amount, row.fee, row.reason = facts.status, facts.amount, facts.fee, facts.reason
    row.evidence_due = facts.evidence_due
    if facts.status in OPEN_STATUSES:
        row.ended_at = None
    elif row.ended_at is None:
        row.ended_at = now()


def _book(tx: Tx, payment: Payment, row: Dispute, effect: DisputeEffect) -> None:
    """Let the dispute have this effect on its payment from now on, and no other."""
    row.effect = effect
    tx.flush()
    if effect is DisputeEffect.LOST:
        _book_loss(tx, payment, row)
    elif row.lost:
        _give_back(tx, payment, row)
    _update_status(tx, payment)


def _update_status(tx: Tx, payment: Payment) -> None:
    held = columns(func.count()).where(Dispute.payment_id == payment.id, Dispute.effect == DisputeEffect.HELD)
    payment.status = received_status(
        payment.amount, payment.refunded, payment.lost, held=bool(tx.exec(held).one())
    )


def _book_loss(tx: Tx, payment: Payment, row: Dispute) -> None:
    """Take the allocations back, the latest first, post one reversal and tell the payer.

    Never more than is left of the payment: what a refund has sent back already, or is sending, is not lost again.
    """
    if row.lost:
        return
    left = payment.amount - payment.refunded - payment.lost - pending_refunds(tx, payment.id)
    amount = min(row.amount, max(left, left.zero()))
    if not amount:
        return
    held = [(part.invoice_id, part.amount) for part in allocations_of(tx, payment.id) if part.amount]
    unused = payment.amount - payment.refunded - payment.lost - payment.allocated
    taken_back = split_refund(amount, unused, held)
    _take_back(tx, payment, row, taken_back)
    row.taken_back = [[invoice_id, part.minor] for invoice_id, part in taken_back]
    row.lost, payment.lost = amount, payment.lost + amount
    tx.flush()
    if payment.posted:
        post_entry(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            amount,
            source=_next_source(tx, row),
            payment_id=payment.id,
            text=LOST_TEXT,
        )
        refresh_payment_shares(tx, payment.id)
    send_loss_note(tx, payment, row)
    if payment.origin is Origin.AUTOPAY:
        follow_return(tx, payment)


def _take_back(tx: Tx, payment: Payment, row: Dispute, taken_back: list[tuple[InvoiceId, Money]]) -> None:
    for invoice_id, part in taken_back:
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        allocation = next(one for one in allocations_of(tx, payment.id) if one.invoice_id == invoice_id)
        adjust_allocation(allocation, payment, invoice, -part, now(), row.id)


def _give_back(tx: Tx, payment: Payment, row: Dispute) -> None:
    """Book that the money came back after it was lost: it pays again what it paid, where that is still open."""
    amount = row.lost
    row.lost, payment.lost = amount.zero(), payment.lost - amount
    row.decision = ""
    _update_status(tx, payment)
    tx.flush()
    if payment.posted:
        post_entry(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            -amount,
            source=_next_source(tx, row),
            payment_id=payment.id,
            text=REINSTATED_TEXT,
        )
    for invoice_id, minor in row.taken_back:
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        fits = min(Money(minor, amount.currency), invoice.due, unused_credit(tx, payment))
        if invoice.status in PAYABLE and fits and not in_flight_payments(tx, [invoice.id]):
            restore_allocation(tx, payment, invoice, fits, row.id, now())
    if payment.posted:
        refresh_payment_shares(tx, payment.id)


def _next_source(tx: Tx, row: Dispute) -> str:
    """The dispute's id, for a later entry of the same dispute with a number behind it."""
    entries = columns(func.count()).where(
        LedgerEntry.payment_id == row.payment_id,
        LedgerEntry.kind == EntryKind.REVERSAL,
        col(LedgerEntry.source).startswith(row.id),
    )
    times = tx.exec(entries).one()
    return f"{row.id}:{times + 1}" if times else row.id


def _tell_of_dispute_without_money(tx: Tx, payment: Payment, facts: DisputeFacts) -> bool:
    """Tell staff of a dispute of a payment that is not booked as received: nothing can be taken back here."""
    return add_staff_task(
        tx,
        "dispute_without_money",
        facts.dispute_id,
        "The card processor reports a dispute of {amount} for a payment that is not booked as received. Check it there.",
        payment.account_id,
        amount=facts.amount,
    )
