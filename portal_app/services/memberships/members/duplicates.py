"""Somebody who may be a patient already: asked about among those the owner may see, else told to staff alone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.families import Grant, Patient
from portal_app.domain.access import Everyone, Principal
from portal_app.domain.credentials.names import name_key
from portal_app.domain.families import PatientStatus, is_similar_name
from portal_app.domain.ids import PatientId


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody on file with the same date of birth and a similar name."""

    id: PatientId
    name: str
    birth_date: date | None
    chart_number: str  # for staff
    may_be_seen: bool  # by the membership's owner


def find_alike(
    tx: Tx,
    principal: Principal,
    names: tuple[str, str],
    birth_date: date,
    members: Collection[PatientId] = (),
) -> tuple[Alike, ...]:
    """Everybody alike, by name. The transaction sees all patients; `members` are known to the owner by name."""
    given, family = (name_key(name) for name in names)
    rows = tx.exec(
        select(Patient).where(Patient.birth_date == birth_date, Patient.status != PatientStatus.MERGED)
    ).all()
    alike = [
        row
        for row in rows
        if is_similar_name(given, name_key(row.given_name))
        and is_similar_name(family, name_key(row.family_name))
    ]
    known = known_to(tx, principal) | frozenset(members) if alike else frozenset()
    found = (
        Alike(row.id, row.full_name, row.birth_date, row.chart_number or "", row.id in known) for row in alike
    )
    return tuple(sorted(found, key=lambda one: (one.name, one.id)))


def known_to(tx: Tx, principal: Principal) -> frozenset[PatientId]:
    """Whom a patient knows to be on file: themself, those they act for, and adults who share something with them."""
    if isinstance(principal.patients, Everyone):
        return frozenset(PatientId(id_) for id_ in tx.exec(select(Patient.id)))
    sharing = select(Grant.patient_id).where(
        Grant.to_id == principal.patient_id, col(Grant.withdrawn_at).is_(None)
    )
    return principal.patients | frozenset(PatientId(id_) for id_ in tx.exec(sharing))
