"""What patients read of their invoices: the list, and one invoice."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import col, select

from portal_app.clock import local_date, now
from portal_app.db.scope import PreparedReading, Tx, prepared_reading, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import (
    Allocation,
    IntendedAllocation,
    Invoice,
    InvoiceLine,
    Payment,
    Refund,
)
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.billing.payments import due_order
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, PatientId
from portal_app.services.billing.errors import UnknownFilter
from portal_app.services.billing.invoices.list_queries import (
    FILTERS,
    LINES,
    NEXT_APPOINTMENT,
    PAGE,
    PAGE_QUERIES,
    PEOPLE,
    TO_PAY_QUERIES,
    InvoiceColumns,
    Line,
    Totals,
)
from portal_app.services.billing.invoices.overdue import late_invoices, overdue_invoices
from portal_app.services.billing.invoices.shared_invoices import names_of_sharing_adults
from portal_app.services.billing.ledger.entries import as_money
from portal_app.services.billing.payments.payability import read_link_payability, read_payability
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

# Written into the query as literals, so that the partial indexes are used.


def require_invoice_access(principal: Principal) -> None:
    """Staff need VIEW_BILLING, patients MY_INVOICES. Raises: PermissionDenied."""
    staff = principal.side is Side.STAFF
    principal.require(Permission.VIEW_BILLING if staff else Permission.MY_INVOICES)


def list_invoices(
    principal: Principal, *, show: str = "all", patient_id: PatientId | None = None, page: int = 1
) -> InvoiceList:
    """The invoices to pay, and one page of 20 invoices, newest first, over all accounts of the viewer.

    Args:
        show: one of FILTERS.
        patient_id: only invoices with a line of this person.

    Raises: UnknownFilter.
    """
    require_invoice_access(principal)
    if show not in FILTERS:
        raise UnknownFilter
    of_others = _shared_appointment(principal)
    with prepared_reading(principal) as queries:
        people = queries.fetch(PEOPLE)
        names: dict[PatientId, str] = {id_: name for id_, name, _ in people}
        filters: dict[str, Any] = {}
        if patient_id is not None:
            filters["person"] = patient_id if patient_id in names else ""
        found, totals, page = _read_page(queries, PAGE_QUERIES[show, bool(filters)], filters, max(page, 1))
        to_pay = _first_to_pay(queries, filters) if totals.owed_count else []
        waiting_count = len(to_pay) if len(to_pay) < PAGE else _count_to_pay(queries, filters, totals)
        appointment = of_others or _next_appointment(queries, principal)
        lines = _first_lines(queries, {row.id for row in (*found, *to_pay)})
    late = _overdue(principal, (*found, *to_pay))
    return InvoiceList(
        owed=as_money(totals.owed),
        owed_count=int(totals.owed_count),
        waiting=tuple(_to_row(row, lines.get(row.id, ()), names, row.id in late) for row in to_pay),
        waiting_count=waiting_count,
        rows=tuple(_to_row(row, lines.get(row.id, ()), names, row.id in late) for row in found),
        page=page,
        pages=max(1, -(-totals.matching // PAGE)),
        count=totals.matching,
        people=_people_to_filter_by(principal, people),
        next_appointment=appointment,
        online_payments=bool(totals.online_payments),
    )


def _read_page(
    queries: PreparedReading, page_queries: Any, filters: dict[str, Any], page: int
) -> tuple[list[InvoiceColumns], Totals, int]:
    """The rows of a page, the totals and the page's number: past the last page it is the last one."""
    newest_query, totals_query = page_queries
    filters = {**filters, "most": rows_to_count(page, PAGE)}
    totals = Totals(*queries.fetch(totals_query, **filters)[0])
    page = min(page, max(1, -(-totals.matching // PAGE)))
    rows = queries.fetch(newest_query, **filters, skipped=(page - 1) * PAGE) if totals.matching else []
    return [InvoiceColumns(*row) for row in rows], totals, page


def _count_to_pay(queries: PreparedReading, filters: dict[str, Any], totals: Totals) -> int:
    """How many invoices are to be paid, when they fill more than a page. Without a filter it is known already."""
    if not filters:
        return int(totals.owed_count)
    counted = queries.fetch(PAGE_QUERIES["to_pay", True][1], **filters, most=rows_to_count(1, PAGE))
    return Totals(*counted[0]).matching


def _first_to_pay(queries: PreparedReading, filters: dict[str, Any]) -> list[InvoiceColumns]:
    """The first page of invoices to pay, in the order in which they are paid.

    The database has ordered them by day; those of the same days are ordered by number here, 9 before 10.
    """
    rows = [InvoiceColumns(*row) for row in queries.fetch(TO_PAY_QUERIES[bool(filters)], **filters)]
    if len({(row.due_date, row.issue_date) for row in rows}) == len(rows):
        return rows
    return sorted(rows, key=lambda row: due_order(row.due_date, row.issue_date, row.number))


def _first_lines(queries: PreparedReading, ids: set[InvoiceId]) -> dict[InvoiceId, list[Line]]:
    """The lines of these invoices, in order."""
    found: dict[InvoiceId, list[Line]] = {}
    for invoice_id, person, description in queries.fetch(LINES, invoices=sorted(ids)) if ids else ():
        found.setdefault(invoice_id, []).append(Line(person, description))
    return found


def _overdue(principal: Principal, invoices: Sequence[InvoiceColumns]) -> frozenset[InvoiceId]:
    """Those whose due date has passed, but for those that a scheduled try of automatic payment will pay."""
    if not late_invoices(invoices):
        return frozenset()
    with reading(principal.with_granted_accounts()) as tx:
        return overdue_invoices(tx, invoices)


def _to_row(
    invoice: InvoiceColumns, lines: Sequence[Line], names: dict[PatientId, str], overdue: bool
) -> InvoiceRow:
    visible = [line for line in lines if line.patient_id in names]
    is_open = invoice.status in PAYABLE
    return InvoiceRow(
        id=invoice.id,
        number=invoice.number,
        title=visible[0].description if visible else "",
        more_lines=len(lines) - 1 if lines else 0,
        people=tuple(dict.fromkeys([names[line.patient_id] for line in visible])),
        status=invoice.status,
        overdue=overdue,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        total=invoice.total,
        due=invoice.total + invoice.adjusted - invoice.allocated if is_open else as_money(0),
    )


def _people_to_filter_by(principal: Principal, people: Iterable[Any]) -> tuple[tuple[PatientId, str], ...]:
    if principal.side is not Side.PATIENT:
        return ()
    return tuple((id_, name) for id_, name, account_id in people if account_id in principal.accounts)


def _shared_appointment(principal: Principal) -> NextAppointment | None:
    """The next appointment, when other adults share theirs: of them, the viewer and the viewer's dependents."""
    if not principal.granted_patients:
        return None
    with prepared_reading(principal.with_granted_patients()) as queries:
        return _next_appointment(queries, principal)


def _next_appointment(queries: PreparedReading, principal: Principal) -> NextAppointment | None:
    if not principal.may(Permission.MY_RECORDS) or principal.side is not Side.PATIENT:
        return None
    found = queries.fetch(NEXT_APPOINTMENT, now=now())
    return NextAppointment(*found[0]) if found else None


def view_invoice(principal: Principal, invoice_id: InvoiceId) -> InvoiceView:
    """One invoice with its lines, payments, refunds, and what may be paid of it now and with which payment methods.

    Raises: NotFound; for patients also when it is a draft.
    """
    require_invoice_access(principal)
    with reading(principal.with_granted_accounts()) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
        shared = invoice.account_id in principal.granted_accounts
        for_staff = principal.side is Side.STAFF
        if invoice.status is InvoiceStatus.DRAFT and not for_staff:
            raise NotFound
        answer = read_payability(tx, [invoice])
        lines = _lines(tx, invoice.id)
        visible = [line for line in lines if line.description]
        return InvoiceView(
            id=invoice.id,
            account_id=invoice.account_id,
            number=invoice.number,
            title=visible[0].description if visible else "",
            status=invoice.status,
            overdue=invoice.id in overdue_invoices(tx, [invoice], invoice.account_id),
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            people=tuple(dict.fromkeys(line.person for line in visible)),
            provider=next((line.provider for line in visible if line.provider), ""),
            lines=lines,
            payments=_payments(tx, invoice.id, principal if shared else None),
            total=invoice.total,
            adjusted=invoice.adjusted,
            paid=invoice.allocated,
            due=invoice.due if invoice.status in PAYABLE else invoice.due.zero(),
            payability=answer.payability,
            linkable=for_staff and read_link_payability(tx, invoice).why_not is None,
            payment_methods=payment_methods_of(tx, invoice.account_id)
            if answer.channel.online and not shared
            else (),
            refunds=_refunds(tx, invoice.id),
            shared_by=names_of_sharing_adults(principal).get(invoice.account_id, "") if shared else "",
        )


def _lines(tx: Tx, invoice_id: InvoiceId) -> tuple[LineView, ...]:
    """The invoice's lines; of people whom the viewer may not see only the amount (DEP-4)."""
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
    """The invoice's payments. `helper` pays for another adult and reads neither their cards nor their receipts."""
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
