"""What a patient reads of their bills."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import case, col, func, select

from portal_app.clock import local_date, now, today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import (
    Allocation,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentPart,
    Refund,
)
from portal_app.db.tables.families import Patient
from portal_app.domain import billing as rules
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.appointments import AHEAD
from portal_app.domain.billing import IN_FLIGHT, PAYABLE, RECEIVED, InvoiceStatus
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import InvoiceId, PatientId
from portal_app.domain.money import Money
from portal_app.services.billing.books import as_money, attempts_on
from portal_app.services.billing.sources import sources_of
from portal_app.services.billing.views import (
    HeldPayment,
    InvoiceList,
    InvoiceRow,
    InvoiceView,
    LineView,
    NextAppointment,
    PaymentView,
    RefundView,
)
from portal_app.services.practice import practice

PAGE = 20
SHOWN = {
    "all": frozenset(InvoiceStatus) - {InvoiceStatus.DRAFT},
    "to_pay": PAYABLE,
    "paid": frozenset({InvoiceStatus.PAID}),
    "settled": frozenset(InvoiceStatus) - {InvoiceStatus.DRAFT} - PAYABLE,
}
_DUE = col(Invoice.total) + col(Invoice.adjusted) - col(Invoice.allocated)
_OPEN = col(Invoice.status).in_(sorted(PAYABLE))
_NEWEST = (
    select(
        Invoice.id,
        Invoice.number,
        Invoice.status,
        Invoice.issue_date,
        Invoice.due_date,
        Invoice.total,
        Invoice.adjusted,
        Invoice.allocated,
    )
    .order_by(col(Invoice.issue_date).desc(), col(Invoice.number).desc())
    .limit(PAGE)
)
_PEOPLE = select(Patient.id, Patient.given_name, Patient.account_id).order_by(
    Patient.birth_date, Patient.given_name
)


def may_see_bills(principal: Principal) -> None:
    staff = principal.side is Side.STAFF
    principal.require(Permission.VIEW_BILLING if staff else Permission.MY_BILLS)


def list_invoices(
    principal: Principal, *, show: str = "all", patient_id: PatientId | None = None, page: int = 1
) -> InvoiceList:
    """One page of 20, newest first, of every account the viewer answers for."""
    may_see_bills(principal)
    if show not in SHOWN:
        raise Refused("We could not find that.")
    with reading(principal) as tx:
        people = {row[0]: row for row in tx.exec(_PEOPLE)}
        fits = [col(Invoice.status).in_(sorted(SHOWN[show]))]
        if patient_id is not None:
            theirs = select(InvoiceLine.invoice_id).where(InvoiceLine.patient_id == patient_id)
            fits.append(col(Invoice.id).in_(theirs) if patient_id in people else col(Invoice.id).in_(()))
        owed, owed_count, overdue_count, count = _figures(tx, fits)
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        found = tx.exec(_NEWEST.where(*fits).offset((page - 1) * PAGE)).all() if count else []
        lines = _first_lines(tx, [row[0] for row in found])
        names = {key: row[1] for key, row in people.items()}
        return InvoiceList(
            owed=owed,
            owed_count=owed_count,
            overdue_count=overdue_count,
            rows=tuple(_row(row, lines.get(row[0], []), names) for row in found),
            page=page,
            pages=pages,
            count=count,
            people=_filter_by(principal, people.values()),
            next_appointment=_next_appointment(tx, principal),
            online_payments=practice(tx).online_payments,
        )


def _figures(tx: Tx, fits: list[Any]) -> tuple[Money, int, int, int]:
    """Owed, in how many bills, of which overdue; and how many bills fit the filter."""
    late = _OPEN & (col(Invoice.due_date) < today())
    fitting = fits[0] if len(fits) == 1 else fits[0] & fits[1]
    row = tx.exec(
        select(
            func.coalesce(func.sum(case((_OPEN, _DUE), else_=0)), 0),
            func.coalesce(func.sum(case((_OPEN, 1), else_=0)), 0),
            func.coalesce(func.sum(case((late, 1), else_=0)), 0),
            func.coalesce(func.sum(case((fitting, 1), else_=0)), 0),
        ).select_from(Invoice)
    ).one()
    return as_money(row[0]), int(row[1]), int(row[2]), int(row[3])


def _first_lines(tx: Tx, ids: list[InvoiceId]) -> dict[InvoiceId, list[tuple[PatientId, str]]]:
    found: dict[InvoiceId, list[tuple[PatientId, str]]] = {}
    if ids:
        wanted = col(InvoiceLine.invoice_id).in_(ids)
        rows = select(InvoiceLine.invoice_id, InvoiceLine.patient_id, InvoiceLine.description)
        for invoice_id, who, what in tx.exec(rows.where(wanted).order_by(col(InvoiceLine.position))):
            found.setdefault(invoice_id, []).append((who, what))
    return found


def _row(found: Any, lines: Iterable[tuple[PatientId, str]], names: dict[PatientId, str]) -> InvoiceRow:
    id_, number, status, issued, due_date, whole, adjusted, allocated = found
    lines = list(lines)
    seen = [(names[who], what) for who, what in lines if who in names]
    return InvoiceRow(
        id=id_,
        number=number,
        title=seen[0][1] if seen else "",
        more_lines=max(len(lines) - 1, 0),
        people=tuple(dict.fromkeys(name for name, _ in seen)),
        status=status,
        overdue=rules.overdue(status, due_date, today()),
        issue_date=issued,
        due_date=due_date,
        total=whole,
        due=whole + adjusted - allocated if status in PAYABLE else whole.zero(),
    )


def _filter_by(principal: Principal, people: Iterable[Any]) -> tuple[tuple[PatientId, str], ...]:
    if principal.side is not Side.PATIENT:
        return ()
    return tuple((id_, name) for id_, name, account_id in people if account_id in principal.accounts)


def _next_appointment(tx: Tx, principal: Principal) -> NextAppointment | None:
    if not principal.may(Permission.MY_RECORDS) or principal.side is not Side.PATIENT:
        return None
    ahead = select(Appointment, Patient.given_name).join(Patient, col(Patient.id) == Appointment.patient_id)
    ahead = ahead.where(col(Appointment.status).in_(sorted(AHEAD)), col(Appointment.start) >= now())
    found = tx.exec(ahead.order_by(col(Appointment.start)).limit(1)).first()
    if found is None:
        return None
    visit, name = found
    return NextAppointment(visit.id, name, visit.provider, visit.location, visit.start, visit.minutes)


def view_invoice(principal: Principal, invoice_id: InvoiceId) -> InvoiceView:
    """One bill whole: lines, payments, what may be paid of it now and with what."""
    may_see_bills(principal)
    with reading(principal) as tx:
        invoice = tx.find(Invoice, invoice_id)
        if invoice.status is InvoiceStatus.DRAFT and principal.side is not Side.STAFF:
            raise NotFound
        lines = _lines(tx, invoice.id)
        seen = [line for line in lines if line.description]
        facts = practice(tx)
        open_ = invoice.status in PAYABLE
        attempts = attempts_on(tx, [invoice.id]).get(invoice.id, [])
        due = invoice.due if open_ else invoice.due.zero()
        payable = rules.payable(due, (attempt.amount for attempt in attempts))
        held = rules.holding(attempts)
        return InvoiceView(
            id=invoice.id,
            account_id=invoice.account_id,
            number=invoice.number,
            title=seen[0].description if seen else "",
            status=invoice.status,
            overdue=rules.overdue(invoice.status, invoice.due_date, today()),
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            people=tuple(dict.fromkeys(line.person for line in seen)),
            provider=next((line.provider for line in seen if line.provider), ""),
            lines=lines,
            payments=_payments(tx, invoice.id),
            total=invoice.total,
            adjusted=invoice.adjusted,
            paid=invoice.allocated,
            due=due,
            payable=payable,
            smallest=rules.smallest(payable, facts.minimum_payment),
            sources=sources_of(tx, invoice.account_id) if facts.online_payments else (),
            held=HeldPayment(held.id, held.amount, held.status, held.known) if held else None,
            online_payments=facts.online_payments,
            too_small=bool(payable) and payable < rules.processor_minimum(payable.currency),
            refunds=_refunds(tx, invoice.id),
        )


def _lines(tx: Tx, invoice_id: InvoiceId) -> tuple[LineView, ...]:
    """Lines of persons the viewer may not see keep their amount and nothing else (DEP-4)."""
    rows = tx.exec(
        select(InvoiceLine)
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(col(InvoiceLine.position), col(InvoiceLine.id))
    ).all()
    wanted = {row.patient_id for row in rows}
    names = dict(tx.exec(select(Patient.id, Patient.given_name).where(col(Patient.id).in_(wanted))).all())
    shown = []
    for row in rows:
        if row.patient_id in names:
            shown.append(
                LineView(
                    description=row.description,
                    person=names[row.patient_id],
                    service_date=row.service_date,
                    quantity=row.quantity,
                    unit_amount=row.unit_amount,
                    amount=row.amount,
                    provider=row.provider,
                    code=row.code,
                )
            )
        else:
            shown.append(LineView("", "", None, 1, None, row.amount))
    return tuple(shown)


def _payments(tx: Tx, invoice_id: InvoiceId) -> tuple[PaymentView, ...]:
    paid = tx.exec(
        select(Payment, Allocation.amount)
        .join(Allocation, col(Allocation.payment_id) == Payment.id)
        .where(Allocation.invoice_id == invoice_id, col(Payment.status).in_(sorted(RECEIVED)))
    ).all()
    waiting = tx.exec(
        select(Payment, PaymentPart.amount)
        .join(PaymentPart, col(PaymentPart.payment_id) == Payment.id)
        .where(PaymentPart.invoice_id == invoice_id, col(Payment.status).in_(sorted(IN_FLIGHT)))
    ).all()
    rows = sorted((*paid, *waiting), key=lambda row: row[0].settled_at or row[0].created_at)
    return tuple(
        PaymentView(
            id=payment.id,
            on=local_date(payment.settled_at or payment.created_at),
            amount=amount,
            status=payment.status,
            shown=payment.source_shown,
            method=payment.method,
            receipt_number=payment.receipt_number or "",
        )
        for payment, amount in rows
    )


def _refunds(tx: Tx, invoice_id: InvoiceId) -> tuple[RefundView, ...]:
    rows = tx.exec(
        select(Refund)
        .join(PaymentPart, col(PaymentPart.payment_id) == Refund.payment_id)
        .where(PaymentPart.invoice_id == invoice_id)
        .order_by(col(Refund.created_at))
    )
    return tuple(
        RefundView(row.id, row.payment_id, row.amount, row.status, local_date(row.created_at)) for row in rows
    )
