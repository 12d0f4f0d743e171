"""Rows that may be about a patient who was added in the portal and has no chart number yet."""

from collections import defaultdict
from datetime import date

from sqlmodel import col, select

from portal_app.db.tables.families import Patient
from portal_app.domain.credentials.names import name_key
from portal_app.domain.families import PatientStatus, is_similar_name
from portal_app.i18n import gettext_noop
from portal_app.services.imports.import_run import ImportRun, Row, task


def set_aside_unnumbered(run: ImportRun, rows: list[Row]) -> list[Row]:
    """Without the new rows that may be such a patient: staff give that patient the number, or enter another one.

    A row with the number that staff gave updates the patient, as every other row does.
    """
    waiting: defaultdict[date | None, list[Patient]] = defaultdict(list)
    with run.opened() as tx:
        # Inactive patients without a number began to join online and never paid, or were refused: they are left out.
        unnumbered = select(Patient).where(
            col(Patient.chart_number).is_(None), Patient.status == PatientStatus.ACTIVE
        )
        for patient in tx.exec(unnumbered):
            waiting[patient.birth_date].append(patient)
        if not waiting:
            return rows
        kept, tasks = list[Row](), []
        for row in rows:
            same_day = waiting.get(row.birth_date, []) if row.chart_number not in run.people else []
            alike = next((patient for patient in same_day if _is_alike(row, patient)), None)
            if alike is None:
                kept.append(row)
                continue
            chart = row.chart_number
            run.aside(
                "patients",
                row,
                "chart_number",
                f"{chart} may be {alike.full_name}, who was added in the portal and has no chart number yet",
            )
            run.set_aside[chart] = row.where
            said = gettext_noop(
                "Row {chart} of the import may be {person}, who was added here. Give them that chart number."
            )
            about = {"patient_id": alike.id, "person": alike.full_name, "chart": chart}
            tasks.append(
                task(f"chart_number_in_file:{alike.id}:{chart}", "chart_number_missing", said, **about)
            )
        run.add_staff_task(tx, tasks)
    return kept


def _is_alike(row: Row, patient: Patient) -> bool:
    return all(
        is_similar_name(name_key(getattr(row, name)), name_key(getattr(patient, name)))
        for name in ("given_name", "family_name")
    )
