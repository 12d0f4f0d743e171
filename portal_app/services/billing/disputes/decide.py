"""What staff see of the disputes of a payment, and what they do after one was lost: send again or write off."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.clock import local_date
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account, Dispute, Invoice
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.disputes import DisputeEffect, DisputeStatus, LossDecision
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.ids import DisputeId, InvoiceId, PaymentId
from portal_app.domain.money import Money
from portal_app.services.billing.disputes.errors import DisputeNotLost, LossDecided
from portal_app.services.billing.invoices.issue import write_off
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.disputes import finish_loss_task
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.messaging import outbox


@dataclass(frozen=True, slots=True)
class InvoiceDueAgain:
    """An invoice that a lost dispute made due again."""

    id: InvoiceId
    number: str
    due: Money


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute as staff see it."""

    id: DisputeId
    on: date
    amount: Money
    fee: Money
    lost: Money
    reason: str  # the processor's code
    status: DisputeStatus
    evidence_due: date | None
    due_again: tuple[InvoiceDueAgain, ...]
    undecided: bool  # staff may send again or write off


def view_disputes(principal: Principal, payment_id: PaymentId) -> tuple[DisputeView, ...]:
    """The disputes of a payment, oldest first."""
    principal.require(Permission.VIEW_BILLING)
    with reading(_system_for(principal)) as tx:
        rows = select(Dispute).where(Dispute.payment_id == payment_id)
        return tuple(_view(tx, row) for row in tx.exec(rows.order_by(col(Dispute.created_at))))


def send_again(principal: Principal, dispute_id: DisputeId) -> int:
    """Send the invoices that a lost dispute made due again, each once; returns how many there were.

    Raises: DisputeNotLost, LossDecided.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(_system_for(principal)) as tx:
        row = _lock_lost(tx, dispute_id)
        invoices = _due_again(tx, row)
        for invoice in invoices:
            _send(tx, row, tx.get_or_404(Invoice, invoice.id))
        _decide(tx, principal, row, LossDecision.SEND_AGAIN)
        return len(invoices)


def write_off_loss(principal: Principal, dispute_id: DisputeId, *, reason: str = "") -> int:
    """Write off what is due of the invoices of a lost dispute; returns how many there were.

    Raises: DisputeNotLost, LossDecided, InvoiceHasPaymentOnItsWay.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    principal.require(Permission.POST_TO_LEDGER)
    with reading(_system_for(principal)) as tx:
        row = tx.get_or_404(Dispute, dispute_id)
        _require_undecided(row)
        invoices = _due_again(tx, row)
    for invoice in invoices:
        write_off(principal, invoice.id, reason=reason)
    with transaction(_system_for(principal)) as tx:
        _decide(tx, principal, _lock_lost(tx, dispute_id), LossDecision.WRITE_OFF)
    return len(invoices)


def _system_for(principal: Principal) -> Principal:
    """The system, for staff whose permission was checked: messages and tasks are rows of the system."""
    return system_principal(f"disputes for {principal.name}")


def _view(tx: Tx, row: Dispute) -> DisputeView:
    due_again = _due_again(tx, row) if row.effect is DisputeEffect.LOST else ()
    return DisputeView(
        id=row.id,
        on=local_date(row.created_at),
        amount=row.amount,
        fee=row.fee,
        lost=row.lost,
        reason=row.reason,
        status=row.status,
        evidence_due=local_date(row.evidence_due) if row.evidence_due else None,
        due_again=due_again,
        undecided=bool(due_again) and not row.decision,
    )


def _due_again(tx: Tx, row: Dispute) -> tuple[InvoiceDueAgain, ...]:
    """The invoices that it paid, as far as something is still due of them."""
    found = (tx.get_or_404(Invoice, InvoiceId(invoice_id)) for invoice_id, _ in row.taken_back)
    return tuple(
        InvoiceDueAgain(invoice.id, invoice.number, invoice.due)
        for invoice in found
        if invoice.status in PAYABLE
    )


def _lock_lost(tx: Tx, dispute_id: DisputeId) -> Dispute:
    lock_account(tx, tx.get_or_404(Dispute, dispute_id).account_id)
    row = tx.get_or_404(Dispute, dispute_id, lock=True)
    _require_undecided(row)
    return row


def _require_undecided(row: Dispute) -> None:
    if row.effect is not DisputeEffect.LOST or not row.lost:
        raise DisputeNotLost
    if row.decision:
        raise LossDecided


def _send(tx: Tx, row: Dispute, invoice: Invoice) -> None:
    outbox.write_each_way(
        tx,
        "invoice_again",
        once=f"invoice_again:{row.id}:{invoice.id}",
        to_patient=tx.get_or_404(Account, invoice.account_id).guarantor_id,
        account_id=invoice.account_id,
        about=invoice.id,
        values={"number": invoice.number, "amount": invoice.due, "date": invoice.due_date},
    )


def _decide(tx: Tx, principal: Principal, row: Dispute, decision: LossDecision) -> None:
    row.decision = decision
    finish_loss_task(tx, row)
    tx.add(audit.entry(principal, f"dispute:{decision}", subject=row.id))
    announce_account_change(tx, row.account_id, row.payment_id)
