"""Members who are patients already: whom the owner may add, who is asked first, who is on the plan already."""

from datetime import date

from sqlmodel import col, or_, select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import PatientId
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.members.duplicates import known_to
from portal_app.services.memberships.members.errors import (
    AlreadyAMember,
    AlreadyOnPlan,
    AlreadyOnYourPlan,
    PersonNotActive,
    StillAMember,
)
from portal_app.services.memberships.members.person import NewPerson, is_adult, same_person
from portal_app.services.memberships.running import running_memberships


def patient_to_add(tx: Tx, principal: Principal, patient_id: PatientId) -> Patient:
    """A patient whom the owner knows to be one. Raises: NotFound, PersonNotActive."""
    if patient_id not in known_to(tx, principal):
        raise NotFound
    patient = tx.get_or_404(Patient, patient_id, lock=True)
    if patient.status is not PatientStatus.ACTIVE:
        raise PersonNotActive
    return patient


def is_asked_first(principal: Principal, patient: Patient) -> bool:
    """An adult who is a patient already, and not the owner themself, has to agree."""
    return patient.id != principal.patient_id and is_adult(patient.birth_date)


def members_of(membership: LoadedMembership, day: date) -> frozenset[PatientId]:
    """Those who are members on `day` or later."""
    return frozenset(one.patient_id for one in membership.enrolments if one.end is None or one.end >= day)


def enrolment_of(membership: LoadedMembership, patient_id: PatientId) -> Enrolment | None:
    """Their enrolment without an end."""
    open_ones = (one for one in membership.enrolments if one.end is None and one.patient_id == patient_id)
    return next(open_ones, None)


def member_already(tx: Tx, membership: LoadedMembership, person: NewPerson) -> tuple[Patient, date] | None:
    """The member with the same name and date of birth, who was added before, and their first day (MEM-12)."""
    ids = {one.patient_id: one.start for one in membership.enrolments if one.end is None}
    for patient in tx.exec(select(Patient).where(col(Patient.id).in_(ids))):
        if same_person(person, patient):
            return patient, ids[patient.id]
    return None


def require_no_member(tx: Tx, membership: LoadedMembership, whom: NewPerson | Patient) -> None:
    """Refuse to add who is a member already. Raises AlreadyAMember."""
    if isinstance(whom, NewPerson):
        found = member_already(tx, membership, whom)
    else:
        enrolment = enrolment_of(membership, whom.id)
        found = (whom, enrolment.start) if enrolment else None
    if found is not None:
        raise AlreadyAMember(person=found[0].full_name, date=found[1])


def require_not_on_plan(
    tx: Tx, principal: Principal, membership: LoadedMembership, patient: Patient, start: date
) -> None:
    """Refuse to add who is on the plan already. Raises StillAMember, AlreadyOnPlan, AlreadyOnYourPlan (MEM-19)."""
    for one in membership.enrolments:
        if one.patient_id == patient.id and one.end is not None and one.end >= start:
            raise StillAMember(person=patient.full_name, date=one.end)
    wanted = (
        running_memberships(Membership, Enrolment)
        .join(Enrolment, col(Enrolment.membership_id) == col(Membership.id))
        .where(
            Membership.plan_id == membership.row.plan_id,
            Membership.id != membership.row.id,
            Enrolment.patient_id == patient.id,
            or_(col(Enrolment.end).is_(None), col(Enrolment.end) >= today()),
        )
    )
    found = tx.exec(wanted).first()
    if found is None:
        return
    other, enrolment = found
    if other.account_id in principal.accounts:
        raise AlreadyOnYourPlan(person=patient.full_name, plan=membership.plan.name, date=enrolment.start)
    raise AlreadyOnPlan


def who_may_be_added(tx: Tx, principal: Principal, membership: LoadedMembership, day: date) -> list[Patient]:
    """The patients whom the owner knows and who are no members yet, the eldest first."""
    ids = known_to(tx, principal) - members_of(membership, day)
    wanted = select(Patient).where(col(Patient.id).in_(ids), Patient.status == PatientStatus.ACTIVE)
    return sorted(tx.exec(wanted), key=lambda one: (one.birth_date or date.max, one.id))
