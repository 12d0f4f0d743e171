"""Name, birth date and sex are the practice's to change: patients ask, the desk decides, patients are told."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.types import Locked
from portal_app.domain.errors import NotFound
from portal_app.domain.families import is_doubtful_birth_date
from portal_app.domain.ids import PatientId
from portal_app.services.as_system import as_system, note
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.patients.access import families_changed
from portal_app.services.patients.errors import NewBirthDateUnusable, NewValueMissing, RequestAnswered

KIND = "change_request"
_LINE = 80
_FIRST_YEAR = 1880


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    id: str
    patient_id: PatientId
    given_name: str
    family_name: str
    chart_number: str
    birth_date: date | None
    sex: str
    what: Locked
    wish: str
    asked_on: date


def list_change_requests(principal: Principal) -> tuple[ChangeRequest, ...]:
    """Those that wait, oldest first."""
    principal.require(Permission.EDIT_PATIENTS)
    with reading(as_system(principal)) as tx:
        rows = tx.exec(
            select(Task, Patient)
            .join(Patient, col(Patient.id) == col(Task.patient_id))
            .where(col(Task.kind) == KIND, col(Task.done_at).is_(None))
            .order_by(col(Task.created_at), col(Task.id))
        ).all()
    return tuple(
        ChangeRequest(
            id=task.id,
            patient_id=person.id,
            given_name=person.given_name,
            family_name=person.family_name,
            chart_number=person.chart_number or "",
            birth_date=person.birth_date,
            sex=person.sex,
            what=Locked(task.values["what"]),
            wish=task.values["wish"],
            asked_on=clock.local_date(task.created_at),
        )
        for task, person in rows
    )


def apply_change(
    principal: Principal,
    task_id: str,
    *,
    given_name: str = "",
    family_name: str = "",
    birth_date: date | None = None,
    sex: str = "",
) -> None:
    """What staff typed becomes the patient's; only what was asked about is changed."""
    principal.require(Permission.EDIT_PATIENTS)
    with transaction(as_system(principal)) as tx:
        task, person = _open(tx, task_id)
        what = Locked(task.values["what"])
        if what is Locked.NAME:
            person.given_name, person.family_name = (
                _new_value(given_name, "given_name"),
                _new_value(family_name, "family_name"),
            )
        elif what is Locked.BIRTH_DATE:
            person.birth_date = _birth_date(birth_date)
        else:
            person.sex = _new_value(sex, "sex")
        tx.add(person)
        _close(tx, principal, task, f"apply:{KIND}", what)
        notify_all_contacts(tx, person.id, "details_changed")
        families_changed(tx)


def dismiss_change(principal: Principal, task_id: str) -> None:
    """Nothing is changed; the patient is told to call."""
    principal.require(Permission.EDIT_PATIENTS)
    with transaction(as_system(principal)) as tx:
        task, person = _open(tx, task_id)
        _close(tx, principal, task, f"dismiss:{KIND}", Locked(task.values["what"]))
        notify_all_contacts(tx, person.id, "details_kept")


def _open(tx: Tx, task_id: str) -> tuple[Task, Patient]:
    task = tx.get_or_404(Task, task_id, lock=True)
    if task.kind != KIND or task.patient_id is None:
        raise NotFound
    if task.done_at is not None:
        raise RequestAnswered
    return task, tx.get_or_404(Patient, task.patient_id, lock=True)


def _close(tx: Tx, principal: Principal, task: Task, action: str, what: Locked) -> None:
    task.done_at, task.done_by = clock.now(), principal.name
    tx.add(task)
    note(tx, action, task.patient_id, what=str(what))


def _new_value(typed: str, field: str) -> str:
    text = " ".join(typed.split())[:_LINE]
    if not text:
        raise NewValueMissing(field=field)
    return text


def _birth_date(typed: date | None) -> date:
    if typed is None or is_doubtful_birth_date(typed, clock.today()) or typed.year < _FIRST_YEAR:
        raise NewBirthDateUnusable
    return typed
