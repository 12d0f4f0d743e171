"""What was paid and given back, page by page, and by year for taxes."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select

from portal_app.clock import local_date, zone
from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Payment, Refund
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PaymentId
from portal_app.domain.money import total
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.accounts import RECENT, recent
from portal_app.services.billing.invoices.read import may_see_invoices
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.billing.statements import full_name
from portal_app.services.billing.views import (
    PastPayment,
    PaymentHistory,
    RefundView,
    TaxRow,
    TaxYear,
)
from portal_app.services.paging import rows_to_count

PAGE = 20
_SHOWN = sorted(RECEIVED | IN_FLIGHT)


def list_payments(
    principal: Principal, *, account_id: AccountId | None = None, page: int = 1
) -> PaymentHistory:
    """One page of 20, newest first, each with its refunds; also those that are on their way."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        fits = (Payment.account_id == accessible_account(tx, account_id), col(Payment.status).in_(_SHOWN))
        counted = columns(Payment.status).where(*fits).limit(rows_to_count(max(page, 1), PAGE)).subquery()
        count = tx.exec(columns(func.count()).select_from(counted)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        newest = columns(*RECENT).where(*fits).order_by(col(Payment.created_at).desc(), col(Payment.id))
        rows = tx.exec(newest.offset((page - 1) * PAGE).limit(PAGE)).all()
        refunds = _refunds(tx, [row.id for row in rows])
        return PaymentHistory(
            rows=tuple(PastPayment(recent(row), tuple(refunds.get(row.id, ()))) for row in rows),
            page=page,
            pages=pages,
            count=count,
        )


def payments_of_year(principal: Principal, year: int, *, account_id: AccountId | None = None) -> TaxYear:
    """Received in the practice's year, and what was given back in it, by date: for taxes."""
    may_see_invoices(principal)
    if not 1900 <= year <= 9998:
        raise NotFound
    starts, ends = datetime(year, 1, 1, tzinfo=zone()), datetime(year + 1, 1, 1, tzinfo=zone())
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        received = tx.exec(
            select(Payment).where(
                Payment.account_id == account_id,
                col(Payment.status).in_(sorted(RECEIVED)),
                col(Payment.settled_at) >= starts,
                col(Payment.settled_at) < ends,
            )
        ).all()
        returned = tx.exec(
            columns(Refund, Payment)
            .join(Payment, col(Payment.id) == Refund.payment_id)
            .where(
                Refund.account_id == account_id,
                Refund.status == RefundStatus.SUCCEEDED,
                col(Refund.settled_at) >= starts,
                col(Refund.settled_at) < ends,
            )
        ).all()
        paid = [_paid(row) for row in received]
        back = [_returned(refund, payment) for refund, payment in returned]
        given, taken = (total((row.amount for row in rows), currency()) for rows in (paid, back))
        rows = sorted((*paid, *back), key=lambda row: (row.on, row.receipt_number))
        return TaxYear(year, full_name(tx, account_id), tuple(rows), given, taken, given + taken)


def years_with_payments(principal: Principal, account_id: AccountId | None = None) -> tuple[int, ...]:
    """Newest first: of which a list for taxes can be had."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        moments = columns(func.min(Payment.settled_at), func.max(Payment.settled_at)).where(
            Payment.account_id == accessible_account(tx, account_id),
            col(Payment.status).in_(sorted(RECEIVED)),
        )
        first, last = tx.exec(moments).one()
        if first is None or last is None:
            return ()
        return tuple(range(local_date(last).year, local_date(first).year - 1, -1))


def _refunds(tx: Tx, ids: Sequence[PaymentId]) -> dict[PaymentId, list[RefundView]]:
    found: dict[PaymentId, list[RefundView]] = {}
    rows = select(Refund).where(col(Refund.payment_id).in_(ids))
    for row in tx.exec(rows.order_by(col(Refund.created_at))):
        if row.status is RefundStatus.FAILED and not row.taken_back:
            continue  # it never went; one that came back is said, they were told that it is on its way
        on = local_date(row.settled_at or row.created_at)
        found.setdefault(row.payment_id, []).append(
            RefundView(row.id, row.payment_id, row.amount, row.status, on)
        )
    return found


def _paid(row: Payment) -> TaxRow:
    return TaxRow(
        local_date(row.settled_at or row.created_at), row.amount, row.paid_with, row.receipt_number or ""
    )


def _returned(refund: Refund, payment: Payment) -> TaxRow:
    on = local_date(refund.settled_at or refund.created_at)
    return TaxRow(on, -refund.amount, payment.paid_with, payment.receipt_number or "")
