"""The family as one viewer may see it, beside contact details: who is covered, who shares what."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.families import DependentMark, Patient
from portal_app.db.tables.memberships import Enrolment, Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import age_on
from portal_app.domain.memberships import Period, price_for_age
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.running import running_memberships
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class Covered:
    """Somebody on the viewer's membership whom they may not see: name, dates and price (DEP-11)."""

    name: str
    plan: str
    period: Period
    start: date
    end: date | None
    price: Money | None


def covered_others(principal: Principal) -> tuple[Covered, ...]:
    """Whoever else the viewer's memberships cover, by name."""
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        currency = practice(tx).currency
        rows = tx.exec(
            running_memberships(Enrolment, Membership, Plan)
            .join(Membership, col(Membership.id) == col(Enrolment.membership_id))
            .join(Plan, col(Plan.id) == col(Membership.plan_id))
        ).all()
        seen = set(tx.exec(select(Patient.id)).all())
    others = [row for row in rows if row[0].patient_id not in seen]
    with reading(as_system(principal)) as tx:
        wanted = select(Patient).where(col(Patient.id).in_([row[0].patient_id for row in others]))
        people = {person.id: person for person in tx.exec(wanted)}
    return tuple(
        sorted(
            (
                _covered(people[enrolment.patient_id], enrolment, membership, plan, currency)
                for enrolment, membership, plan in others
            ),
            key=lambda row: row.name,
        )
    )


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


def _covered(
    person: Patient, enrolment: Enrolment, membership: Membership, plan: Plan, currency: str
) -> Covered:
    billed = membership.next_bill_date or clock.today()
    minor = price_for_age(plan.bands, age_on(person.birth_date, billed)) if person.birth_date else None
    return Covered(
        name=person.full_name,
        plan=plan.name,
        period=plan.period,
        start=enrolment.start,
        end=enrolment.end,
        price=None if minor is None else Money(minor, currency),
    )
