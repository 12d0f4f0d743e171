"""Appointments come in."""

from pathlib import Path

from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.appointments import Appointment
from portal_app.domain.appointments import AppointmentStatus
from tests.services.imports.import_helper import IMPORT, bring, write

COLUMNS = "appointment_key,chart_number,start,status"


def statuses() -> dict[str, AppointmentStatus]:
    with reading(IMPORT) as tx:
        return {one.practice_key: one.status for one in tx.exec(select(Appointment))}


def test_an_hour_that_happens_twice_is_said(folder: Path):
    write(folder, "appointments", COLUMNS, "V1,1,2026-11-01 01:30,", "V2,1,2026-11-01 00:30,")
    report = bring(folder)
    assert [(p.line, p.column, p.warning) for p in report.problems] == [(2, "start", True)]
    assert report.counts["appointments"].added == 2


def test_a_cancelled_row_that_lacks_everything_else_is_enough(folder: Path):
    write(folder, "appointments", COLUMNS, "V1,1,2026-07-01 10:00,")
    bring(folder)
    write(folder, "appointments", COLUMNS, "V1,,,cancelled", "V9,,,cancelled")
    for n in range(2):
        report = bring(folder)
        assert [p.line for p in report.set_aside] == [3]
        assert report.counts["appointments"].changed == 1 - n
        assert statuses() == {"V1": AppointmentStatus.CANCELLED}
