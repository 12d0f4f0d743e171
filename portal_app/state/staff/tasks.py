"""The page To do: what staff have to settle because the portal cannot."""

import re
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import ago_text, gettext_noop, plural, translate
from portal_app.services.memberships.members.tell import CHART_NUMBER
from portal_app.services.patients.chart_numbers import give_chart_number
from portal_app.services.staff import tasks
from portal_app.services.staff.tasks import TaskView
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch


@dataclass(frozen=True)
class TaskItem:
    id: str
    message: str
    patient: str
    patient_id: str
    patient_href: str
    age: str
    asks_chart_number: bool  # the field for it stands in the task


class TasksState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[TaskItem]] = rx.field(default_factory=list)
    count: rx.Field[str] = rx.field("")
    wrong_task: rx.Field[str] = rx.field("")  # the task whose chart number was refused

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        watch("tasks", TasksState.refresh)
        if self._newly_here():
            self._clear_feedback()
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
        self._show_done(gettext_noop("Marked as done."))
        await self._show()

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def save_chart_number(self, form: dict[str, str]):
        """Gives the patient of a task the chart number that the practice's own system gave; the task is done."""
        self.wrong_task = (form.get("task") or "")[:40]
        async for step in run_busy(self, self._save_chart_number(form), "chart_number"):
            yield step

    async def _save_chart_number(self, form: dict[str, str]) -> None:
        patient = PatientId(parse_id("pat", form.get("patient")))
        await in_thread(give_chart_number, me(), patient, form.get("chart_number") or "")
        self._show_done(gettext_noop("The chart number is saved."))
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
            patient=row.who,
            message=translate(self.language, row.message, **row.values),
            patient_id=row.patient_id or "",
            patient_href=address(self.language, f"/staff/patients/{row.patient_id}")
            if row.patient_id
            else "",
            age=ago_text(self.language, row.created_at),
            asks_chart_number=row.kind == CHART_NUMBER
            and row.patient_id is not None
            and me().may(Permission.EDIT_PATIENTS),
        )
