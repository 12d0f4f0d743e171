"""The receipt of a payment, and today's payments for the staff dashboard."""

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
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, Method, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId
from portal_app.domain.money import total
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.entries import currency, payer_of, unused_credit
from portal_app.services.billing.views import ReceiptPart, ReceiptView, StaffPaymentRow, TodaysPayments

_MOST_ROWS = 200


def view_receipt(principal: Principal, payment_id: PaymentId) -> ReceiptView:
    """What was paid and which invoices it paid.

    Raises: NotFound for a payment that brought no money, or that another person made.
    """
    require_invoice_access(principal)
    with reading(principal.with_granted_accounts()) as tx:
        payment = tx.get_or_404(Payment, payment_id)
        by_another_payer = (
            payment.account_id in principal.granted_accounts and payment.payer_id != principal.patient_id
        )
        if payment.status not in RECEIVED or by_another_payer:
            raise NotFound
        return ReceiptView(
            payment_id=payment.id,
            number=payment.receipt_number or "",
            amount=payment.amount,
            refunded=payment.refunded,
            lost=payment.lost,
            status=payment.status,
            paid_at=payment.settled_at or payment.created_at,
            shown=payment.paid_with,
            payer=_payer(tx, payment),
            email=payment.receipt_to,
            parts=_receipt_parts(tx, payment.id),
            credit=unused_credit(tx, payment),
            posted=payment.posted,
            by_bank=payment.method in (Method.CARD, Method.BANK, Method.WALLET, Method.TERMINAL),
        )


def _payer(tx: Tx, payment: Payment) -> str:
    """The guarantor's name, where the reader may see them."""
    who = tx.get(Patient, payer_of(tx, payment))
    return who.full_name if who else ""


def _receipt_parts(tx: Tx, payment_id: PaymentId) -> tuple[ReceiptPart, ...]:
    rows = tx.exec(
        columns(Allocation, Invoice)
        .join(Invoice, col(Invoice.id) == Allocation.invoice_id)
        .where(Allocation.payment_id == payment_id)
        .order_by(col(Allocation.position))
    ).all()
    seen = _visible_lines(tx, [invoice.id for _, invoice in rows])
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


def _visible_lines(tx: Tx, ids: list[InvoiceId]) -> dict[InvoiceId, list[tuple[str, str]]]:
    """Given name and description of the invoice lines whose person the reader may see."""
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


def todays_payments(principal: Principal) -> TodaysPayments:
    """The payments of today in the practice's time zone, newest first. The sums are over all, the rows at most 200."""
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
            guarantor_names(principal, [row.account_id for row in rows[:_MOST_ROWS]]),
            _invoice_numbers(tx, rows[:_MOST_ROWS]),
        )
        return TodaysPayments(
            rows=tuple(_to_staff_row(row, names, numbers) for row in rows[:_MOST_ROWS]),
            received=total((row.amount for row in received), currency()),
            count=len(received),
            failed=sum(row.status is PaymentStatus.FAILED for row in rows),
            waiting=sum(row.status in IN_FLIGHT for row in rows),
        )


def _to_staff_row(
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
    """The guarantors' full names: all that staff without access to charts read of a person."""
    principal.require(Permission.VIEW_BILLING)
    with reading(system_principal("guarantors")) as tx:
        rows = tx.exec(
            columns(Account.id, *NAME_COLUMNS)
            .join(Patient, col(Patient.id) == Account.guarantor_id)
            .where(col(Account.id).in_(set(account_ids)))
        )
        return {id_: full_name(*names) for id_, *names in rows}


def _invoice_numbers(tx: Tx, rows: list[Any]) -> dict[PaymentId, list[str]]:
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
