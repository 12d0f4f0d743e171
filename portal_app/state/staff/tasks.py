"""The page To do: what staff have to settle because the portal cannot."""

import re
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.i18n import ago_text, plural, translate
from portal_app.services.staff import tasks
from portal_app.services.staff.tasks import TaskView
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch


@dataclass(frozen=True)
class TaskItem:
    id: str
    message: str
    patient: str
    patient_href: str
    age: str


class TasksState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[TaskItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    message: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        watch("tasks", TasksState.refresh)
        if self._newly_here():
            self.message = ""
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN, activity=False)
    async def refresh(self):
        """Called by the server when a task is new or was finished."""
        await self._show()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def finish_task(self, task: str):
        if not re.fullmatch(r"tsk_[0-9a-f]{1,32}", task):
            raise NotFound
        await in_thread(tasks.finish_task, me(), task)
        self.message = translate(self.language, "Marked as done.")
        await self._show()

    async def _show(self) -> None:
        found = await in_thread(tasks.list_tasks, me())
        self.rows = [self._item(row) for row in found.rows]
        self.count = plural(
            self.language, "{n} task, oldest first", "{n} tasks, oldest first", found.count
        ) if found.count else ""  # fmt: skip

    def _item(self, row: TaskView) -> TaskItem:
        return TaskItem(
            id=row.id,
            message=translate(self.language, row.message, **row.values),
            patient=row.who,
            patient_href=address(self.language, f"/staff/patients/{row.patient_id}")
            if row.patient_id
            else "",
            age=ago_text(self.language, row.created_at),
        )
