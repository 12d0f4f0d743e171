"""Which invoices are overdue: past their due date, and no scheduled try of automatic payment will pay them."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.domain.billing.payments import is_overdue
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId
from portal_app.services.memberships.autopay.standing import invoices_in_retry


class _Invoice(Protocol):
    @property
    def id(self) -> InvoiceId: ...
    @property
    def status(self) -> InvoiceStatus: ...
    @property
    def due_date(self) -> date: ...


def late_invoices(invoices: Sequence[_Invoice]) -> frozenset[InvoiceId]:
    """The ids of those whose due date has passed, whether or not a scheduled try will pay them. Reads nothing."""
    return frozenset(row.id for row in invoices if is_overdue(row.status, row.due_date, today()))


def overdue_invoices(
    tx: Tx, invoices: Sequence[_Invoice], account_id: AccountId | None = None
) -> frozenset[InvoiceId]:
    """The ids of those that are shown, and reminded of, as overdue (DOMAIN.md, In retry).

    Args:
        account_id: their account, if all of them are of one; it narrows the query.
    """
    late = late_invoices(invoices)
    return late - invoices_in_retry(tx, [account_id] if account_id else None) if late else late
