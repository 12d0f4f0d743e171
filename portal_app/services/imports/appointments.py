"""Appointments, as the practice's system has them."""

from typing import Any

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.appointments import Appointment
from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.ids import new_id
from portal_app.services.imports.import_run import ImportRun, Row, chunks, whole

_COPIED = ("provider", "location", "reason", "start", "minutes", "status")


def import_appointments(desk: ImportRun, rows: list[Row]) -> None:
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        key = row["appointment_key"]
        if key in seen:
            desk.aside("appointments", row, "appointment_key", f"{key} was in line {seen[key]} already")
        else:
            seen[key] = row.where.line
            kept.append(row)
    for some in chunks(kept):
        with desk.opened() as tx:
            _keep(desk, tx, some)
        desk.step(len(some))


def _keep(desk: ImportRun, tx: Tx, rows: list[Row]) -> None:
    keys = [row["appointment_key"] for row in rows]
    here = {
        a.practice_key: a for a in tx.exec(select(Appointment).where(col(Appointment.practice_key).in_(keys)))
    }
    new: list[dict[str, Any]] = []
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    count = desk.count("appointments")
    for row in rows:
        person = desk.person("appointments", row, "chart_number")
        if person is None:
            continue
        values = {column: row[column] for column in _COPIED} | {"patient_id": person.id}
        values["status"] = AppointmentStatus(values["status"])
        before = here.get(row["appointment_key"])
        if before is None:
            new.append(whole(Appointment, id=new_id("apt"), practice_key=row["appointment_key"], **values))
            count.added += 1
            continue
        may = row.given | {"patient_id"}
        moved = {c: v for c, v in values.items() if c in may and getattr(before, c) != v}
        if moved:
            changed.setdefault(tuple(sorted(moved)), []).append(
                {"id": before.id, **dict(sorted(moved.items()))}
            )
        count.changed += bool(moved)
        count.unchanged += not moved
    desk.bulk_insert(tx, Appointment, new)
    for some in changed.values():
        desk.bulk_update(tx, Appointment, some)
