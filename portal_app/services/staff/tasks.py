"""What needs a person: shown to whoever may act on it, and marked done."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import col, func, or_, select

from portal_app.clock import now
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.staff import StaffMember, Task
from portal_app.domain.access import ROLES, Permission, Principal, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PatientId
from portal_app.domain.money import Money
from portal_app.services.live import announce

PAGE = 50
TEXT_CAME, TEXT_STOP_WISH = "text_came", "text_stop_wish"  # what patients text: it may be about health


@dataclass(frozen=True, slots=True)
class TaskView:
    id: str
    kind: str
    message: str  # msgid
    values: dict[str, Any]
    who: str  # whom it is about, "" when nobody or not for the reader
    patient_id: PatientId | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TaskPage:
    rows: tuple[TaskView, ...]
    page: int
    pages: int
    count: int


def list_tasks(principal: Principal, *, page: int = 1) -> TaskPage:
    """Those not done, oldest first, 50 a page."""
    principal.require(Permission.STAFF_SIGNED_IN)
    with reading(_as_reader(principal)) as tx:
        fits = col(Task.done_at).is_(None) & _theirs(principal)
        count = tx.exec(select(func.count()).select_from(Task).where(fits)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        wanted = select(Task).where(fits).order_by(col(Task.created_at), col(Task.id))
        rows = tx.exec(wanted.offset((page - 1) * PAGE).limit(PAGE)).all()
        return TaskPage(tuple(_view(tx, row) for row in rows), page, pages, count)


def finish_task(principal: Principal, task_id: str) -> bool:
    """Somebody has seen to it; False: it was done already. NotFound when it is not theirs to see."""
    principal.require(Permission.STAFF_SIGNED_IN)
    with transaction(_as_reader(principal)) as tx:
        row = tx.exec(select(Task).where(Task.id == task_id, _theirs(principal)).with_for_update()).first()
        if row is None:
            raise NotFound
        if row.done_at is not None:
            return False
        row.done_at, row.done_by = now(), principal.name
        tx.add(audit.entry(principal, "task:done", subject=row.id, patient_id=row.patient_id))
        tx.on_commit(lambda: announce("tasks", task_id))
        return True


def who_can_allow(principal: Principal) -> tuple[str, ...]:
    """Names of those who give permissions."""
    principal.require(Permission.STAFF_SIGNED_IN)
    roles = [role for role, may in ROLES.items() if Permission.MANAGE_STAFF in may]
    with reading(_as_reader(principal)) as tx:
        wanted = select(StaffMember.name).where(
            col(StaffMember.role).in_(roles), col(StaffMember.active).is_(True)
        )
        return tuple(tx.exec(wanted.order_by(StaffMember.name)).all())


def _as_reader(principal: Principal) -> Principal:
    return system_principal(f"tasks for {principal.name}")


def _theirs(principal: Principal) -> Any:
    """Of an account for who may see billing, of a patient and what is texted for who may see patients, the rest for all."""
    unowned = col(Task.account_id).is_(None) & col(Task.patient_id).is_(None)
    texted = col(Task.kind).in_((TEXT_CAME, TEXT_STOP_WISH))
    ways: list[Any] = [unowned & ~texted]
    if principal.may(Permission.VIEW_BILLING):
        ways.append(col(Task.account_id).is_not(None))
    if principal.may(Permission.VIEW_PATIENTS):
        ways += [col(Task.patient_id).is_not(None), texted]
    return or_(*ways)


def _view(tx: Tx, row: Task) -> TaskView:
    patient_id = row.patient_id or _guarantor(tx, row.account_id)
    patient = tx.get(Patient, patient_id) if patient_id else None
    return TaskView(
        id=row.id,
        kind=row.kind,
        message=row.message,
        values={name: _whole(value) for name, value in row.values.items()},
        who=patient.full_name if patient else "",
        patient_id=patient_id,
        created_at=row.created_at,
    )


def _guarantor(tx: Tx, account_id: AccountId | None) -> PatientId | None:
    return tx.get_or_404(Account, account_id).guarantor_id if account_id else None


def _whole(value: Any) -> Any:
    """Money and days were kept as what JSON knows."""
    if isinstance(value, dict) and value.keys() == {"day"}:
        return date.fromisoformat(value["day"])
    if isinstance(value, dict) and value.keys() == {"minor", "currency"}:
        return Money(value["minor"], value["currency"])
    return value
