"""Which memberships a patient may see, and as what; which are theirs to change."""

from collections.abc import Iterable, Sequence

from sqlmodel import col, or_, select

from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.access import Everyone, Principal
from portal_app.domain.ids import MembershipId
from portal_app.services.memberships.views.types import ViewerRole


def memberships_seen_by(tx: Tx, principal: Principal) -> Sequence[Membership]:
    """The memberships that the viewer pays, is on, or has a child on; in a transaction that sees all of them."""
    mine = select(Enrolment.membership_id).where(col(Enrolment.patient_id).in_(_listed(principal.patients)))
    wanted = select(Membership).where(
        or_(col(Membership.account_id).in_(_listed(principal.accounts)), col(Membership.id).in_(mine))
    )
    return tx.exec(wanted.order_by(col(Membership.start), col(Membership.id))).all()


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


def _listed(ids: Iterable[str] | Everyone) -> list[str]:
    """A patient's lists are never everybody."""
    return [] if isinstance(ids, Everyone) else list(ids)
