"""Whom an agreement can be asked of: the patients of a plan, of a status, or those who signed before."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.agreements import Agreement, AgreementRequest, AgreementVersion
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import NAME_COLUMNS, DependentMark, Patient, Relation
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.agreements.signers import Asked
from portal_app.domain.agreements.types import AgreementKind, RequestStatus
from portal_app.domain.families import PatientStatus, full_name
from portal_app.domain.ids import PatientId, PlanId
from portal_app.services.memberships.running import running_memberships

_SOME = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is asked: exactly one of these."""

    patients: tuple[PatientId, ...] = ()
    plan_id: PlanId | None = None
    status: PatientStatus | None = None
    signed_before: bool = False  # those who signed an earlier version, and not the newest


class Candidate(NamedTuple):
    """A patient who could be asked, and the membership that it is about; "" for none."""

    patient_id: PatientId
    membership_id: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """What asking needs to know of a patient."""

    name: str
    status: PatientStatus
    asked: Asked
    marked: tuple[PatientId, ...] = field(
        default=()
    )  # adults named by staff, where they are a marked dependent


def candidates(tx: Tx, agreement: Agreement, audience: Audience) -> list[Candidate]:
    """The candidates of an audience, each once. Raises NotFound for a patient who is not there."""
    if audience.plan_id is not None:
        found = _of_plan(tx, agreement, audience.plan_id)
    elif audience.status is not None:
        wanted = columns(Patient.id).where(col(Patient.status) == audience.status).order_by(col(Patient.id))
        found = [Candidate(PatientId(id_)) for id_ in tx.exec(wanted)]
    elif audience.signed_before:
        found = _who_signed_before(tx, agreement)
    else:
        for id_ in audience.patients:
            tx.get_or_404(Patient, id_)
        found = [Candidate(id_) for id_ in audience.patients]
    if agreement.kind is AgreementKind.MEMBERSHIP and audience.plan_id is None and not audience.signed_before:
        found = _on_memberships(tx, found)
    return list(dict.fromkeys(found))


def read_persons(tx: Tx, ids: Collection[PatientId]) -> dict[PatientId, Person]:
    """The patients with their responsible adults, in a fixed number of queries for every 500 of them."""
    found: dict[PatientId, Person] = {}
    for some in _chunks(ids):
        found |= _read_some(tx, some)
    return found


def open_and_signed(tx: Tx, agreement: Agreement) -> tuple[set[Candidate], set[Candidate]]:
    """Who has a request of this agreement that waits, and who has one of the newest version that is complete."""
    rows = tx.exec(
        columns(AgreementRequest.patient_id, AgreementRequest.membership_id, AgreementRequest.status)
        .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementRequest.version_id))
        .where(
            col(AgreementRequest.agreement_id) == agreement.id,
            (col(AgreementRequest.status) == RequestStatus.WAITING)
            | (
                col(AgreementRequest.status).in_((RequestStatus.COMPLETE, RequestStatus.PAPER))
                & (col(AgreementVersion.number) == agreement.newest)
            ),
        )
    ).all()
    waiting = {Candidate(p, m) for p, m, status in rows if status is RequestStatus.WAITING}
    return waiting, {Candidate(p, m) for p, m, _ in rows} - waiting


def _of_plan(tx: Tx, agreement: Agreement, plan_id: PlanId) -> list[Candidate]:
    """The members of a plan's running memberships today; of a membership contract their owners."""
    if agreement.kind is AgreementKind.MEMBERSHIP:
        wanted = running_memberships(Account.guarantor_id, Membership.id).where(
            col(Account.id) == col(Membership.account_id)
        )
    else:
        wanted = (
            running_memberships(Enrolment.patient_id, Membership.id)
            .where(col(Enrolment.membership_id) == col(Membership.id))
            .where(col(Enrolment.end).is_(None) | (col(Enrolment.end) >= today()))
        )
    rows = tx.exec(wanted.where(col(Membership.plan_id) == plan_id).order_by(col(Membership.id)))
    # Only a contract is about the membership: of anything else the same patient is asked once, however chosen.
    contract = agreement.kind is AgreementKind.MEMBERSHIP
    return [Candidate(patient, membership if contract else "") for patient, membership in rows]


def _who_signed_before(tx: Tx, agreement: Agreement) -> list[Candidate]:
    rows = tx.exec(
        columns(AgreementRequest.patient_id, AgreementRequest.membership_id)
        .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementRequest.version_id))
        .where(
            col(AgreementRequest.agreement_id) == agreement.id,
            col(AgreementRequest.status).in_((RequestStatus.COMPLETE, RequestStatus.PAPER)),
            col(AgreementVersion.number) < agreement.newest,
        )
        .order_by(col(AgreementRequest.patient_id))
    )
    return [Candidate(patient, membership) for patient, membership in rows]


def _on_memberships(tx: Tx, found: Iterable[Candidate]) -> list[Candidate]:
    """Each with the running membership that they own; those without one are set aside later."""
    wanted = running_memberships(Account.guarantor_id, Membership.id).where(
        col(Account.id) == col(Membership.account_id)
    )
    owned: dict[PatientId, str] = dict(tx.exec(wanted.order_by(col(Membership.id).desc())).all())
    return [Candidate(each.patient_id, owned.get(each.patient_id, "")) for each in found]


def _read_some(tx: Tx, ids: list[PatientId]) -> dict[PatientId, Person]:
    rows = tx.exec(
        columns(
            *(Patient.id, Patient.birth_date, Patient.status, Account.guarantor_id),
            *NAME_COLUMNS,
        )
        .join(Account, col(Account.id) == col(Patient.account_id))
        .where(col(Patient.id).in_(ids))
    ).all()
    day = today()
    recorded: dict[PatientId, list[PatientId]] = defaultdict(list)
    for relation in tx.exec(select(Relation).where(col(Relation.patient_id).in_(ids))):
        if _holds(relation.until, day):
            recorded[relation.patient_id].append(relation.adult_id)
    marked: dict[PatientId, list[PatientId]] = defaultdict(list)
    marks = select(DependentMark).where(
        col(DependentMark.patient_id).in_(ids), col(DependentMark.ended_at).is_(None)
    )
    for mark in tx.exec(marks):
        if _holds(mark.until, day):
            marked[mark.patient_id].append(mark.adult_id)
    return {
        id_: Person(
            full_name(*names),
            status,
            Asked(id_, born, tuple(dict.fromkeys([guarantor, *recorded[id_], *marked[id_]]))),
            tuple(marked[id_]),
        )
        for id_, born, status, guarantor, *names in rows
    }


def _holds(until: date | None, day: date) -> bool:
    return until is None or day <= until


def _chunks(ids: Collection[PatientId]) -> Iterator[list[PatientId]]:
    all_ids = list(ids)
    for start in range(0, len(all_ids), _SOME):
        yield all_ids[start : start + _SOME]
