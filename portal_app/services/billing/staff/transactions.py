"""Everything that moved money, or tried to: searched and paged in the database, for staff."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, literal, or_, select, union_all

from portal_app.clock import zone
from portal_app.db import audit
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    Payment,
    Refund,
)
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.ids import AccountId
from portal_app.services.billing.staff.transaction_rows import Kind, Transaction, filled, guarantors
from portal_app.services.patients.matching import matches

PAGE = 50
_BATCH = 500


class State(StrEnum):
    """What one filters by; the statuses of payments and refunds, as the desk speaks of them."""

    RECEIVED = "received"
    TO_POST = "to_post"
    ON_ITS_WAY = "on_its_way"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Search:
    """`text`: a name, a chart, invoice or receipt number, or a part of one; '%' and '_' mean themselves."""

    text: str = ""
    kind: Kind | None = None
    state: State | None = None
    account_id: AccountId | None = None
    first: date | None = None  # days of the practice, both included
    last: date | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    rows: tuple[Transaction, ...]
    page: int
    pages: int
    count: int
    to_post: int  # payments that wait, over all
    account_name: str  # of the person one looks at


def search_transactions(principal: Principal, search: Search, *, page: int = 1) -> TransactionPage:
    """Newest first, 50 a page; a page past the end is the last one."""
    principal.require(Permission.VIEW_BILLING)
    with reading(_errand(principal)) as tx:
        found = _found(search)
        count = tx.exec(select(func.count()).select_from(found)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        newest = select(*found.c).order_by(found.c.at.desc(), found.c.id)
        rows = tx.exec(newest.offset((page - 1) * PAGE).limit(PAGE)).all()
        account = search.account_id
        names = guarantors(tx, {account}) if account else {}
        waiting = select(func.count()).where(_TO_POST)
        return TransactionPage(
            rows=tuple(filled(tx, rows)),
            page=page,
            pages=pages,
            count=count,
            to_post=tx.exec(waiting).one(),
            account_name=names[account][1] if account in names else "",
        )


def export_transactions(principal: Principal, search: Search) -> list[Transaction]:
    """All that fits, newest first; leaves a line in the trail with how many there were."""
    principal.require(Permission.EXPORT)
    principal.require(Permission.VIEW_BILLING)
    made: list[Transaction] = []
    with reading(_errand(principal)) as tx:
        found = _found(search)
        rows = tx.exec(select(*found.c).order_by(found.c.at.desc(), found.c.id)).all()
        for start in range(0, len(rows), _BATCH):
            made += filled(tx, rows[start : start + _BATCH])
    with transaction(_errand(principal)) as tx:
        tx.add(audit.entry(principal, "export:transactions", details={"rows": len(made)}))
    return made


def _errand(principal: Principal) -> Principal:
    """VIEW_BILLING is every account; names of guarantors are read by the portal for whoever has it."""
    return system_principal(f"transactions for {principal.name}")


# --- one question ------------------------------------------------------------------------------
_TO_POST = col(Payment.posted).is_(False) & col(Payment.status).in_(sorted(RECEIVED))
_STATES: dict[State, Any] = {
    State.RECEIVED: col(Payment.status).in_(sorted(RECEIVED)),
    State.TO_POST: _TO_POST,
    State.ON_ITS_WAY: col(Payment.status).in_(sorted(IN_FLIGHT)),
    State.FAILED: col(Payment.status).in_([PaymentStatus.FAILED, PaymentStatus.CANCELLED]),
    State.REFUNDED: col(Payment.status).in_([PaymentStatus.REFUNDED, PaymentStatus.PARTLY_REFUNDED]),
    State.DISPUTED: col(Payment.status) == PaymentStatus.DISPUTED,
}
_REFUND_STATES = {
    State.REFUNDED: RefundStatus.SUCCEEDED,
    State.ON_ITS_WAY: RefundStatus.PROCESSING,
    State.FAILED: RefundStatus.FAILED,
}
_OTHERS = {
    Kind.CHARGE: (EntryKind.CHARGE,),
    Kind.ADJUSTMENT: (EntryKind.ADJUSTMENT, EntryKind.REVERSAL),
}


def _found(search: Search) -> Any:
    """kind, id and moment of all that fits, as one table."""
    asked = []
    if search.kind in (None, Kind.PAYMENT):
        asked.append(_payments(search))
    if search.kind in (None, Kind.REFUND) and (search.state is None or search.state in _REFUND_STATES):
        asked.append(_refunds(search))
    if search.state is None:
        kinds = [search.kind] if search.kind in _OTHERS else [] if search.kind else list(_OTHERS)
        asked += [_entries(search, kind) for kind in kinds]
    if not asked:  # charges are in no state: nothing fits
        asked.append(_payments(search).where(literal(False)))
    return (union_all(*asked) if len(asked) > 1 else asked[0]).subquery()


def _payments(search: Search) -> Any:
    at = func.coalesce(col(Payment.settled_at), col(Payment.created_at))
    wanted = select(literal(Kind.PAYMENT.value).label("kind"), col(Payment.id).label("id"), at.label("at"))
    if search.state:
        wanted = wanted.where(_STATES[search.state])
    if search.text:
        wanted = wanted.where(
            or_(
                _has(Payment.receipt_number, search.text),
                *_for_invoices(Payment.id, search.text),
                col(Payment.account_id).in_(_of_people(search.text)),
            )
        )
    return _narrowed(wanted, Payment, at, search)


def _refunds(search: Search) -> Any:
    at = func.coalesce(col(Refund.settled_at), col(Refund.created_at))
    wanted = select(literal(Kind.REFUND.value).label("kind"), col(Refund.id).label("id"), at.label("at"))
    if search.state:
        wanted = wanted.where(Refund.status == _REFUND_STATES[search.state])
    if search.text:
        of_payments = select(Payment.id).where(_has(Payment.receipt_number, search.text))
        wanted = wanted.where(
            or_(
                col(Refund.payment_id).in_(of_payments),
                *_for_invoices(Refund.payment_id, search.text),
                col(Refund.account_id).in_(_of_people(search.text)),
            )
        )
    return _narrowed(wanted, Refund, at, search)


def _entries(search: Search, kind: Kind) -> Any:
    at = col(LedgerEntry.posted_at)
    wanted = select(literal(kind.value).label("kind"), col(LedgerEntry.id).label("id"), at.label("at"))
    wanted = wanted.where(col(LedgerEntry.kind).in_(_OTHERS[kind]))
    if search.text:
        of_invoices = select(Invoice.id).where(_has(Invoice.number, search.text))
        wanted = wanted.where(
            or_(
                col(LedgerEntry.invoice_id).in_(of_invoices),
                col(LedgerEntry.account_id).in_(_of_people(search.text)),
            )
        )
    return _narrowed(wanted, LedgerEntry, at, search)


def _narrowed(wanted: Any, table: Any, at: Any, search: Search) -> Any:
    if search.account_id:
        wanted = wanted.where(table.account_id == search.account_id)
    if search.first and search.first.year > 1900:
        wanted = wanted.where(at >= datetime.combine(search.first, time(), zone()))
    if search.last and search.last.year < 9000:  # the calendar's last day has none after it
        wanted = wanted.where(at < datetime.combine(search.last + timedelta(days=1), time(), zone()))
    return wanted


def _for_invoices(payment_id: Any, text: str) -> list[Any]:
    """Payments that pay, or meant to pay, a bill whose number is meant."""
    return [
        col(payment_id).in_(
            select(table.payment_id)
            .join(Invoice, col(Invoice.id) == table.invoice_id)
            .where(_has(Invoice.number, text))
        )
        for table in (IntendedAllocation, Allocation)
    ]


def _has(column: Any, text: str) -> Any:
    return col(column).icontains(text, autoescape=True)


def _of_people(text: str) -> Any:
    """Accounts whose guarantor is meant by a name, a part of one, or a chart number."""
    return select(Account.id).join(Patient, col(Patient.id) == Account.guarantor_id).where(matches(text))
