"""What was paid, refunded and taken back: page by page, and by year for taxes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import col, func, select

from portal_app.clock import local_date, zone
from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Dispute, Payment, Refund
from portal_app.domain.access import Principal
from portal_app.domain.billing.disputes import DisputeEffect
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PaymentId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.accounts import PAYMENT_COLUMNS, to_recent_payment
from portal_app.services.billing.document_views import TaxRow, TaxYear
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.billing.statements import guarantor_name
from portal_app.services.billing.views import PastPayment, PaymentHistory, RefundView
from portal_app.services.paging import rows_to_count

PAGE = 20
_LISTED = sorted(RECEIVED | IN_FLIGHT)


def list_payments(
    principal: Principal, *, account_id: AccountId | None = None, page: int = 1
) -> PaymentHistory:
    """One page of 20 payments, newest first, with their refunds; also those on their way."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        fits = (Payment.account_id == accessible_account(tx, account_id), col(Payment.status).in_(_LISTED))
        counted = columns(Payment.status).where(*fits).limit(rows_to_count(max(page, 1), PAGE)).subquery()
        count = tx.exec(columns(func.count()).select_from(counted)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        newest = (
            columns(*PAYMENT_COLUMNS).where(*fits).order_by(col(Payment.created_at).desc(), col(Payment.id))
        )
        rows = tx.exec(newest.offset((page - 1) * PAGE).limit(PAGE)).all()
        refunds = _refunds_by_payment(tx, [row.id for row in rows])
        return PaymentHistory(
            rows=tuple(PastPayment(to_recent_payment(row), tuple(refunds.get(row.id, ()))) for row in rows),
            page=page,
            pages=pages,
            count=count,
        )


def payments_of_year(principal: Principal, year: int, *, account_id: AccountId | None = None) -> TaxYear:
    """Payments received and refunds made in a year of the practice's time zone, by date."""
    require_invoice_access(principal)
    if not 1900 <= year <= 9998:
        raise NotFound
    starts, ends = datetime(year, 1, 1, tzinfo=zone()), datetime(year + 1, 1, 1, tzinfo=zone())
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        year_of = _YearOf(account_id, starts, ends)
        paid = _received_in(tx, year_of)
        refunded = [*_refunded_in(tx, year_of), *_taken_back_in(tx, year_of)]
        paid_total, refunded_total = (
            total((row.amount for row in rows), currency()) for rows in (paid, refunded)
        )
        rows = sorted((*paid, *refunded), key=lambda row: (row.on, row.receipt_number))
        return TaxYear(
            year,
            guarantor_name(tx, account_id),
            tuple(rows),
            paid_total,
            refunded_total,
            paid_total + refunded_total,
        )


def years_with_payments(principal: Principal, account_id: AccountId | None = None) -> tuple[int, ...]:
    """The years with payments, newest first."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        moments = columns(func.min(Payment.settled_at), func.max(Payment.settled_at)).where(
            Payment.account_id == accessible_account(tx, account_id),
            col(Payment.status).in_(sorted(RECEIVED)),
        )
        first, last = tx.exec(moments).one()
        if first is None or last is None:
            return ()
        return tuple(range(local_date(last).year, local_date(first).year - 1, -1))


def _refunds_by_payment(tx: Tx, ids: Sequence[PaymentId]) -> dict[PaymentId, list[RefundView]]:
    found: dict[PaymentId, list[RefundView]] = {}
    rows = select(Refund).where(col(Refund.payment_id).in_(ids))
    for row in tx.exec(rows.order_by(col(Refund.created_at))):
        if row.status is RefundStatus.FAILED and not row.taken_back:
            continue  # never sent; one that the bank returned is listed, because the payer was told of it
        on = local_date(row.settled_at or row.created_at)
        found.setdefault(row.payment_id, []).append(
            RefundView(row.id, row.payment_id, row.amount, row.status, on)
        )
    return found


class _YearOf(NamedTuple):
    """A year of one account."""

    account_id: AccountId
    starts: datetime
    ends: datetime

    def contains(self, moment: Any) -> Any:
        """The condition that the column lies in it."""
        return (col(moment) >= self.starts) & (col(moment) < self.ends)


def _tax_row(payment: Payment, at: datetime, amount: Money, *, taken_back: bool = False) -> TaxRow:
    """What of the payment came in or went out on the day of that moment."""
    return TaxRow(
        local_date(at), amount, payment.paid_with, payment.receipt_number or "", taken_back=taken_back
    )


def _received_in(tx: Tx, year: _YearOf) -> list[TaxRow]:
    rows = select(Payment).where(
        Payment.account_id == year.account_id,
        col(Payment.status).in_(sorted(RECEIVED)),
        year.contains(Payment.settled_at),
    )
    return [_tax_row(row, row.settled_at or row.created_at, row.amount) for row in tx.exec(rows)]


def _refunded_in(tx: Tx, year: _YearOf) -> list[TaxRow]:
    rows = (
        columns(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(
            Refund.account_id == year.account_id,
            Refund.status == RefundStatus.SUCCEEDED,
            year.contains(Refund.settled_at),
        )
    )
    return [
        _tax_row(payment, refund.settled_at or refund.created_at, -refund.amount)
        for refund, payment in tx.exec(rows)
    ]


def _taken_back_in(tx: Tx, year: _YearOf) -> list[TaxRow]:
    """What the payer's bank took back in lost disputes, on the day it was lost."""
    rows = (
        columns(Dispute, Payment)
        .join(Payment, col(Payment.id) == Dispute.payment_id)
        .where(
            Dispute.account_id == year.account_id,
            Dispute.effect == DisputeEffect.LOST,
            year.contains(Dispute.ended_at),
        )
    )
    return [
        _tax_row(payment, dispute.ended_at or dispute.created_at, -dispute.lost, taken_back=True)
        for dispute, payment in tx.exec(rows)
        if dispute.lost
    ]
