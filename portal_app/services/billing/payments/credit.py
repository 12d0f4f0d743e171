"""The account's credit: what a card payment has to leave to it, and using it for invoices."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice
from portal_app.domain.billing.payments import PayableInvoice, spend_credit
from portal_app.domain.billing.payments import allocate as divide
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.entries import (
    allocate,
    credit_of,
    credits_of,
    currency,
    in_due_order,
    in_flight_payments,
)


def credit_for(tx: Tx, invoices: Sequence[Invoice]) -> Money | None:
    """What of the account's credit these invoices take: what no other open invoice can. None without credit."""
    if not invoices:
        return None
    account_id = invoices[0].account_id
    credit = credit_of(tx, account_id)
    if not credit:
        return None
    named = {invoice.id for invoice in invoices}
    others = [one for one in payable_by_credit(tx, account_id) if one.id not in named]
    left = credit - total((one.payable for one in others), currency())
    return left if left > left.zero() else None


def payable_by_credit(
    tx: Tx, account_id: AccountId, invoice_ids: Collection[InvoiceId] | None = None
) -> list[PayableInvoice]:
    """The open invoices that credit can pay: never one with a payment in flight (CRED-5)."""
    wanted = select(Invoice).where(Invoice.account_id == account_id, col(Invoice.status).in_(sorted(PAYABLE)))
    rows = in_due_order(tx.exec(wanted).all())
    in_flight = in_flight_payments(tx, [row.id for row in rows])
    return [
        PayableInvoice(row.id, row.number, row.issue_date, row.due_date, row.due)
        for row in rows
        if not in_flight.get(row.id) and (invoice_ids is None or row.id in invoice_ids)
    ]


def after_credit(payable: Sequence[PayableInvoice], credit: Money) -> list[PayableInvoice]:
    """The same invoices after so much credit has paid the oldest due first."""
    paid = {invoice.id: part for invoice, part in divide(credit, payable)}
    return [replace(one, payable=one.payable - paid[one.id]) if one.id in paid else one for one in payable]


def spend_account_credit(
    tx: Tx, account_id: AccountId, payable: Sequence[PayableInvoice], at_most: Money | None = None
) -> Money:
    """Let the account's credit pay these invoices, oldest due first; returns how much it paid."""
    found = credits_of(tx, account_id)
    payments = {payment.id: payment for payment, _ in found}
    credits = [(payment.id, left) for payment, left in found]
    if at_most is not None:
        credits = _first_of(credits, at_most)
    spent = spend_credit(credits, payable)
    for payment_id, invoice_id, part in spent:
        allocate(tx, payments[payment_id], tx.get_or_404(Invoice, invoice_id, lock=True), part, now())
    return total((part for _, _, part in spent), currency())


def _first_of(credits: Sequence[tuple[PaymentId, Money]], at_most: Money) -> list[tuple[PaymentId, Money]]:
    """The first credits, together at most so much."""
    found = []
    for id_, left in credits:
        part = min(left, at_most)
        if part:
            found.append((id_, part))
        at_most = at_most - part
    return found
