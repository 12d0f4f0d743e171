"""All payments, refunds and ledger entries, for staff: searched and paged in the database."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, literal, or_, select, union_all

from portal_app.clock import zone
from portal_app.db import audit
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
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
from portal_app.services.billing.staff.transaction_rows import (
    Transaction,
    TransactionKind,
    guarantors_of,
    load_transactions,
)
from portal_app.services.patients.matching import matches

PAGE = 50
_BATCH = 500


class TransactionFilter(StrEnum):
    """The filters of the page: statuses of payments and refunds, as staff speak of them."""

    RECEIVED = "received"
    TO_POST = "to_post"
    ON_ITS_WAY = "on_its_way"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class TransactionSearch:
    """What to search for. `text` is a part of a name or of a chart, invoice or receipt number."""

    text: str = ""
    kind: TransactionKind | None = None
    state: TransactionFilter | None = None
    account_id: AccountId | None = None
    first: date | None = None  # days of the practice, both included
    last: date | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """One page of transactions."""

    rows: tuple[Transaction, ...]
    page: int
    pages: int
    count: int
    to_post: int  # payments that wait to be posted, of all accounts
    account_name: str  # the guarantor's name, when the search is for one account


def search_transactions(principal: Principal, search: TransactionSearch, *, page: int = 1) -> TransactionPage:
    """The transactions that match, newest first, 50 a page; a page past the end is the last one."""
    principal.require(Permission.VIEW_BILLING)
    with reading(_system_for(principal)) as tx:
        found = _matching(search)
        count = tx.exec(columns(func.count()).select_from(found)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        newest = columns(*found.c).order_by(found.c.at.desc(), found.c.id)
        rows = tx.exec(newest.offset((page - 1) * PAGE).limit(PAGE)).all()
        account = search.account_id
        names = guarantors_of(tx, {account}) if account else {}
        waiting = select(func.count()).where(_TO_POST)
        return TransactionPage(
            rows=tuple(load_transactions(tx, rows)),
            page=page,
            pages=pages,
            count=count,
            to_post=tx.exec(waiting).one(),
            account_name=names[account].name if account and account in names else "",
        )


def export_transactions(principal: Principal, search: TransactionSearch) -> list[Transaction]:
    """All transactions that match, newest first; their number is written into the audit trail."""
    principal.require(Permission.EXPORT)
    principal.require(Permission.VIEW_BILLING)
    found: list[Transaction] = []
    with reading(_system_for(principal)) as tx:
        matching = _matching(search)
        rows = tx.exec(columns(*matching.c).order_by(matching.c.at.desc(), matching.c.id)).all()
        for start in range(0, len(rows), _BATCH):
            found += load_transactions(tx, rows[start : start + _BATCH])
    with transaction(_system_for(principal)) as tx:
        tx.add(audit.entry(principal, "export:transactions", details={"rows": len(found)}))
    return found


def _system_for(principal: Principal) -> Principal:
    """The system, for staff whose permission was checked: VIEW_BILLING covers all accounts, but no names."""
    return system_principal(f"transactions for {principal.name}")


# --- the query ---------------------------------------------------------------------------------
_TO_POST = col(Payment.posted).is_(False) & col(Payment.status).in_(sorted(RECEIVED))
_PAYMENT_FILTERS: dict[TransactionFilter, Any] = {
    TransactionFilter.RECEIVED: col(Payment.status).in_(sorted(RECEIVED)),
    TransactionFilter.TO_POST: _TO_POST,
    TransactionFilter.ON_ITS_WAY: col(Payment.status).in_(sorted(IN_FLIGHT)),
    TransactionFilter.FAILED: col(Payment.status).in_([PaymentStatus.FAILED, PaymentStatus.CANCELLED]),
    TransactionFilter.REFUNDED: col(Payment.status).in_(
        [PaymentStatus.REFUNDED, PaymentStatus.PARTLY_REFUNDED]
    ),
    TransactionFilter.DISPUTED: col(Payment.status).in_([PaymentStatus.DISPUTED, PaymentStatus.LOST]),
}
_REFUND_FILTERS = {
    TransactionFilter.REFUNDED: RefundStatus.SUCCEEDED,
    TransactionFilter.ON_ITS_WAY: RefundStatus.PROCESSING,
    TransactionFilter.FAILED: RefundStatus.FAILED,
}
_ENTRY_KINDS = {
    TransactionKind.CHARGE: (EntryKind.CHARGE,),
    TransactionKind.ADJUSTMENT: (EntryKind.ADJUSTMENT, EntryKind.REVERSAL),
}


def _matching(search: TransactionSearch) -> Any:
    """Kind, id and moment of all transactions that match, as one subquery."""
    parts: list[Any] = []
    if search.kind in (None, TransactionKind.PAYMENT):
        parts.append(_payments(search))
    if search.kind in (None, TransactionKind.REFUND) and (
        search.state is None or search.state in _REFUND_FILTERS
    ):
        parts.append(_refunds(search))
    if search.state is None:
        parts += [_entries(search, kind) for kind in _ENTRY_KINDS if search.kind in (None, kind)]
    if not parts:  # ledger entries have no status: nothing matches
        parts.append(_payments(search).where(literal(False)))
    return (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()


def _payments(search: TransactionSearch) -> Any:
    at = func.coalesce(col(Payment.settled_at), col(Payment.created_at))
    wanted = columns(
        literal(TransactionKind.PAYMENT.value).label("kind"), col(Payment.id).label("id"), at.label("at")
    )
    if search.state:
        wanted = wanted.where(_PAYMENT_FILTERS[search.state])
    if search.text:
        wanted = wanted.where(
            or_(
                _contains(Payment.receipt_number, search.text),
                *_with_invoice_number(Payment.id, search.text),
                col(Payment.account_id).in_(_accounts_of_guarantors(search.text)),
            )
        )
    return _narrow(wanted, Payment, at, search)


def _refunds(search: TransactionSearch) -> Any:
    at = func.coalesce(col(Refund.settled_at), col(Refund.created_at))
    wanted = columns(
        literal(TransactionKind.REFUND.value).label("kind"), col(Refund.id).label("id"), at.label("at")
    )
    if search.state:
        wanted = wanted.where(Refund.status == _REFUND_FILTERS[search.state])
    if search.text:
        of_payments = select(Payment.id).where(_contains(Payment.receipt_number, search.text))
        wanted = wanted.where(
            or_(
                col(Refund.payment_id).in_(of_payments),
                *_with_invoice_number(Refund.payment_id, search.text),
                col(Refund.account_id).in_(_accounts_of_guarantors(search.text)),
            )
        )
    return _narrow(wanted, Refund, at, search)


def _entries(search: TransactionSearch, kind: TransactionKind) -> Any:
    at = col(LedgerEntry.posted_at)
    wanted = columns(literal(kind.value).label("kind"), col(LedgerEntry.id).label("id"), at.label("at"))
    wanted = wanted.where(col(LedgerEntry.kind).in_(_ENTRY_KINDS[kind]))
    if search.text:
        of_invoices = select(Invoice.id).where(_contains(Invoice.number, search.text))
        wanted = wanted.where(
            or_(
                col(LedgerEntry.invoice_id).in_(of_invoices),
                col(LedgerEntry.account_id).in_(_accounts_of_guarantors(search.text)),
            )
        )
    return _narrow(wanted, LedgerEntry, at, search)


def _narrow(wanted: Any, table: Any, at: Any, search: TransactionSearch) -> Any:
    if search.account_id:
        wanted = wanted.where(table.account_id == search.account_id)
    if search.first and search.first.year > 1900:
        wanted = wanted.where(at >= datetime.combine(search.first, time(), zone()))
    if search.last and search.last.year < 9000:  # the calendar's last day has none after it
        wanted = wanted.where(at < datetime.combine(search.last + timedelta(days=1), time(), zone()))
    return wanted


def _with_invoice_number(payment_id: Any, text: str) -> list[Any]:
    """Conditions: the payment pays, or was meant to pay, an invoice whose number contains the text."""
    return [
        col(payment_id).in_(
            select(table.payment_id)
            .join(Invoice, col(Invoice.id) == table.invoice_id)
            .where(_contains(Invoice.number, text))
        )
        for table in (IntendedAllocation, Allocation)
    ]


def _contains(column: Any, text: str) -> Any:
    return col(column).icontains(text, autoescape=True)


def _accounts_of_guarantors(text: str) -> Any:
    """Accounts whose guarantor matches the text by name or chart number."""
    return select(Account.id).join(Patient, col(Patient.id) == Account.guarantor_id).where(matches(text))
