"""Who sees whom, for the database's patients: read once for each version of the families and day."""

from datetime import date

from sqlmodel import col, or_, select, update

from portal_app.db.scope import Tx, reading
from portal_app.db.session_lookup import SessionRecord
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import DependentMark, Grant, Patient, Relation
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.families import Bond, Circle, Person, Seen, Share, seen_by
from portal_app.domain.ids import AccountId, PatientId

_REMEMBERED = 4096
_seen: dict[tuple[PatientId, str, int, int, date], Seen] = {}


def load_access_lists(patient_id: PatientId, met: SessionRecord, today: date) -> Seen:
    """The lists of a patient who signs in. Remembered for this version of the families and day."""
    asked = (patient_id, met.database, met.version, met.dependent_age, today)
    if (known := _seen.get(asked)) is not None:
        return known
    if len(_seen) >= _REMEMBERED:
        _seen.clear()
    with reading(system_principal("who sees whom")) as tx:
        circle = circle_of(tx, patient_id)
    seen = _seen[asked] = seen_by(circle, met.dependent_age, today) if circle else Seen()
    return seen


def forget() -> None:
    """Remember nothing of any database: it was replaced by another under the same address."""
    _seen.clear()


def families_changed(tx: Tx) -> None:
    """Say so in the same transaction whenever patients, relations, marks or settings change (DEP-6)."""
    tx.exec(update(Practice).values(version=Practice.version + 1))


def circle_of(tx: Tx, patient_id: PatientId) -> Circle | None:
    """Everybody who could matter to this viewer."""
    viewer = tx.get(Patient, patient_id)
    if viewer is None:
        return None
    accounts = tx.exec(select(Account.id).where(Account.guarantor_id == patient_id)).all()
    relations = tx.exec(select(Relation).where(Relation.adult_id == patient_id)).all()
    marks = tx.exec(
        select(DependentMark).where(
            DependentMark.adult_id == patient_id, col(DependentMark.ended_at).is_(None)
        )
    ).all()
    named = {b.patient_id for b in (*relations, *marks)}
    persons = tx.exec(
        select(Patient).where(or_(col(Patient.account_id).in_(accounts), col(Patient.id).in_(named)))
    ).all()
    return Circle(
        viewer=_person(viewer, None),
        persons=tuple(_person(p, patient_id if p.account_id in accounts else None) for p in persons),
        relations=tuple(Bond(r.patient_id, r.adult_id, r.until) for r in relations),
        marks=tuple(Bond(m.patient_id, m.adult_id, m.until) for m in marks),
        accounts=tuple(accounts),
        shares=_shares(tx, patient_id),
    )


def _shares(tx: Tx, patient_id: PatientId) -> tuple[Share, ...]:
    """What other adults let this viewer do, and the accounts it could be about."""
    found = tx.exec(
        select(Grant, Patient)
        .join(Patient, col(Patient.id) == col(Grant.patient_id))
        .where(col(Grant.to_id) == patient_id, col(Grant.withdrawn_at).is_(None))
    ).all()
    owned: dict[PatientId, list[AccountId]] = {}
    granters = [person.id for _, person in found]
    for account in tx.exec(select(Account).where(col(Account.guarantor_id).in_(granters))):
        owned.setdefault(account.guarantor_id, []).append(account.id)
    return tuple(
        Share(_person(person, None), grant.kind, tuple(owned.get(person.id, ()))) for grant, person in found
    )


def _person(row: Patient, guarantor: PatientId | None) -> Person:
    return Person(row.id, row.birth_date, guarantor, row.status)
