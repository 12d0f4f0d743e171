"""Which membership somebody is added to: the asker's own, active, billed by the portal and not held (MEM-13)."""

from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import BilledBy, MembershipStatus
from portal_app.services.memberships.autopay.standing import standing_of
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.members.errors import (
    AddingHeld,
    BilledElsewhere,
    MembershipNotActive,
    NothingBilledAgain,
)


def require_own_membership(principal: Principal, membership_id: MembershipId) -> None:
    """Refuse a membership that is not on one of the asker's accounts: only its owner adds members. Raises NotFound."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        tx.get_or_404(Membership, membership_id)


def lock_membership(tx: Tx, membership_id: MembershipId) -> LoadedMembership:
    """The membership with its row locked: whoever changes its members does so one after the other."""
    return load_membership(tx, tx.get_or_404(Membership, membership_id, lock=True))


def first_day_of_new(tx: Tx, membership: LoadedMembership) -> date:
    """The day on which a new member starts: the next bill date (MEM-2).

    Raises: MembershipNotActive, BilledElsewhere, AddingHeld, NothingBilledAgain.
    """
    row = membership.row
    if row.status is not MembershipStatus.ACTIVE:
        raise MembershipNotActive
    if row.billed_by is not BilledBy.PORTAL:
        raise BilledElsewhere
    standing = standing_of(tx, row)
    if not standing.is_fine:
        raise AddingHeld(amount=standing.unpaid)
    first = membership.next_bill_date(today())
    if first is None:
        raise NothingBilledAgain
    return first
