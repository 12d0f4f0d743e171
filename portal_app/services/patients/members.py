"""The family as one viewer may see it, beside contact details: who is covered, who shares what."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.families import DependentMark, Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.view import view_memberships
from portal_app.services.memberships.views.types import ViewerRole


@dataclass(frozen=True, slots=True)
class Covered:
    """Somebody on the viewer's membership whom they may not see: name, dates and price (DEP-11)."""

    name: str
    plan: str
    period: Period
    start: date
    end: date | None
    price: Money | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the page of members takes from the memberships that the viewer pays."""

    others: tuple[Covered, ...]  # who may not be seen by the viewer, by name
    can_add: tuple[MembershipId, ...]  # memberships to which a member can be added


def view_coverage(principal: Principal) -> Coverage:
    """Who else is on the memberships that the viewer pays, and where a member can be added."""
    mine = [view for view in view_memberships(principal).current if view.role is ViewerRole.OWNER]
    rows = (
        Covered(member.name, view.plan, view.period, member.start or view.start, member.end, member.price)
        for view in mine
        for member in view.members
        if not member.may_see
    )
    others = tuple(sorted(rows, key=lambda row: row.name))
    return Coverage(others, tuple(view.id for view in mine if view.can_add))


def acting_for_me(principal: Principal) -> tuple[str, ...]:
    """The adults whom staff named to act for the viewer, as long as that holds."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        marks = tx.exec(
            select(DependentMark).where(
                col(DependentMark.patient_id) == principal.patient_id, col(DependentMark.ended_at).is_(None)
            )
        ).all()
    adults = [m.adult_id for m in marks if m.until is None or clock.today() <= m.until]
    with reading(as_system(principal)) as tx:
        people = tx.exec(select(Patient).where(col(Patient.id).in_(adults))).all()
    return tuple(sorted(person.full_name for person in people))
