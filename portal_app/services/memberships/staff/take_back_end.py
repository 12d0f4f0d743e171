"""An end that lies ahead is taken back by staff: the membership runs on, at the same price."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.services.as_system import as_system
from portal_app.services.memberships.cancellation.cancel import take_cancellation_back
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.staff.errors import NoEndAhead
from portal_app.services.memberships.staff.open import (
    finish_change,
    open_membership,
    owner_name,
    refuse_on_plan,
)


@dataclass(frozen=True, slots=True)
class EndAhead:
    """The end that would be taken back."""

    owner: str
    last_day: date


def preview_take_back_end(principal: Principal, membership_id: MembershipId) -> EndAhead:
    """The end that would be taken back. Raises as `take_back_end`."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        return EndAhead(owner_name(tx, membership.row.account_id), _end_ahead(tx, membership))


@retried
def take_back_end(principal: Principal, membership_id: MembershipId) -> None:
    """Let the membership run on, whoever decided the end. Until its last day only.

    Invoices that the end voided are made again, what it took off unpaid ones is due again. What was refunded
    stays refunded; automatic payment and automatic renewal stay as they are.

    Raises: NoEndAhead, BilledByPracticeSystem, MembershipNotRunning; AlreadyOnPlan where a member is on another
        membership of the plan from the day after.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        _end_ahead(tx, membership)
        take_cancellation_back(tx, membership)
        finish_change(tx, membership.row)


def _end_ahead(tx: Tx, membership: LoadedMembership) -> date:
    """The last day. Raises: NoEndAhead, AlreadyOnPlan."""
    row = membership.row
    if row.ends_on is None or row.ends_on < today():
        raise NoEndAhead
    after = row.ends_on + ONE_DAY
    people = [each.patient_id for each in membership.enrolments if each.end is None or each.end >= after]
    refuse_on_plan(tx, row.plan_id, people, after, but=row.id)
    return row.ends_on
