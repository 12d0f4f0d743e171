"""Patients whom staff look for on the pages about agreements."""

from dataclasses import dataclass

from portal_app.i18n import full_date_text
from portal_app.services.billing.staff.patient_billing import find_patients
from portal_app.state.base import in_thread, me

LONGEST_TEXT = 80  # characters of a search


@dataclass(frozen=True)
class FoundPerson:
    id: str
    name: str
    detail: str  # chart number and date of birth


async def find_people(language: str, text: str) -> list[FoundPerson]:
    """At most 25 patients that match; [] for an empty text."""
    found = await in_thread(find_patients, me(), text[:LONGEST_TEXT])
    return [
        FoundPerson(
            row.id,
            row.name,
            " · ".join(
                filter(None, (row.chart_number, row.birth_date and full_date_text(language, row.birth_date)))
            ),
        )
        for row in found.rows
    ]
