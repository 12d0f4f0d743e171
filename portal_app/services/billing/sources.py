"""Saved cards and bank accounts."""

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import PaymentSource
from portal_app.domain.billing.sources import expired, expiring, shown
from portal_app.domain.ids import AccountId
from portal_app.services.billing.views import SourceView


def source_view(row: PaymentSource) -> SourceView:
    return SourceView(
        id=row.id,
        shown=shown(row.brand, row.last4, row.kind),
        name=row.name,
        kind=row.kind,
        exp_month=row.exp_month,
        exp_year=row.exp_year,
        expired=expired(row.exp_month, row.exp_year, today()),
        expiring=expiring(row.exp_month, row.exp_year, today()),
        is_default=row.is_default,
    )


def sources_of(tx: Tx, account_id: AccountId) -> tuple[SourceView, ...]:
    """The default first, then the newest."""
    rows = tx.exec(
        select(PaymentSource)
        .where(PaymentSource.account_id == account_id, col(PaymentSource.removed_at).is_(None))
        .order_by(col(PaymentSource.is_default).desc(), col(PaymentSource.created_at).desc())
    )
    return tuple(source_view(row) for row in rows)
