"""Invoices made ahead for a period that will not begin: voided, and made again when that is taken back."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Membership, MembershipEvent, MembershipInvoice
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.types import EntryKind, InvoiceStatus
from portal_app.domain.ids import InvoiceId
from portal_app.domain.memberships.types import EventKind, InvoiceKind
from portal_app.domain.money import Money, total
from portal_app.i18n import gettext_noop
from portal_app.services.billing.invoices.issue import forgive_due
from portal_app.services.billing.ledger.entries import (
    currency,
    in_flight_payments,
    lock_account,
    post_entry,
    update_invoice_status,
)
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.made_ahead import has_money, make_voided_again, void_ahead

_TASK = "membership_paid_ahead"
_REASON = "The membership was cancelled before this period began."


@dataclass(slots=True)
class InvoicesAhead:
    """What was done with them: ids of those voided and of those with money on them; minor units no longer due."""

    voided: list[str] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    forgiven: dict[str, int] = field(default_factory=dict)

    def as_details(self) -> dict[str, Any]:
        return {"voided": self.voided, "paid": self.paid, "forgiven": self.forgiven}


def void_invoices_ahead(tx: Tx, row: Membership, last_day: date) -> InvoicesAhead:
    """Void the invoices of periods that begin after `last_day`; what was paid of one is a task for staff to refund.

    The answer goes into the history, so that `bill_ahead_again` can take it back.
    """
    done = InvoicesAhead()
    links = _links_after(tx, row, last_day)
    if links:
        lock_account(tx, row.account_id)
    for invoice_id in dict.fromkeys(link.invoice_id for link in links):
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF):
            continue
        if has_money(tx, invoice):
            _leave_to_staff(tx, done, invoice, last_day)
            continue
        void_ahead(tx, row, invoice, _REASON)
        done.voided.append(invoice.id)
    return done


def _links_after(tx: Tx, row: Membership, last_day: date) -> list[MembershipInvoice]:
    wanted = select(MembershipInvoice).where(
        MembershipInvoice.membership_id == row.id, MembershipInvoice.period_start > last_day
    )
    return list(tx.exec(wanted.order_by(col(MembershipInvoice.period_start), col(MembershipInvoice.repeat))))


def _links_of(tx: Tx, row: Membership, invoice_ids: Collection[InvoiceId]) -> list[MembershipInvoice]:
    wanted = select(MembershipInvoice).where(
        MembershipInvoice.membership_id == row.id, col(MembershipInvoice.invoice_id).in_(invoice_ids)
    )
    return list(tx.exec(wanted.order_by(col(MembershipInvoice.period_start), col(MembershipInvoice.repeat))))


def _leave_to_staff(tx: Tx, done: InvoicesAhead, invoice: Invoice, last_day: date) -> None:
    """Nothing more is due of it; what was paid is for staff to refund."""
    done.paid.append(invoice.id)
    on_its_way = [payment.amount for payment in in_flight_payments(tx, [invoice.id]).get(invoice.id, ())]
    if on_its_way:
        message = gettext_noop(
            "A membership was cancelled while {amount} for invoice {number} is on its way, for a period that "
            "does not begin. When it has arrived, refund it and void the charge."
        )
        amount = total(on_its_way, currency())
    else:
        message = gettext_noop(
            "A membership was cancelled. {amount} was paid of invoice {number} for a period that does not "
            "begin. Refund it and void the charge."
        )
        amount = invoice.allocated
        if invoice.due:
            done.forgiven[invoice.id] = invoice.due.minor
            forgive_due(tx, invoice, f"Invoice {invoice.number} is not due", _REASON)
            update_invoice_status(invoice)
    about = _about(invoice.id, last_day)
    added = add_staff_task(
        tx, _TASK, about, message, invoice.account_id, amount=amount, number=invoice.number
    )
    if not added:  # cancelled, taken back and cancelled again
        tx.exec(select(Task).where(Task.once == f"{_TASK}:{about}")).one().done_at = None


def _about(invoice_id: str, last_day: date) -> str:
    return f"{invoice_id}:{last_day}"


def bill_ahead_again(tx: Tx, membership: LoadedMembership, last_day: date) -> None:
    """The cancellation for `last_day` is taken back: what it voided is made again, what it forgave is due again."""
    row, event = membership.row, _last_cancellation(tx, membership.row)
    if event is None:
        return
    details = event.details
    touched = {*details.get("voided", ()), *details.get("paid", ()), *details.get("forgiven", ())}
    links = _links_of(tx, row, touched)
    if not links:
        return
    lock_account(tx, row.account_id)
    void: list[MembershipInvoice] = []
    for link in links:
        invoice = tx.get_or_404(Invoice, link.invoice_id, lock=True)
        if invoice.status is InvoiceStatus.VOID:  # by the cancellation, or by staff who refunded it
            void.append(link)
        elif link.kind is InvoiceKind.ENROLMENT_FEE:  # of the same invoice as its period
            continue
        elif minor := details.get("forgiven", {}).get(invoice.id, 0):
            _make_due_again(tx, invoice, Money(minor, currency()), f"{invoice.id}:{event.id}")
        _close_task(tx, invoice.id, last_day)
    make_voided_again(tx, membership, void)


def _last_cancellation(tx: Tx, row: Membership) -> MembershipEvent | None:
    """The event of the last cancellation, which says what was done with invoices."""
    wanted = select(MembershipEvent).where(
        MembershipEvent.membership_id == row.id, MembershipEvent.kind == EventKind.CANCELLED
    )
    newest_first = wanted.order_by(col(MembershipEvent.happened_at).desc(), col(MembershipEvent.id).desc())
    return tx.exec(newest_first.limit(1)).first()


def _make_due_again(tx: Tx, invoice: Invoice, amount: Money, source: str) -> None:
    post_entry(
        tx,
        invoice.account_id,
        EntryKind.ADJUSTMENT,
        amount,
        source=f"due_again:{source}",
        invoice_id=invoice.id,
        text=f"Invoice {invoice.number} is due again",
    )
    invoice.adjusted = invoice.adjusted + amount
    update_invoice_status(invoice)


def _close_task(tx: Tx, invoice_id: InvoiceId, last_day: date) -> None:
    once = f"{_TASK}:{_about(invoice_id, last_day)}"
    for task in tx.exec(select(Task).where(Task.once == once, col(Task.done_at).is_(None))):
        task.done_at, task.done_by = now(), tx.principal.name
