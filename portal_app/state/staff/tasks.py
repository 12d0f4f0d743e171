"""What needs a person."""

import re
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.i18n import ago_text, plural, translate
from portal_app.services.staff.tasks import TaskView, finish_task, list_tasks
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch


@dataclass(frozen=True)
class TaskItem:
    id: str
    message: str
    who: str
    who_href: str
    since: str


class TasksState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[TaskItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    said: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        watch("tasks", TasksState.refresh)
        if self._newly_here():
            self.said = ""
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN, activity=False)
    async def refresh(self):
        """Asked for by the server when there is something new, or somebody has seen to one."""
        await self._show()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def finish(self, task: str):
        """Somebody has seen to it."""
        if not re.fullmatch(r"tsk_[0-9a-f]{1,32}", task):
            raise NotFound
        await in_thread(finish_task, me(), task)
        self.said = translate(self.language, "Marked as done.")
        await self._show()

    async def _show(self) -> None:
        found = await in_thread(list_tasks, me())
        self.rows = [self._item(row) for row in found.rows]
        self.count = plural(
            self.language, "{n} item, oldest first", "{n} items, oldest first", found.count
        ) if found.count else ""  # fmt: skip

    def _item(self, row: TaskView) -> TaskItem:
        return TaskItem(
            id=row.id,
            message=translate(self.language, row.message, **row.values),
            who=row.who,
            who_href=address(self.language, f"/staff/patients/{row.patient_id}") if row.patient_id else "",
            since=ago_text(self.language, row.created_at),
        )
