"""Who answers for whom, kept by the practice: recorded parents and guardians, and marked dependents.

Every change raises the families' version in its own transaction: open sessions obey with their next event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import col, or_, select

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import DependentMark, Patient, Relation
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound, ReasonMissing
from portal_app.domain.families import PatientStatus, Person, RelationKind, is_adult, is_doubtful_birth_date
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.patients.access import families_changed
from portal_app.services.patients.errors import AdultUnusable, ChartNumberUnknown, LastDayPast, OwnDependent
from portal_app.services.patients.matching import has_chart_number

_REASON_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class PersonFound:
    id: PatientId
    name: str
    chart_number: str
    birth_date: date | None
    status: PatientStatus
    adult: bool
    doubtful: bool  # the birth date is missing or in the future (DEP-10)


@dataclass(frozen=True, slots=True)
class FamilyMember:
    person: PersonFound
    guarantor: str


@dataclass(frozen=True, slots=True)
class RelationRow:
    id: str
    patient: str
    adult: str
    kind: RelationKind
    until: date | None
    over: bool


@dataclass(frozen=True, slots=True)
class MarkRow:
    id: str
    patient: str
    adult: str
    reason: str
    since: date
    until: date | None
    over: bool


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """One patient and all who share their file; relations and marks of any of them."""

    patient: PersonFound
    members: tuple[FamilyMember, ...]
    relations: tuple[RelationRow, ...]
    marks: tuple[MarkRow, ...]


def doubtful_birth_dates(principal: Principal) -> tuple[PersonFound, ...]:
    """Patients whose birth date is missing or in the future: nobody acts for them meanwhile (DEP-10)."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    wanted = select(Patient).where(
        or_(col(Patient.birth_date).is_(None), col(Patient.birth_date) > clock.today()),
        col(Patient.status) == PatientStatus.ACTIVE,
    )
    with reading(principal) as tx:
        return tuple(_found(row) for row in tx.exec(wanted.order_by(col(Patient.family_name)).limit(100)))


def view_family(principal: Principal, patient_id: PatientId) -> FamilyFile:
    """The whole file of one patient; that it was read is in the trail."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    with transaction(principal) as tx:
        patient = tx.get_or_404(Patient, patient_id)
        tx.add_as_system(audit.entry(principal, "read:family", patient_id=patient_id))
        rows = tx.exec(
            select(Patient)
            .where(col(Patient.family_id) == patient.family_id)
            .order_by(col(Patient.birth_date), col(Patient.given_name))
        ).all()
        ids = [row.id for row in rows]
        relations = tx.exec(
            select(Relation).where(or_(col(Relation.patient_id).in_(ids), col(Relation.adult_id).in_(ids)))
        ).all()
        marks = tx.exec(
            select(DependentMark).where(
                or_(col(DependentMark.patient_id).in_(ids), col(DependentMark.adult_id).in_(ids))
            )
        ).all()
        names = _names(tx, {i for bond in (*relations, *marks) for i in (bond.patient_id, bond.adult_id)})
        guarantors = _guarantors(tx, rows)
    return FamilyFile(
        patient=_found(patient),
        members=tuple(FamilyMember(_found(row), guarantors.get(row.id, "")) for row in rows),
        relations=tuple(_relation(row, names) for row in relations),
        marks=tuple(_mark(row, names) for row in sorted(marks, key=lambda m: m.created_at, reverse=True)),
    )


def add_relation(
    principal: Principal,
    patient_id: PatientId,
    adult_id: PatientId,
    kind: RelationKind,
    until: date | None = None,
) -> None:
    """A parent or guardian, until a last day or until it is ended. Recorded again, it holds again."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    with transaction(principal) as tx:
        _check_pair(tx, patient_id, adult_id, until)
        known = tx.exec(
            select(Relation).where(
                col(Relation.patient_id) == patient_id,
                col(Relation.adult_id) == adult_id,
                col(Relation.kind) == kind,
            )
        ).first()
        row = known or Relation(
            id=new_id("rel"), patient_id=patient_id, adult_id=adult_id, kind=kind, created_at=clock.now()
        )
        row.until = until
        tx.add(row)
        families_changed(tx)


def end_relation(principal: Principal, relation_id: str) -> None:
    """At once: its last day was yesterday."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    with transaction(principal) as tx:
        row = tx.get_or_404(Relation, relation_id, lock=True)
        row.until = clock.today() - timedelta(days=1)
        tx.add(row)
        families_changed(tx)


def mark_dependent(
    principal: Principal,
    patient_id: PatientId,
    adult_id: PatientId,
    reason: str,
    until: date | None = None,
) -> str:
    """A named adult acts for this patient, whatever their age; why is kept, and they are told (DEP-5)."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    why = " ".join(reason.split())[:_REASON_AT_MOST]
    if not why:
        raise ReasonMissing
    with transaction(principal) as tx:
        _check_pair(tx, patient_id, adult_id, until)
        mark = tx.add(
            DependentMark(
                id=new_id("mrk"),
                patient_id=patient_id,
                adult_id=adult_id,
                reason=why,
                until=until,
                marked_by=principal.name,
                created_at=clock.now(),
            )
        )
        tx.add_as_system(audit.entry(principal, "mark_dependent", patient_id=patient_id, subject=mark.id))
        notify_all_contacts(tx, patient_id, "dependent_marked")
        families_changed(tx)
        return mark.id


def unmark_dependent(principal: Principal, mark_id: str) -> None:
    """End the mark of a dependent adult, from their next event on in open sessions too; the patient is told (DEP-6)."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    with transaction(principal) as tx:
        mark = tx.get_or_404(DependentMark, mark_id, lock=True)
        if mark.ended_at is not None:
            return
        mark.ended_at = clock.now()
        tx.add(mark)
        tx.add_as_system(
            audit.entry(principal, "unmark_dependent", patient_id=mark.patient_id, subject=mark.id)
        )
        notify_all_contacts(tx, mark.patient_id, "dependent_unmarked")
        families_changed(tx)


def person_by_chart(principal: Principal, chart_number: str) -> PatientId:
    """An adult of another family file, as the desk names them."""
    principal.require(Permission.MANAGE_FAMILY_LINKS)
    with reading(principal) as tx:
        found = tx.exec(select(Patient.id).where(has_chart_number(chart_number))).first()
    if found is None:
        raise ChartNumberUnknown
    return PatientId(found)


def _check_pair(tx: Tx, patient_id: PatientId, adult_id: PatientId, until: date | None) -> None:
    patient, adult = tx.get_or_404(Patient, patient_id, lock=True), tx.get_or_404(Patient, adult_id)
    if patient.id == adult.id:
        raise OwnDependent
    if patient.status is PatientStatus.MERGED:
        raise NotFound
    person = Person(adult.id, adult.birth_date, status=adult.status)
    doubtful = is_doubtful_birth_date(adult.birth_date, clock.today())
    if adult.status is not PatientStatus.ACTIVE or doubtful or not is_adult(person, clock.today()):
        raise AdultUnusable
    if until is not None and until < clock.today():
        raise LastDayPast


def _found(row: Patient) -> PersonFound:
    return PersonFound(
        id=row.id,
        name=row.full_name,
        chart_number=row.chart_number or "",
        birth_date=row.birth_date,
        status=row.status,
        adult=is_adult(Person(row.id, row.birth_date), clock.today()),
        doubtful=is_doubtful_birth_date(row.birth_date, clock.today()),
    )


def _names(tx: Tx, ids: set[PatientId]) -> dict[PatientId, str]:
    rows = tx.exec(select(Patient).where(col(Patient.id).in_(ids)))
    return {row.id: row.full_name for row in rows}


def _guarantors(tx: Tx, rows: Sequence[Patient]) -> dict[PatientId, str]:
    """Whoever answers for each one's account."""
    wanted = select(Account).where(col(Account.id).in_({row.account_id for row in rows}))
    by_account = {account.id: account.guarantor_id for account in tx.exec(wanted)}
    names = _names(tx, set(by_account.values()))
    return {row.id: names.get(by_account.get(row.account_id, row.id), "") for row in rows}


def _relation(row: Relation, names: dict[PatientId, str]) -> RelationRow:
    over = row.until is not None and row.until < clock.today()
    return RelationRow(row.id, names[row.patient_id], names[row.adult_id], row.kind, row.until, over)


def _mark(row: DependentMark, names: dict[PatientId, str]) -> MarkRow:
    over = row.ended_at is not None or (row.until is not None and row.until < clock.today())
    since, until = clock.local_date(row.created_at), row.until
    if row.ended_at is not None:
        until = clock.local_date(row.ended_at)
    return MarkRow(row.id, names[row.patient_id], names[row.adult_id], row.reason, since, until, over)
