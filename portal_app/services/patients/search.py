"""A patient at the desk is found by name or chart number."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import PatientId
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.logins import masked
from portal_app.services.patients.errors import SearchTooShort
from portal_app.services.patients.matching import matches
from portal_app.services.patients.usable_contacts import usable_contacts

AT_MOST = 20
_LEAST = 2  # letters


@dataclass(frozen=True, slots=True)
class Found:
    """`contacts`: masked, for the desk to ask about, not to read out."""

    id: PatientId
    name: str
    chart_number: str
    birth_date: date | None
    contacts: tuple[str, ...] = ()


def find_patients(principal: Principal, words: str) -> tuple[Found, ...]:
    """Active patients whom the words mean (`patient_search`), twenty at most."""
    principal.require(Permission.VIEW_PATIENTS)
    if len("".join(words.split())) < _LEAST:
        raise SearchTooShort(least=_LEAST)
    meant = select(Patient).where(col(Patient.status) == PatientStatus.ACTIVE, matches(words))
    query = meant.order_by(col(Patient.family_name), col(Patient.given_name), col(Patient.id))
    with reading(principal) as tx:
        rows = tx.exec(query.limit(AT_MOST)).all()
        return tuple(_found(row) for row in rows)


def find_patient(principal: Principal, patient_id: PatientId) -> Found:
    """One of them, opened at the desk: the trail remembers who looked."""
    principal.require(Permission.VIEW_PATIENTS)
    with reading(principal) as tx:
        found = _found(tx.get_or_404(Patient, patient_id), _contacts(tx, patient_id))
    with transaction(as_system(principal)) as tx:
        note(tx, "read:patient", patient_id, page="desk")
    return found


def _found(row: Patient, contacts: tuple[str, ...] = ()) -> Found:
    return Found(row.id, row.full_name, row.chart_number or "", row.birth_date, contacts)


def _contacts(tx: Tx, patient_id: PatientId) -> tuple[str, ...]:
    return tuple(masked(point.kind, point.value) for point in usable_contacts(tx, patient_id))
