"""Billing of a patient as staff see it: search, the patient's account, one payment, one invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, exists, func, select

from portal_app.clock import local_date
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry, Payment, Refund
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, Method, PaymentStatus
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accounts import list_being_posted
from portal_app.services.billing.invoices.overdue import overdue_invoices
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.ledger.entries import (
    allocations_of,
    as_money,
    balance_of,
    credit_of,
    currency,
)
from portal_app.services.billing.payments.refunds import refundable_amount
from portal_app.services.billing.views import InvoiceView, RecentPayment, RefundView
from portal_app.services.patients.matching import matches

PAGE = 25
_INVOICES = 50


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """A patient in the result of a search."""

    id: PatientId
    name: str
    chart_number: str
    birth_date: date | None  # None for staff who may not read charts
    guarantor: str  # "" when the patient is the guarantor
    balance: Money | None  # of the account; None without VIEW_BILLING
    active: bool


@dataclass(frozen=True, slots=True)
class PatientPage:
    """One page of found patients."""

    rows: tuple[FoundPatient, ...]
    page: int
    pages: int
    count: int


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """An invoice of the account, drafts too."""

    id: InvoiceId
    number: str
    status: InvoiceStatus
    overdue: bool
    issue_date: date
    due_date: date
    total: Money
    due: Money


@dataclass(frozen=True, slots=True)
class PatientBilling:
    """The billing account of a patient."""

    patient_id: PatientId
    name: str
    chart_number: str
    account_id: AccountId
    guarantor_id: PatientId
    guarantor: str
    people: tuple[tuple[PatientId, str], ...]  # of the account, the guarantor first
    balance: Money
    being_posted: tuple[RecentPayment, ...]
    will_owe: Money
    credit: Money
    owed: Money  # due of open invoices
    invoices: tuple[BilledInvoice, ...]  # newest first, at most 50, drafts too
    more_invoices: int


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """A payment as staff see it, with what may still be refunded."""

    id: PaymentId
    patient_id: PatientId
    who: str
    amount: Money
    refunded: Money
    refundable: Money
    status: PaymentStatus
    method: Method
    shown: str
    decline_code: str
    posted: bool
    at_processor: bool  # False: paid at the front desk, and refunded there
    on: date
    receipt_number: str
    note: str
    parts: tuple[tuple[InvoiceId, str, Money], ...]  # invoice id, number, and what of the payment pays it now
    refunds: tuple[RefundView, ...]


def find_patients(principal: Principal, text: str, *, page: int = 1) -> PatientPage:
    """Patients that match the text, 25 a page. Staff who may not read charts find guarantors only."""
    charts, money = principal.may(Permission.VIEW_PATIENTS), principal.may(Permission.VIEW_BILLING)
    if not (charts or money):
        raise PermissionDenied(Permission.VIEW_PATIENTS.value)
    if not text.strip():
        return PatientPage((), 1, 1, 0)
    fits = matches(text)
    if not charts:
        fits = fits & exists().where(col(Account.guarantor_id) == Patient.id)
    with reading(_system_for(principal)) as tx:
        count = tx.exec(select(func.count()).select_from(Patient).where(fits)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        wanted = select(Patient).where(fits)
        wanted = wanted.order_by(col(Patient.family_name), col(Patient.given_name), col(Patient.id))
        rows = tx.exec(wanted.offset((page - 1) * PAGE).limit(PAGE)).all()
        answer = PatientPage(tuple(_to_found_patients(tx, rows, charts, money)), page, pages, count)
    _audit_read(principal, "search:patients", details={"found": count})
    return answer


def _to_found_patients(tx: Tx, rows: Iterable[Patient], charts: bool, money: bool) -> list[FoundPatient]:
    rows = list(rows)
    accounts = {row.account_id for row in rows}
    sums = dict(
        tx.exec(
            select(LedgerEntry.account_id, func.sum(col(LedgerEntry.amount)))
            .where(col(LedgerEntry.account_id).in_(accounts))
            .group_by(LedgerEntry.account_id)
        ).all()
    )
    guarantors = _guarantors(tx, accounts)
    return [
        FoundPatient(
            id=row.id,
            name=row.full_name,
            chart_number=row.chart_number or "",
            birth_date=row.birth_date if charts else None,
            guarantor="" if guarantors[row.account_id].id == row.id else guarantors[row.account_id].full_name,
            balance=as_money(sums.get(row.account_id, 0)) if money else None,
            active=row.status is PatientStatus.ACTIVE,
        )
        for row in rows
    ]


def view_patient_billing(principal: Principal, patient_id: PatientId, *, note: bool = True) -> PatientBilling:
    """The billing account of a patient.

    Args:
        note: write the read into the audit trail; False when an open page refreshes.

    Raises: NotFound, also for a dependent when the viewer may not read charts.
    """
    principal.require(Permission.VIEW_BILLING)
    with reading(_system_for(principal)) as tx:
        row = tx.get_or_404(Patient, patient_id)
        guarantor = _guarantors(tx, {row.account_id})[row.account_id]
        if guarantor.id != row.id and not principal.may(Permission.VIEW_PATIENTS):
            raise NotFound
        waiting = tuple(list_being_posted(tx, row.account_id))
        balance = balance_of(tx, row.account_id)
        of_account = col(Invoice.account_id) == row.account_id
        newest = select(Invoice).where(of_account).order_by(col(Invoice.issue_date).desc(), col(Invoice.id))
        invoices = tx.exec(newest.limit(_INVOICES)).all()
        late = overdue_invoices(tx, invoices, row.account_id)
        count = tx.exec(select(func.count()).select_from(Invoice).where(of_account)).one()
        open_ = tx.exec(select(Invoice).where(of_account, col(Invoice.status).in_(sorted(PAYABLE)))).all()
        billing = PatientBilling(
            patient_id=row.id,
            name=row.full_name,
            chart_number=row.chart_number or "",
            account_id=row.account_id,
            guarantor_id=guarantor.id,
            guarantor=guarantor.full_name,
            people=_people(tx, row.account_id, guarantor.id),
            balance=balance,
            being_posted=waiting,
            will_owe=balance - total((p.kept for p in waiting), currency()),
            credit=credit_of(tx, row.account_id),
            owed=total((invoice.due for invoice in open_), currency()),
            invoices=tuple(_to_billed_invoice(invoice, invoice.id in late) for invoice in invoices),
            more_invoices=max(count - _INVOICES, 0),
        )
    if note:
        _audit_read(principal, "read:billing", subject=row.account_id, patient_id=patient_id)
    return billing


def view_payment(principal: Principal, payment_id: PaymentId, *, note: bool = True) -> PaymentDetail:
    """One payment: what it pays, what was refunded, what may still be refunded. `note` as above."""
    principal.require(Permission.VIEW_BILLING)
    with reading(_system_for(principal)) as tx:
        row = tx.get_or_404(Payment, payment_id)
        guarantor = _guarantors(tx, {row.account_id})[row.account_id]
        refunds = tx.exec(
            select(Refund).where(Refund.payment_id == payment_id).order_by(col(Refund.created_at))
        )
        detail = PaymentDetail(
            id=row.id,
            patient_id=guarantor.id,
            who=guarantor.full_name,
            amount=row.amount,
            refunded=row.refunded,
            refundable=refundable_amount(tx, row),
            status=row.status,
            method=row.method,
            shown=row.paid_with,
            decline_code=row.decline_code,
            posted=row.posted,
            at_processor=row.processor_intent_id is not None,
            on=local_date(row.settled_at or row.created_at),
            receipt_number=row.receipt_number or "",
            note=row.note,
            parts=tuple(
                (part.invoice_id, tx.get_or_404(Invoice, part.invoice_id).number, part.amount)
                for part in allocations_of(tx, payment_id)
                if part.amount
            ),
            refunds=tuple(
                RefundView(r.id, payment_id, r.amount, r.status, local_date(r.created_at)) for r in refunds
            ),
        )
    if note:
        _audit_read(principal, "read:payment", subject=payment_id, patient_id=guarantor.id)
    return detail


def view_staff_invoice(principal: Principal, invoice_id: InvoiceId) -> InvoiceView:
    """An invoice for staff, drafts too; the read is in the audit trail."""
    principal.require(Permission.VIEW_BILLING)
    view = view_invoice(principal, invoice_id)
    _audit_read(principal, "read:invoice", subject=invoice_id)
    return view


def _system_for(principal: Principal) -> Principal:
    """The system, for staff whose permission was checked: VIEW_BILLING covers all accounts, but no names."""
    return system_principal(f"desk for {principal.name}")


def _audit_read(principal: Principal, action: str, **facts: object) -> None:
    with transaction(_system_for(principal)) as tx:
        tx.add(audit.entry(principal, action, **facts))


def _guarantors(tx: Tx, accounts: set[AccountId]) -> dict[AccountId, Patient]:
    rows = tx.exec(
        columns(Account.id, Patient)
        .join(Patient, col(Patient.id) == Account.guarantor_id)
        .where(col(Account.id).in_(accounts))
    )
    return dict(rows.all())


def _people(tx: Tx, account_id: AccountId, guarantor_id: PatientId) -> tuple[tuple[PatientId, str], ...]:
    rows = tx.exec(
        select(Patient)
        .where(Patient.account_id == account_id, Patient.status == PatientStatus.ACTIVE)
        .order_by(col(Patient.birth_date), col(Patient.given_name))
    ).all()
    return tuple((p.id, p.full_name) for p in sorted(rows, key=lambda p: p.id != guarantor_id))


def _to_billed_invoice(row: Invoice, overdue: bool) -> BilledInvoice:
    return BilledInvoice(
        id=row.id,
        number=row.number,
        status=row.status,
        overdue=overdue,
        issue_date=row.issue_date,
        due_date=row.due_date,
        total=row.total,
        due=row.due if row.status in PAYABLE else row.due.zero(),
    )
