"""The receipt of a payment, and the staff's list of today's payments."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import col, select

from portal_app.clock import local_date, today, zone
from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    InvoiceLine,
    Payment,
)
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, Method, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId
from portal_app.domain.money import total
from portal_app.services.billing.invoices.read import may_see_invoices
from portal_app.services.billing.ledger.entries import currency, unused
from portal_app.services.billing.views import ReceiptPart, ReceiptView, StaffPaymentRow, Today

_AT_MOST = 200


def view_receipt(principal: Principal, payment_id: PaymentId) -> ReceiptView:
    """What was paid and which bills it paid; NotFound for an attempt that brought no money."""
    may_see_invoices(principal)
    with reading(principal.with_granted_accounts()) as tx:
        payment = tx.get_or_404(Payment, payment_id)
        anothers = (
            payment.account_id in principal.granted_accounts and payment.payer_id != principal.patient_id
        )
        if payment.status not in RECEIVED or anothers:
            raise NotFound
        return ReceiptView(
            payment_id=payment.id,
            number=payment.receipt_number or "",
            amount=payment.amount,
            refunded=payment.refunded,
            status=payment.status,
            paid_at=payment.settled_at or payment.created_at,
            shown=payment.paid_with,
            payer=_payer(tx, payment),
            email=payment.receipt_to,
            parts=_parts(tx, payment.id),
            credit=unused(tx, payment),
            posted=payment.posted,
            by_bank=payment.method in (Method.CARD, Method.BANK, Method.TERMINAL),
        )


def _payer(tx: Tx, payment: Payment) -> str:
    """The guarantor's name, where the reader may see them."""
    who = tx.get(Patient, payment.payer_id or tx.get_or_404(Account, payment.account_id).guarantor_id)
    return who.full_name if who else ""


def _parts(tx: Tx, payment_id: PaymentId) -> tuple[ReceiptPart, ...]:
    rows = tx.exec(
        columns(Allocation, Invoice)
        .join(Invoice, col(Invoice.id) == Allocation.invoice_id)
        .where(Allocation.payment_id == payment_id)
        .order_by(col(Allocation.position))
    ).all()
    seen = _who_and_what(tx, [invoice.id for _, invoice in rows])
    return tuple(
        ReceiptPart(
            invoice_id=invoice.id,
            number=invoice.number,
            title=next((what for _, what in seen.get(invoice.id, ())), ""),
            people=tuple(dict.fromkeys(name for name, _ in seen.get(invoice.id, ()))),
            amount=part.amount,
            still_due=invoice.due if invoice.status in PAYABLE else invoice.due.zero(),
        )
        for part, invoice in rows
    )


def _who_and_what(tx: Tx, ids: list[InvoiceId]) -> dict[InvoiceId, list[tuple[str, str]]]:
    """Name and description of the lines the reader may see: the join leaves the others out."""
    found: dict[InvoiceId, list[tuple[str, str]]] = {}
    rows = tx.exec(
        columns(InvoiceLine.invoice_id, Patient.given_name, InvoiceLine.description)
        .join(Patient, col(Patient.id) == InvoiceLine.patient_id)
        .where(col(InvoiceLine.invoice_id).in_(ids))
        .order_by(col(InvoiceLine.position))
    )
    for invoice_id, name, what in rows:
        found.setdefault(invoice_id, []).append((name, what))
    return found


def todays_payments(principal: Principal) -> Today:
    """Every attempt of the practice's day, newest first; the sums go over all, the rows are 200 at most."""
    principal.require(Permission.VIEW_BILLING)
    with reading(principal) as tx:
        midnight = datetime.combine(today(), time(), zone())
        of_today = (col(Payment.created_at) >= midnight) & (
            col(Payment.created_at) < midnight + timedelta(hours=30)
        )
        settled = col(Payment.settled_at) >= midnight
        rows = tx.exec(
            select(Payment).where(of_today | settled).order_by(col(Payment.created_at).desc(), Payment.id)
        ).all()
        rows = [row for row in rows if local_date(row.settled_at or row.created_at) == today()]
        received = [row for row in rows if row.status in RECEIVED]
        names, numbers = (
            guarantor_names(principal, [row.account_id for row in rows[:_AT_MOST]]),
            _numbers(tx, rows[:_AT_MOST]),
        )
        return Today(
            rows=tuple(_staff_row(row, names, numbers) for row in rows[:_AT_MOST]),
            received=total((row.amount for row in received), currency()),
            count=len(received),
            failed=sum(row.status is PaymentStatus.FAILED for row in rows),
            waiting=sum(row.status in IN_FLIGHT for row in rows),
        )


def _staff_row(
    row: Payment, names: dict[AccountId, str], numbers: dict[PaymentId, list[str]]
) -> StaffPaymentRow:
    return StaffPaymentRow(
        id=row.id,
        at=row.settled_at or row.created_at,
        who=names.get(row.account_id, ""),
        for_what=", ".join(numbers.get(row.id, ())),
        amount=row.amount,
        status=row.status,
        shown=row.paid_with,
        decline_code=row.decline_code,
        posted=row.posted,
    )


def guarantor_names(principal: Principal, account_ids: Iterable[AccountId]) -> dict[AccountId, str]:
    """Whose account it is: a billing clerk reads that, and nothing else of a chart."""
    principal.require(Permission.VIEW_BILLING)
    with reading(system_principal("guarantors")) as tx:
        rows = tx.exec(
            columns(Account.id, Patient.given_name, Patient.family_name)
            .join(Patient, col(Patient.id) == Account.guarantor_id)
            .where(col(Account.id).in_(set(account_ids)))
        )
        return {id_: full_name(given, family) for id_, given, family in rows}


def _numbers(tx: Tx, rows: list[Any]) -> dict[PaymentId, list[str]]:
    found: dict[PaymentId, list[str]] = {}
    parts = (
        columns(IntendedAllocation.payment_id, Invoice.number)
        .join(Invoice, col(Invoice.id) == IntendedAllocation.invoice_id)
        .where(col(IntendedAllocation.payment_id).in_([row.id for row in rows]))
        .order_by(col(IntendedAllocation.position))
    )
    for payment_id, number in tx.exec(parts):
        found.setdefault(payment_id, []).append(number)
    return found
