"""Requests to join that nobody finished: drafts are deleted, unpaid first invoices are taken back."""

from datetime import timedelta

from sqlmodel import col, delete, select

from portal_app.clock import now
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.memberships import JoinRequest
from portal_app.domain.access import Principal
from portal_app.domain.memberships.types import JoinStatus
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.memberships.joining.first_invoice import (
    first_invoice,
    is_being_paid,
    void_first_invoice,
)

DRAFT_LIFE = timedelta(days=7)
UNPAID_LIFE = timedelta(days=1)
_AT_ONCE = 100


def forget_unfinished_joins(principal: Principal) -> int:
    """Delete drafts untouched for 7 days, and void first invoices unpaid for a day; returns how many of both.

    A request whose payment has no known outcome is left alone. Each run voids at most 100 invoices.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:joining")
    with transaction(principal) as tx:
        old = (col(JoinRequest.status) == JoinStatus.OPEN) & (
            col(JoinRequest.changed_at) < now() - DRAFT_LIFE
        )
        count = tx.exec(delete(JoinRequest).where(old)).rowcount
        wanted = select(JoinRequest.id).where(
            JoinRequest.status == JoinStatus.PAYING, col(JoinRequest.changed_at) < now() - UNPAID_LIFE
        )
        unpaid = tx.exec(wanted.order_by(col(JoinRequest.id)).limit(_AT_ONCE)).all()
    for request_id in unpaid:
        with transaction(principal) as tx:
            count += _abandon(tx, request_id)
    return count


def _abandon(tx: Tx, request_id: str) -> bool:
    request = tx.get_or_404(JoinRequest, request_id)
    if request.account_id is not None:
        lock_account(tx, request.account_id)
    request = tx.get_or_404(JoinRequest, request_id, lock=True)
    if request.status is not JoinStatus.PAYING or request.changed_at >= now() - UNPAID_LIFE:
        return False
    invoice = first_invoice(tx, request)
    if invoice is not None:
        if is_being_paid(tx, invoice):
            return False
        void_first_invoice(tx, request, invoice)
    request.status, request.draft, request.changed_at = JoinStatus.ABANDONED, {}, now()
    return True
