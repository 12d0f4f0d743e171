"""The queries of the list of invoices. Module constants, so that they are built once and not on every call."""

from datetime import date
from typing import Any, NamedTuple

from sqlmodel import bindparam, col, func, literal_column, true

from portal_app.db.select import columns
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import (
    Invoice,
    InvoiceLine,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.appointments import AHEAD
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.ids import InvoiceId, PatientId
from portal_app.domain.money import Money

PAGE = 20
_DUE = col(Invoice.total) + col(Invoice.adjusted) - col(Invoice.allocated)


# Written into the query as literals, so that the partial indexes are used.
def _literal(text: str) -> Any:
    return literal_column(text)


_DRAFT, _PAID = (_literal(f"'{status}'") for status in (InvoiceStatus.DRAFT, InvoiceStatus.PAID))
_PAYABLE = [_literal(f"'{status}'") for status in sorted(PAYABLE)]
_OPEN = col(Invoice.status).in_(_PAYABLE)
# "all" and "settled" exclude statuses: they are read newest first until a page is full. "to_pay" and "paid"
# name them: they are read from the index that begins with the status, without touching the others.
FILTERS = {
    "all": col(Invoice.status) != _DRAFT,
    "to_pay": _OPEN,
    "paid": col(Invoice.status) == _PAID,
    "settled": col(Invoice.status).not_in([_DRAFT, *_PAYABLE]),
}
_ZERO = _literal("0")
_HAS_LINE_OF_PERSON = (
    columns(InvoiceLine.id)
    .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.patient_id == bindparam("person"))
    .exists()
)


class Totals(NamedTuple):
    """A row of `_totals_query`."""

    owed: Any  # Money, or minor units
    owed_count: int
    matching: int
    online_payments: bool


class InvoiceColumns(NamedTuple):
    """A row of `_newest_query` and `_oldest_due_query`: the columns of _ROW_COLUMNS."""

    issue_date: date
    number: str
    id: InvoiceId
    status: InvoiceStatus
    due_date: date
    total: Money
    adjusted: Money
    allocated: Money


class Line(NamedTuple):
    """Whose service a line is, and what it was."""

    patient_id: PatientId
    description: str


def _totals_query(fits: Any) -> Any:
    """Query of four figures: amount owed, number of open invoices, number that match the filter, online payments on.

    The amount is added over open invoices only, and matches are counted no further than `most`, so that
    thousands of paid invoices cost nothing.
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


_ROW_COLUMNS: tuple[Any, ...] = (
    col(Invoice.issue_date),
    col(Invoice.number),
    Invoice.id,
    Invoice.status,
    Invoice.due_date,
    Invoice.total,
    Invoice.adjusted,
    Invoice.allocated,
)


def _newest_query(fits: Any) -> Any:
    """Query of one page of invoices, newest first, in the order of the index."""
    newest = columns(*_ROW_COLUMNS).where(fits).order_by(*(at.desc() for at in _ROW_COLUMNS[:2]))
    return newest.limit(PAGE).offset(bindparam("skipped"))


def _oldest_due_query(fits: Any) -> Any:
    """Query of the first page of invoices to pay, in the order in which they are paid."""
    oldest = (Invoice.due_date, Invoice.issue_date, Invoice.number)
    return columns(*_ROW_COLUMNS).where(fits).order_by(*oldest).limit(PAGE)


PAGE_QUERIES = {
    (show, one): (_newest_query(filters), _totals_query(filters))
    for show, fits in FILTERS.items()
    for one, filters in ((False, fits), (True, fits & _HAS_LINE_OF_PERSON))
}
TO_PAY_QUERIES = {False: _oldest_due_query(_OPEN), True: _oldest_due_query(_OPEN & _HAS_LINE_OF_PERSON)}
_UPCOMING = col(Appointment.status).in_([literal_column(f"'{status}'") for status in sorted(AHEAD)])
LINES = (
    columns(InvoiceLine.invoice_id, InvoiceLine.patient_id, InvoiceLine.description)
    .where(col(InvoiceLine.invoice_id).in_(bindparam("invoices", expanding=True)))
    .order_by(col(InvoiceLine.position))
)
NEXT_APPOINTMENT = (
    columns(
        Appointment.id,
        Patient.given_name,
        Appointment.provider,
        Appointment.location,
        Appointment.start,
        Appointment.minutes,
    )
    .join(Patient, col(Patient.id) == Appointment.patient_id)
    .where(_UPCOMING, col(Appointment.start) >= bindparam("now"))
    .order_by(col(Appointment.start))
    .limit(1)
)
PEOPLE = columns(Patient.id, Patient.given_name, Patient.account_id).order_by(
    Patient.birth_date, Patient.given_name
)
