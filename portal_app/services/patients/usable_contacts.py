"""A patient's emails and phones as the database has them: where messages may go, and whose country phones are of."""

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.families import ContactPoint
from portal_app.db.tables.practice import Practice
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId
from portal_app.settings import settings


def usable_contacts(tx: Tx, patient_id: PatientId) -> list[ContactPoint]:
    """Where messages to a patient may go: preferred contacts before others, emails before phones."""
    points = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id))
    usable = [point for point in points if point.usable]
    return sorted(usable, key=lambda p: (not p.preferred, p.kind is not ContactKind.EMAIL, p.value))


def phone_country(tx: Tx) -> str:
    """The country of phone numbers that are written without a country code: "US", the practice's own."""
    practice = tx.get(Practice, "practice")
    return (practice.country if practice else "") or settings().locale.rpartition("_")[2] or "US"
