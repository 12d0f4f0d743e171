"""Those who joined online and wait for staff's answer."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, func, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import PatientId
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.joining.people import people_of
from portal_app.services.memberships.joining.tell import alike_to


@dataclass(frozen=True, slots=True)
class JoinedPerson:
    """`alike`: patients who may be the same person; empty for staff who may not see patients."""

    id: PatientId
    name: str
    birth_date: date | None
    is_member: bool
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingJoin:
    """One request to join, as staff see it. `id` is the request's."""

    id: str
    plan: str
    people: tuple[JoinedPerson, ...]  # the owner first
    contact: str
    address: str  # one line
    paid: Money
    paid_on: date


def list_waiting_joins(principal: Principal) -> tuple[WaitingJoin, ...]:
    """Those who joined online and have no answer yet, the longest waiting first."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        wanted = select(JoinRequest).where(JoinRequest.status == JoinStatus.WAITING)
        rows = tx.exec(wanted.order_by(col(JoinRequest.paid_at), col(JoinRequest.id))).all()
        return tuple(_view(tx, row, principal.may(Permission.VIEW_PATIENTS)) for row in rows)


def count_waiting_joins(principal: Principal) -> int:
    """How many `list_waiting_joins` would list."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        wanted = select(func.count()).select_from(JoinRequest)
        return tx.exec(wanted.where(JoinRequest.status == JoinStatus.WAITING)).one()


def _view(tx: Tx, request: JoinRequest, sees_patients: bool) -> WaitingJoin:
    people = people_of(tx, request)
    return WaitingJoin(
        id=request.id,
        plan=tx.get_or_404(Plan, request.plan_id or "").name,
        people=tuple(_person(tx, request, one, people, sees_patients) for one in people),
        contact=request.contact_shown,
        address=_address(people[0]),
        paid=tx.get_or_404(Invoice, request.invoice_id or "").total,
        paid_on=local_date(request.paid_at or request.changed_at),
    )


def _person(
    tx: Tx, request: JoinRequest, person: Patient, people: list[Patient], sees_patients: bool
) -> JoinedPerson:
    alike = alike_to(tx, person, people) if sees_patients else []
    return JoinedPerson(
        person.id,
        person.full_name,
        person.birth_date,
        person.id in request.member_ids,
        tuple(f"{one.name} ({one.chart_number})" if one.chart_number else one.name for one in alike),
    )


def _address(person: Patient) -> str:
    town = " ".join(word for word in (person.city, person.region, person.postal_code) if word)
    return ", ".join(part for part in (person.line1, person.line2, town) if part)
