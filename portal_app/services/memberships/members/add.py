"""Adding a member: the patient if they are new, the enrolment, an invoice where one was made ahead, and who is told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment, MemberRequest
from portal_app.domain.access import Principal
from portal_app.domain.ids import MembershipId, PatientId, new_id
from portal_app.domain.memberships.types import EventKind
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.invoice_rows import make_rows
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.members.asked import (
    first_day_of_new,
    lock_membership,
    require_own_membership,
)
from portal_app.services.memberships.members.errors import PossibleDuplicate, PriceChanged, TooManyAdded
from portal_app.services.memberships.members.invoiced import invoiced_periods, plan_added_invoices
from portal_app.services.memberships.members.open_requests import open_requests
from portal_app.services.memberships.members.patients import (
    enrolment_of,
    is_asked_first,
    member_already,
    patient_to_add,
    require_not_on_plan,
)
from portal_app.services.memberships.members.person import (
    NewPerson,
    check_person,
    create_patient,
)
from portal_app.services.memberships.members.preview import NewPrice, alike_to, member_of, new_price
from portal_app.services.memberships.members.tell import (
    tell_of_new_member,
    tell_of_new_patient,
    tell_of_request,
)
from portal_app.services.patients.access import families_changed

_MOST_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """What the owner saw before they confirmed: a stale page is refused."""

    start: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it. `is_asked`: an adult, who joins once they agree."""

    patient_id: PatientId
    name: str
    start: date
    is_asked: bool = False


@retried
def add_member(
    principal: Principal,
    membership_id: MembershipId,
    whom: NewPerson | PatientId,
    shown: Shown,
    *,
    not_these: Collection[PatientId] = (),
) -> Added:
    """Add somebody new, or a patient whom the owner may see. Twice is once (MEM-12).

    Args:
        not_these: patients of whom the owner said that it is not the same person.

    Raises: NotFound, PossibleDuplicate, PriceChanged, TooManyAdded, what `check_person`, `first_day_of_new`,
        `require_not_on_plan` and `new_price` raise.
    """
    require_own_membership(principal, membership_id)
    with transaction(as_system(principal)) as tx:
        membership = lock_membership(tx, membership_id)
        if isinstance(whom, NewPerson):
            return _add_new(tx, principal, membership, check_person(tx, whom), shown, not_these)
        return _add_known(tx, principal, membership, whom, shown)


def _add_new(
    tx: Tx,
    principal: Principal,
    membership: LoadedMembership,
    person: NewPerson,
    shown: Shown,
    not_these: Collection[PatientId],
) -> Added:
    if (first := member_already(tx, membership, person)) is not None:
        patient, since = first
        return Added(patient.id, patient.full_name, since)
    start = first_day_of_new(tx, membership)
    alike = alike_to(tx, principal, membership, person, start)
    for one in alike:
        if one.may_be_seen and one.id not in not_these:
            raise PossibleDuplicate(person=one.name)
    _require_room(tx, membership)
    patient = create_patient(tx, membership.row.account_id, person)
    families_changed(tx)
    price = _price_as_shown(tx, membership, patient, start, shown)
    enrol(tx, membership, patient, price)
    tell_of_new_patient(tx, patient, person.relationship, [one for one in alike if one.id not in not_these])
    return Added(patient.id, patient.full_name, start)


def _add_known(
    tx: Tx, principal: Principal, membership: LoadedMembership, patient_id: PatientId, shown: Shown
) -> Added:
    patient = patient_to_add(tx, principal, patient_id)
    if (enrolment := enrolment_of(membership, patient_id)) is not None:
        return Added(patient_id, patient.full_name, enrolment.start)
    start = first_day_of_new(tx, membership)
    require_not_on_plan(tx, principal, membership, patient, start)
    price = _price_as_shown(tx, membership, patient, start, shown)
    if is_asked_first(principal, patient):
        _ask(tx, membership, patient, price)
        return Added(patient_id, patient.full_name, start, is_asked=True)
    enrol(tx, membership, patient, price)
    return Added(patient_id, patient.full_name, start)


def _require_room(tx: Tx, membership: LoadedMembership) -> None:
    """So that a flood of invented people fills no practice."""
    new = select(func.count()).select_from(Patient)
    unnumbered = new.where(
        Patient.account_id == membership.row.account_id,
        col(Patient.chart_number).is_(None),
        col(Patient.created_at) > now() - timedelta(days=1),
    )
    if tx.exec(unnumbered).one() >= _MOST_A_DAY:
        raise TooManyAdded


def _price_as_shown(
    tx: Tx, membership: LoadedMembership, patient: Patient, start: date, shown: Shown
) -> NewPrice:
    price = new_price(tx, membership, member_of(patient), start)
    if (price.start, price.amount) != (shown.start, shown.amount):
        raise PriceChanged
    return price


def enrol(tx: Tx, membership: LoadedMembership, patient: Patient, price: NewPrice) -> Enrolment:
    """The enrolment, and an invoice of its own for each period that has its invoice already (MEM-3)."""
    row = membership.row
    enrolment = tx.add(
        Enrolment(
            id=new_id("enr"),
            account_id=row.account_id,
            membership_id=row.id,
            patient_id=patient.id,
            price_id=membership.agreed.price_version_on(price.start).id,
            start=price.start,
            created_at=now(),
            created_by=tx.principal.name,
        )
    )
    tx.flush()
    periods = invoiced_periods(tx, row, price.start)
    planned = plan_added_invoices(periods, load_membership(tx, row), enrolment.id, patient.id)
    make_rows(tx, planned).insert(tx)
    if row.payment_method_id is not None:  # the confirmation announces the next charge (MEM-16)
        row.announced_amount, row.announced_for = price.amount, price.start
    details = {"person": patient.full_name, "first_day": price.start, "amount": price.amount}
    add_event(tx, row, EventKind.MEMBER_ADDED, **details)
    tell_of_new_member(tx, membership, patient, price)
    announce_account_change(tx, row.account_id, row.account_id)
    return enrolment


def _ask(tx: Tx, membership: LoadedMembership, patient: Patient, price: NewPrice) -> None:
    """Ask an adult whether they want to join, by a message of their own; once, until they answer."""
    row = membership.row
    waiting = open_requests().where(
        MemberRequest.membership_id == row.id, MemberRequest.patient_id == patient.id
    )
    request = tx.exec(waiting).first()
    if request is not None:
        request.start, request.amount = price.start, price.amount
        return
    request = tx.add(
        MemberRequest(
            id=new_id("mrq"),
            account_id=row.account_id,
            membership_id=row.id,
            patient_id=patient.id,
            start=price.start,
            amount=price.amount,
            asked_at=now(),
            asked_by=tx.principal.name,
        )
    )
    add_event(tx, row, EventKind.MEMBER_ASKED, person=patient.full_name, first_day=price.start)
    tell_of_request(tx, request)
