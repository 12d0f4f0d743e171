"""A copy that waits for more than two minutes is a task for staff, which ends when no copy waits so long (SIGN-4)."""

from datetime import timedelta

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, transaction
from portal_app.db.select import columns
from portal_app.db.tables.agreements import AgreementCopy
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.types import CopyStatus
from portal_app.domain.ids import new_id
from portal_app.i18n import gettext_noop
from portal_app.services.live import announce

LATE = timedelta(seconds=60)  # the job looks once a minute: seen within two minutes
KIND = "agreement_copies_late"
_MESSAGE = gettext_noop(
    "Copies of signed agreements are not made yet: {count}. The signatures stand, and it is tried again. Whoever looks"
    " after the server sees the reason with: portal doctor"
)


def tell_of_late_copies(principal: Principal) -> bool:
    """One task however many wait; whether one was added. It is done when none waits for long any more."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(principal) as tx:
        late = tx.exec(
            columns(func.count()).where(
                col(AgreementCopy.status).in_((CopyStatus.WAITING, CopyStatus.FAILED)),
                col(AgreementCopy.created_at) <= now() - LATE,
            )
        ).one()
        task = _open_task(tx)
        if not late and task:
            task.done_at, task.done_by = now(), tx.principal.name
            tx.on_commit(lambda: announce("tasks"))
        if not late or task:
            return False
        tx.on_commit(lambda: announce("tasks"))
        return tx.add_as_system_once(
            Task(
                id=new_id("tsk"),
                once=f"{KIND}:{now().isoformat(timespec='seconds')}",
                kind=KIND,
                message=_MESSAGE,
                values={"count": late},
                created_at=now(),
            )
        )


def _open_task(tx: Tx) -> Task | None:
    return tx.exec(select(Task).where(Task.kind == KIND, col(Task.done_at).is_(None))).first()
