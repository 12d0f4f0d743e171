"""Saved payment methods as pages show them."""

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import PaymentMethod
from portal_app.domain.billing.payment_methods import display_name, expires_soon, is_expired
from portal_app.domain.ids import AccountId
from portal_app.services.billing.views import PaymentMethodView


def payment_method_view(row: PaymentMethod) -> PaymentMethodView:
    """A saved card or bank account with its name and whether it has expired."""
    return PaymentMethodView(
        id=row.id,
        shown=display_name(row.brand, row.last4, row.kind),
        name=row.name,
        kind=row.kind,
        exp_month=row.exp_month,
        exp_year=row.exp_year,
        expired=is_expired(row.exp_month, row.exp_year, today()),
        expiring=expires_soon(row.exp_month, row.exp_year, today()),
        is_default=row.is_default,
    )


def payment_methods_of(tx: Tx, account_id: AccountId) -> tuple[PaymentMethodView, ...]:
    """The account's payment methods: the default first, then the newest."""
    rows = tx.exec(
        select(PaymentMethod)
        .where(PaymentMethod.account_id == account_id, col(PaymentMethod.removed_at).is_(None))
        .order_by(col(PaymentMethod.is_default).desc(), col(PaymentMethod.created_at).desc())
    )
    return tuple(payment_method_view(row) for row in rows)
