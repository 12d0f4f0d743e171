"""A patient at the desk is found by name, chart number or date of birth."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, or_, select

from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import Refused
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.domain.ids import PatientId
from portal_app.services.logins import masked
from portal_app.services.on_behalf import note, on_behalf

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
    """Active patients whose names or chart number begin with each of these words; twenty at most."""
    principal.require(Permission.VIEW_PATIENTS)
    asked = words.split()[:5]
    if len("".join(asked)) < _LEAST:
        raise Refused("Type at least {least} letters of the name, or the chart number.", least=_LEAST)
    query = select(Patient).where(Patient.status == PatientStatus.ACTIVE)
    for word in asked:
        start = _plain(word) + "%"
        query = query.where(
            or_(
                col(Patient.given_name).ilike(start, escape="\\"),
                col(Patient.family_name).ilike(start, escape="\\"),
                col(Patient.chart_number).ilike(start, escape="\\"),
            )
        )
    with reading(principal) as tx:
        rows = tx.exec(query.order_by(col(Patient.family_name), col(Patient.given_name)).limit(AT_MOST)).all()
        return tuple(_found(row) for row in rows)


def find_patient(principal: Principal, patient_id: PatientId) -> Found:
    """One of them, opened at the desk: the trail remembers who looked."""
    principal.require(Permission.VIEW_PATIENTS)
    with reading(principal) as tx:
        found = _found(tx.find(Patient, patient_id), _contacts(tx, patient_id))
    with transaction(on_behalf(principal)) as tx:
        note(tx, "read:patient", patient_id, page="desk")
    return found


def _found(row: Patient, contacts: tuple[str, ...] = ()) -> Found:
    return Found(row.id, f"{row.given_name} {row.family_name}", row.chart_number, row.birth_date, contacts)


def _contacts(tx: Tx, patient_id: PatientId) -> tuple[str, ...]:
    points = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id)).all()
    usable = [p for p in points if p.kind is ContactKind.EMAIL or p.may_text]
    return tuple(masked(p.kind, p.value) for p in usable)


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
