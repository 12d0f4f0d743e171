"""A patient's emails and phones as the database has them: where messages may go, and whose country phones are of."""

from collections.abc import Sequence

from babel import Locale
from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.families import ContactPoint
from portal_app.db.tables.practice import Practice
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId
from portal_app.settings import settings


def usable_contacts(tx: Tx, patient_id: PatientId) -> list[ContactPoint]:
    """Where messages to a patient may go: preferred contacts before others, emails before phones."""
    return usable_contacts_of(tx, [patient_id]).get(patient_id, [])


def usable_contacts_of(tx: Tx, patient_ids: Sequence[PatientId]) -> dict[PatientId, list[ContactPoint]]:
    """The same for several patients; without those who have none."""
    found: dict[PatientId, list[ContactPoint]] = {}
    for point in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id).in_(patient_ids))):
        if point.usable:
            found.setdefault(point.patient_id, []).append(point)
    for points in found.values():
        points.sort(key=lambda p: (not p.preferred, p.kind is not ContactKind.EMAIL, p.value))
    return found


def phone_country(tx: Tx) -> str:
    """The country of phone numbers that are written without a country code: "US", the practice's own."""
    practice = tx.get(Practice, "practice")
    territory = Locale.parse(settings().locale).territory or ""  # "es" has none
    named = territory if territory.isalpha() else ""  # "419" is a continent
    return (practice.country if practice else "") or named or "US"
