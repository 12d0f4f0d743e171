"""A patient who was added in the portal has no chart number: the import updates them, and makes no second one."""

from datetime import date
from pathlib import Path

from sqlmodel import select

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.domain.ids import PatientId, new_id
from tests.services.imports.import_helper import (
    ANA,
    CAL,
    IMPORT,
    PATIENTS,
    bring,
    everything,
    said,
    tasks,
    write,
)

CARA = "77,1,Cara,Reyes,2019-08-01,cara@example.com,"


def add_cara(chart_number: str | None = None) -> PatientId:
    """Ana added her in the portal."""
    id_ = PatientId(new_id("pat"))
    with transaction(IMPORT) as tx:
        ana = tx.exec(select(Patient).where(Patient.chart_number == "1")).one()
        tx.add(
            Patient(
                id=id_,
                chart_number=chart_number,
                family_id=ana.family_id,
                account_id=ana.account_id,
                given_name="Cara",
                family_name="Reyes",
                birth_date=date(2019, 8, 1),
                created_at=now(),
            )
        )
    return id_


def test_the_next_import_of_the_number_that_staff_gave_updates_the_patient(folder: Path):
    assert bring(folder).problems == []
    cara = add_cara("77")
    write(folder, "patients", PATIENTS, ANA, CAL, CARA)
    assert bring(folder).problems == []
    assert everything()["Patient"] == 3
    with reading(IMPORT) as tx:
        row = tx.exec(select(Patient).where(Patient.chart_number == "77")).one()
        ana = tx.exec(select(Patient).where(Patient.chart_number == "1")).one()
    assert (row.id, row.account_id) == (cara, ana.account_id)


def test_a_row_that_may_be_somebody_without_a_number_is_set_aside_with_a_task(folder: Path):
    assert bring(folder).problems == []
    add_cara()
    write(folder, "patients", PATIENTS, ANA, CAL, CARA, "78,77,Zoe,Reyes,2020-01-01,,")
    for _ in range(2):
        assert said(bring(folder)) == [
            ("patients.csv", 4, "chart_number"),
            ("patients.csv", 5, "guarantor_chart_number"),
        ]
    assert everything()["Patient"] == 3
    assert [task.values["chart"] for task in tasks() if task.kind == "chart_number_missing"] == ["77"]


def test_a_row_with_another_name_or_birth_date_comes_in(folder: Path):
    assert bring(folder).problems == []
    add_cara()
    write(
        folder, "patients", PATIENTS, ANA, CAL, "77,1,Ruth,Reyes,2019-08-01,,", "78,1,Cara,Reyes,2019-08-02,,"
    )
    assert bring(folder).problems == []
    assert everything()["Patient"] == 5
