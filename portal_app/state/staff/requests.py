"""The page Requests: what patients asked the practice to change. Whatever staff decide, the patient is told."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import Locked
from portal_app.domain.families import full_name
from portal_app.i18n import date_text, full_date_text, gettext_noop, translate
from portal_app.services.patients import change_requests
from portal_app.services.patients.change_requests import ChangeRequest
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.family.labels import sex_words
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.staff.form_values import read_date

_FIELD_NAMES = {
    Locked.NAME: gettext_noop("Name"),
    Locked.BIRTH_DATE: gettext_noop("Date of birth"),
    Locked.SEX: gettext_noop("Sex"),
}


@dataclass(frozen=True)
class RequestItem:
    id: str
    patient: str
    about: str  # chart number and day of the request
    field: str  # name, birth_date, sex
    field_label: str
    on_file: str
    wish: str
    given_name: str
    family_name: str


class RequestsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[RequestItem]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def load(self):
        if self._newly_here():
            self.ready = False
            self._clear_feedback()
        self.busy = False
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def apply_change(self, form: dict[str, str]):
        async for step in run_busy(self, self._apply_change(form)):
            yield step

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def dismiss_change(self, request: str):
        await in_thread(change_requests.dismiss_change, me(), request)
        await self._show()
        self._show_done(gettext_noop("Not changed. The patient is told to call."))

    async def _apply_change(self, form: dict[str, str]) -> None:
        await in_thread(
            change_requests.apply_change,
            me(),
            form.get("request", ""),
            given_name=form.get("given_name", ""),
            family_name=form.get("family_name", ""),
            birth_date=read_date(form, "birth_date"),
            sex=form.get("sex", ""),
        )
        await self._show()
        self._show_done(gettext_noop("Changed. The patient is told."))

    async def _show(self) -> None:
        rows = await in_thread(change_requests.list_change_requests, me())
        self.rows = [self._item(row) for row in rows]

    def _item(self, row: ChangeRequest) -> RequestItem:
        name = full_name(row.given_name, row.family_name)
        return RequestItem(
            id=row.id,
            patient=name,
            about=f"{row.chart_number} · {date_text(self.language, row.asked_on)}",
            field=str(row.what),
            field_label=translate(self.language, _FIELD_NAMES[row.what]),
            on_file=self._on_file(row, name),
            wish=row.wish,
            given_name=row.given_name,
            family_name=row.family_name,
        )

    def _on_file(self, row: ChangeRequest, name: str) -> str:
        """What is on file now for the field that the request is about."""
        if row.what is Locked.NAME:
            return name
        if row.what is Locked.SEX:
            return sex_words(self.language, row.sex)
        if row.birth_date:
            return full_date_text(self.language, row.birth_date)
        return translate(self.language, "Not on file")
