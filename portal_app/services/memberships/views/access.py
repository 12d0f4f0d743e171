"""As what a patient sees a membership; which are theirs to change."""

from collections.abc import Iterable

from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.access import Principal
from portal_app.domain.ids import MembershipId
from portal_app.services.memberships.views.types import ViewerRole


def role_of(principal: Principal, row: Membership, enrolments: Iterable[Enrolment]) -> ViewerRole:
    """As what the viewer sees it."""
    if row.account_id in principal.accounts:
        return ViewerRole.OWNER
    is_on_it = any(each.patient_id == principal.patient_id for each in enrolments)
    return ViewerRole.MEMBER if is_on_it else ViewerRole.PARENT


def lock_owned_membership(tx: Tx, principal: Principal, membership_id: MembershipId) -> Membership:
    """The membership, locked, for its owner; in a transaction that sees all of it. NotFound for anybody else."""
    row = tx.get_or_404(Membership, membership_id, lock=True)
    principal.require_account(row.account_id)
    return row
