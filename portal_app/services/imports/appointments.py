"""Appointments, as the practice's system has them."""

from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.appointments import Appointment
from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.ids import PatientId
from portal_app.services.imports.import_run import ImportRun, Row, chunks, shared_values

_COPIED = ("provider", "location", "reason", "start", "minutes", "status")
_KEPT = columns(
    *(Appointment.id, Appointment.practice_key, Appointment.patient_id),
    *(getattr(Appointment, name) for name in _COPIED),
)
_copied = attrgetter(*_COPIED)


class _NewAppointment(NamedTuple):
    """An appointment that will be written. Its columns."""

    practice_key: str
    patient_id: PatientId
    provider: str
    location: str
    reason: str
    start: datetime
    minutes: int
    status: str


def import_appointments(run: ImportRun, rows: list[Row]) -> None:
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        key = row.appointment_key
        if key in seen:
            run.aside("appointments", row, "appointment_key", f"{key} was in line {seen[key]} already")
        else:
            seen[key] = row.line
            kept.append(row)
    for some in chunks(kept):
        with run.opened() as tx:
            _keep(run, tx, some)
        run.step(len(some))
    for some in chunks(row for row in run.cancellations if row.appointment_key not in seen):
        with run.opened() as tx:
            _cancel(run, tx, some)


def _cancel(run: ImportRun, tx: Tx, rows: list[Row]) -> None:
    """Appointments taken back by rows that lack everything else."""
    by_key = {row.appointment_key: row for row in rows}
    here = tx.exec(select(Appointment).where(col(Appointment.practice_key).in_(list(by_key)))).all()
    count = run.count("appointments")
    for key in by_key.keys() - {one.practice_key for one in here}:
        run.aside("appointments", by_key[key], "status", "was taken back at the source, and was never here")
    moved = [one for one in here if one.status is not AppointmentStatus.CANCELLED]
    run.bulk_update(tx, Appointment, [{"id": one.id, "status": AppointmentStatus.CANCELLED} for one in moved])
    count.changed += len(moved)
    count.unchanged += len(here) - len(moved)


def _keep(run: ImportRun, tx: Tx, rows: list[Row]) -> None:
    keys = [row.appointment_key for row in rows]
    here = {a.practice_key: a for a in tx.exec(_KEPT.where(col(Appointment.practice_key).in_(keys)))}
    new: list[_NewAppointment] = []
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    count = run.count("appointments")
    for row in rows:
        person = run.person("appointments", row, "chart_number")
        if person is None:
            continue
        before = here.get(row.appointment_key)
        if before is None and row.shape.withdrawn:
            run.aside("appointments", row, "status", "was taken back at the source, and was never here")
            continue
        if before is None:
            new.append(_NewAppointment(row.appointment_key, person.id, *_copied(row)))
            count.added += 1
            continue
        values: dict[str, Any] = dict(zip(_COPIED, _copied(row), strict=True)) | {"patient_id": person.id}
        values["status"] = AppointmentStatus(values["status"])
        may = row.given | {"patient_id"}
        moved = {c: v for c, v in values.items() if c in may and getattr(before, c) != v}
        if moved:
            changed.setdefault(tuple(sorted(moved)), []).append(
                {"id": before.id, **dict(sorted(moved.items()))}
            )
        count.changed += bool(moved)
        count.unchanged += not moved
    _insert(run, tx, new)
    for some in changed.values():
        run.bulk_update(tx, Appointment, some)


def _insert(run: ImportRun, tx: Tx, new: list[_NewAppointment]) -> None:
    if not new or run.check:
        return
    values: dict[str, Any] = dict(zip(_NewAppointment._fields, zip(*new, strict=True), strict=True))
    values["id"] = run.next_ids("apt", len(new))
    tx.bulk_insert_columns(Appointment, values, shared_values(Appointment, values, {}))
