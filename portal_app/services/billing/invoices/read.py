"""What a patient reads of their bills."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlmodel import bindparam, col, func, literal_column, select, true

from portal_app.clock import local_date, now, today
from portal_app.db.scope import PreparedReading, Tx, prepared_reading, reading
from portal_app.db.select import columns
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import (
    Allocation,
    IntendedAllocation,
    Invoice,
    InvoiceLine,
    Payment,
    Refund,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.appointments import AHEAD
from portal_app.domain.billing.payments import due_order, overdue
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, InvoiceStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import InvoiceId, PatientId
from portal_app.services.billing.invoices.shared_invoices import adults_named
from portal_app.services.billing.ledger.entries import as_money
from portal_app.services.billing.payments.payability import link_payability, to_pay
from portal_app.services.billing.payments.saved_methods import payment_methods_of
from portal_app.services.billing.views import (
    InvoiceList,
    InvoiceRow,
    InvoiceView,
    LineView,
    NextAppointment,
    PaymentView,
    RefundView,
)
from portal_app.services.paging import rows_to_count

PAGE = 20
_DUE = col(Invoice.total) + col(Invoice.adjusted) - col(Invoice.allocated)
# Written into the question, not bound at every look.
_DRAFT, _PAID = (literal_column(f"'{status}'") for status in (InvoiceStatus.DRAFT, InvoiceStatus.PAID))
_PAYABLE = [literal_column(f"'{status}'") for status in sorted(PAYABLE)]
_OPEN = col(Invoice.status).in_(_PAYABLE)
# What is said by exclusion is read newest first until a page is full; what is said by name, from the
# index that begins with it: thousands of the others are not looked at.
SHOWN = {
    "all": col(Invoice.status) != _DRAFT,
    "to_pay": _OPEN,
    "paid": col(Invoice.status) == _PAID,
    "settled": col(Invoice.status).not_in([_DRAFT, *_PAYABLE]),
}
_ZERO = literal_column("0")
# Constants of the module, so that they are made ready once and not at every look.
_OF_PERSON = (
    columns(InvoiceLine.id)
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.patient_id == bindparam("person"))
    .exists()
)


def _figures(fits: Any) -> Any:
    """Owed, in how many bills; and how many bills fit the filter.

    What is owed is added over open bills alone, and what fits is counted no further than `most`:
    thousands of paid ones cost nothing.
    """
    owed = (
        columns(
            func.coalesce(func.sum(_DUE), _ZERO).label("owed"),
            func.count().label("owed_count"),
        )
        .select_from(Invoice)
        .where(_OPEN)
        .subquery()
    )
    counted = columns(Invoice.status).where(fits).limit(bindparam("most")).subquery()
    fitting = columns(func.count().label("fitting")).select_from(counted).subquery()
    online = columns(Practice.online_payments).where(Practice.id == "practice").scalar_subquery()
    return columns(*owed.c, *fitting.c, online.label("online")).select_from(owed).join(fitting, true())


_WANTED: tuple[Any, ...] = (
    col(Invoice.issue_date),
    col(Invoice.number),
    Invoice.id,
    Invoice.status,
    Invoice.due_date,
    Invoice.total,
    Invoice.adjusted,
    Invoice.allocated,
)


def _newest(fits: Any) -> Any:
    """One page of bills: the index gives the order, and it stops there."""
    newest = columns(*_WANTED).where(fits).order_by(*(at.desc() for at in _WANTED[:2]))
    return newest.limit(PAGE).offset(bindparam("skipped"))


def _oldest_due(fits: Any) -> Any:
    """What waits to be paid, in the order in which it is paid."""
    oldest = (Invoice.due_date, Invoice.issue_date, Invoice.number)
    return columns(*_WANTED).where(fits).order_by(*oldest).limit(PAGE)


_ASKED = {
    (show, one): (_newest(asked), _figures(asked))
    for show, fits in SHOWN.items()
    for one, asked in ((False, fits), (True, fits & _OF_PERSON))
}
_WAITING = {False: _oldest_due(_OPEN), True: _oldest_due(_OPEN & _OF_PERSON)}
_BOOKED = col(Appointment.status).in_([literal_column(f"'{status}'") for status in sorted(AHEAD)])
_LINES = (
    columns(InvoiceLine.invoice_id, InvoiceLine.patient_id, InvoiceLine.description)
    .where(col(InvoiceLine.invoice_id).in_(bindparam("invoices", expanding=True)))
    .order_by(col(InvoiceLine.position))
)
_AHEAD = (
    columns(
        Appointment.id,
        Patient.given_name,
        Appointment.provider,
        Appointment.location,
        Appointment.start,
        Appointment.minutes,
    )
    .join(Patient, col(Patient.id) == Appointment.patient_id)
    .where(_BOOKED, col(Appointment.start) >= bindparam("now"))
    .order_by(col(Appointment.start))
    .limit(1)
)
_PEOPLE = columns(Patient.id, Patient.given_name, Patient.account_id).order_by(
    Patient.birth_date, Patient.given_name
)


def may_see_invoices(principal: Principal) -> None:
    staff = principal.side is Side.STAFF
    principal.require(Permission.VIEW_BILLING if staff else Permission.MY_INVOICES)


def list_invoices(
    principal: Principal, *, show: str = "all", patient_id: PatientId | None = None, page: int = 1
) -> InvoiceList:
    """What waits, and one page of 20, newest first, of every account the viewer answers for."""
    may_see_invoices(principal)
    if show not in SHOWN:
        raise UserError("We could not find that.")
    shared = _shared_appointment(principal)
    with prepared_reading(principal) as look:
        people = {row[0]: row for row in look.fetch(_PEOPLE)}
        asked: dict[str, Any] = {}
        if patient_id is not None:
            asked["person"] = patient_id if patient_id in people else ""
        found, figures, page = _one_page(look, _ASKED[show, bool(asked)], asked, max(page, 1))
        waits = _in_due_order(look.fetch(_WAITING[bool(asked)], **asked)) if figures[1] else []
        waiting_count = len(waits) if len(waits) < PAGE else _waiting(look, asked, figures)
        appointment = shared or _next_appointment(look, principal)
        lines = _first_lines(look, {row[2] for row in (*found, *waits)})
    names, day = {key: row[1] for key, row in people.items()}, today()
    return InvoiceList(
        owed=as_money(figures[0]),
        owed_count=int(figures[1]),
        waiting=tuple(_row(row, lines.get(row[2], ()), names, day) for row in waits),
        waiting_count=waiting_count,
        rows=tuple(_row(row, lines.get(row[2], ()), names, day) for row in found),
        page=page,
        pages=max(1, -(-int(figures[2]) // PAGE)),
        count=int(figures[2]),
        people=_filter_by(principal, people.values()),
        next_appointment=appointment,
        online_payments=bool(figures[3]),
    )


def _one_page(
    look: PreparedReading, questions: Any, asked: dict[str, Any], page: int
) -> tuple[list[Any], Any, int]:
    """The rows of a page and the figures; past the last page it is the last one."""
    newest, figures = questions
    asked = {**asked, "most": rows_to_count(page, PAGE)}
    said = look.fetch(figures, **asked)[0]
    page = min(page, max(1, -(-int(said[2]) // PAGE)))
    rows = look.fetch(newest, **asked, skipped=(page - 1) * PAGE) if said[2] else []
    return rows, said, page


def _waiting(look: PreparedReading, asked: dict[str, Any], figures: Any) -> int:
    """How many wait, where they are more than a page: of everybody it is known already."""
    if not asked:
        return int(figures[1])
    said = look.fetch(_ASKED["to_pay", True][1], **asked, most=rows_to_count(1, PAGE))
    return int(said[0][2])


def _in_due_order(rows: list[Any]) -> list[Any]:
    """The database has ordered the days; of the same days the number decides, as a number."""
    if len({(row[4], row[0]) for row in rows}) == len(rows):
        return rows
    return sorted(rows, key=lambda row: due_order(row[4], row[0], row[1]))


def _first_lines(look: PreparedReading, ids: set[InvoiceId]) -> dict[InvoiceId, list[tuple[PatientId, str]]]:
    found: dict[InvoiceId, list[tuple[PatientId, str]]] = {}
    for invoice_id, who, what in look.fetch(_LINES, invoices=sorted(ids)) if ids else ():
        found.setdefault(invoice_id, []).append((who, what))
    return found


def _row(
    found: Any, lines: Sequence[tuple[PatientId, str]], names: dict[PatientId, str], day: date
) -> InvoiceRow:
    issued, number, id_, status, due_date, whole, adjusted, allocated = found
    seen = [(names[who], what) for who, what in lines if who in names]
    open_ = status in PAYABLE
    return InvoiceRow(
        id=id_,
        number=number,
        title=seen[0][1] if seen else "",
        more_lines=len(lines) - 1 if lines else 0,
        people=tuple(dict.fromkeys([name for name, _ in seen])),
        status=status,
        overdue=open_ and overdue(status, due_date, day),
        issue_date=issued,
        due_date=due_date,
        total=whole,
        due=whole + adjusted - allocated if open_ else as_money(0),
    )


def _filter_by(principal: Principal, people: Iterable[Any]) -> tuple[tuple[PatientId, str], ...]:
    if principal.side is not Side.PATIENT:
        return ()
    return tuple((id_, name) for id_, name, account_id in people if account_id in principal.accounts)


def _shared_appointment(principal: Principal) -> NextAppointment | None:
    """The next one, where other adults share theirs: of them, of themself, of their dependents."""
    if not principal.granted_patients:
        return None
    with prepared_reading(principal.with_granted_patients()) as look:
        return _next_appointment(look, principal)


def _next_appointment(look: PreparedReading, principal: Principal) -> NextAppointment | None:
    if not principal.may(Permission.MY_RECORDS) or principal.side is not Side.PATIENT:
        return None
    found = look.fetch(_AHEAD, now=now())
    return NextAppointment(*found[0]) if found else None


def view_invoice(principal: Principal, invoice_id: InvoiceId) -> InvoiceView:
    """One bill whole: lines, payments, what may be paid of it now and with what."""
    may_see_invoices(principal)
    with reading(principal.with_granted_accounts()) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
        anothers = invoice.account_id in principal.granted_accounts
        for_staff = principal.side is Side.STAFF
        if invoice.status is InvoiceStatus.DRAFT and not for_staff:
            raise NotFound
        answer = to_pay(tx, [invoice])
        lines = _lines(tx, invoice.id)
        seen = [line for line in lines if line.description]
        return InvoiceView(
            id=invoice.id,
            account_id=invoice.account_id,
            number=invoice.number,
            title=seen[0].description if seen else "",
            status=invoice.status,
            overdue=overdue(invoice.status, invoice.due_date, today()),
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            people=tuple(dict.fromkeys(line.person for line in seen)),
            provider=next((line.provider for line in seen if line.provider), ""),
            lines=lines,
            payments=_payments(tx, invoice.id, principal if anothers else None),
            total=invoice.total,
            adjusted=invoice.adjusted,
            paid=invoice.allocated,
            due=invoice.due if invoice.status in PAYABLE else invoice.due.zero(),
            payability=answer.payability,
            linkable=for_staff and link_payability(tx, invoice).why_not is None,
            sources=payment_methods_of(tx, invoice.account_id)
            if answer.channel.online and not anothers
            else (),
            refunds=_refunds(tx, invoice.id),
            whose=adults_named(principal).get(invoice.account_id, "") if anothers else "",
        )


def _lines(tx: Tx, invoice_id: InvoiceId) -> tuple[LineView, ...]:
    """Lines of persons the viewer may not see keep their amount and nothing else (DEP-4)."""
    rows = tx.exec(
        select(InvoiceLine)
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(col(InvoiceLine.position), col(InvoiceLine.id))
    ).all()
    wanted = {row.patient_id for row in rows}
    names = dict(tx.exec(columns(Patient.id, Patient.given_name).where(col(Patient.id).in_(wanted))).all())
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


def _payments(tx: Tx, invoice_id: InvoiceId, helper: Principal | None) -> tuple[PaymentView, ...]:
    """`helper` pays for another adult, and reads neither that adult's cards nor their receipts."""
    paid = tx.exec(
        columns(Payment, Allocation.amount)
        .join(Allocation, col(Allocation.payment_id) == Payment.id)
        .where(Allocation.invoice_id == invoice_id, col(Payment.status).in_(sorted(RECEIVED)))
    ).all()
    waiting = tx.exec(
        columns(Payment, IntendedAllocation.amount)
        .join(IntendedAllocation, col(IntendedAllocation.payment_id) == Payment.id)
        .where(IntendedAllocation.invoice_id == invoice_id, col(Payment.status).in_(sorted(IN_FLIGHT)))
    ).all()
    rows = sorted((*paid, *waiting), key=lambda row: row[0].settled_at or row[0].created_at)
    return tuple(
        PaymentView(
            id=payment.id,
            on=local_date(payment.settled_at or payment.created_at),
            amount=amount,
            status=payment.status,
            shown=payment.paid_with if open_ else "",
            method=payment.method,
            receipt_number=(payment.receipt_number or "") if open_ else "",
        )
        for payment, amount in rows
        for open_ in [helper is None or payment.payer_id == helper.patient_id]
    )


def _refunds(tx: Tx, invoice_id: InvoiceId) -> tuple[RefundView, ...]:
    rows = tx.exec(
        select(Refund)
        .join(IntendedAllocation, col(IntendedAllocation.payment_id) == Refund.payment_id)
        .where(IntendedAllocation.invoice_id == invoice_id)
        .order_by(col(Refund.created_at))
    )
    return tuple(
        RefundView(row.id, row.payment_id, row.amount, row.status, local_date(row.created_at)) for row in rows
    )
