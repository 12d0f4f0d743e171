"""What patients asked the practice to change: done or not, they are told."""

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
from portal_app.state.feedback import run_busy
from portal_app.state.staff.families import last_day

_WHAT = {
    Locked.NAME: gettext_noop("Name"),
    Locked.BIRTH_DATE: gettext_noop("Date of birth"),
    Locked.SEX: gettext_noop("Sex"),
}


@dataclass(frozen=True)
class RequestItem:
    id: str
    who: str
    about: str  # chart number and day
    what: str
    label: str
    now: str
    wish: str
    given_name: str
    family_name: str


class RequestsState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    news: rx.Field[str] = rx.field("")
    rows: rx.Field[list[RequestItem]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def load(self):
        if self._newly_here():
            self.ready, self.error, self.news = False, "", ""
        self.busy = False
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def apply(self, form: dict[str, str]):
        self.news = ""
        async for shown in run_busy(self, self._apply(form)):
            yield shown

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def dismiss(self, request: str):
        await in_thread(change_requests.dismiss_change, me(), request)
        await self._show()
        self.news = translate(self.language, "Not changed. The patient is told to call.")

    async def _apply(self, form: dict[str, str]) -> None:
        await in_thread(
            change_requests.apply_change,
            me(),
            form.get("request", ""),
            given_name=form.get("given_name", ""),
            family_name=form.get("family_name", ""),
            birth_date=last_day(form.get("birth_date", "")),
            sex=form.get("sex", ""),
        )
        await self._show()
        self.news = translate(self.language, "Changed. The patient is told.")

    async def _show(self) -> None:
        rows = await in_thread(change_requests.list_change_requests, me())
        self.rows = [self._item(row) for row in rows]

    def _item(self, row: ChangeRequest) -> RequestItem:
        name = full_name(row.given_name, row.family_name)
        born = full_date_text(self.language, row.birth_date) if row.birth_date else ""
        now = {Locked.NAME: name, Locked.SEX: sex_words(self.language, row.sex)}
        return RequestItem(
            id=row.id,
            who=name,
            about=f"{row.chart_number} · {date_text(self.language, row.asked_on)}",
            what=str(row.what),
            label=translate(self.language, _WHAT[row.what]),
            now=now.get(row.what, born or translate(self.language, "Not on file")),
            wish=row.wish,
            given_name=row.given_name,
            family_name=row.family_name,
        )
