"""The front desk: a patient's way in – a printed code, a link, a reset – and the portal's own address."""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import date_text, full_date_text, gettext_noop, moment_text, translate
from portal_app.services.credentials import desk_codes, passwords, resets
from portal_app.services.links import action_links
from portal_app.services.links.action_links import LinkView
from portal_app.services.patients import search
from portal_app.services.patients.search import Found
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.typed_fields import as_image

_PURPOSES = {
    "pay": gettext_noop("Pay a bill"),
    "card": gettext_noop("Change the card on file"),
    "sign": gettext_noop("Sign an agreement"),
    "forms": gettext_noop("Fill in forms"),
}


@dataclass(frozen=True)
class FoundItem:
    id: str
    name: str
    about: str


@dataclass(frozen=True)
class LinkItem:
    id: str
    purpose: str
    about: str


class DeskState(PortalState):
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    news: rx.Field[str] = rx.field("")
    searched: rx.Field[bool] = rx.field(False)
    found: rx.Field[list[FoundItem]] = rx.field(default_factory=list)

    patient: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    about: rx.Field[str] = rx.field("")
    contacts: rx.Field[str] = rx.field("")
    reset_at: rx.Field[str] = rx.field("")
    reset_why: rx.Field[str] = rx.field("")
    links: rx.Field[list[LinkItem]] = rx.field(default_factory=list)

    paper: rx.Field[str] = rx.field("")  # "slip", "portal": what is ready to print
    qr: rx.Field[str] = rx.field("")
    lines: rx.Field[list[str]] = rx.field(default_factory=list)
    address: rx.Field[str] = rx.field("")
    way: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def load(self):
        if self._newly_here():
            self._away()
            self.searched, self.found = False, []

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def find(self, form: dict[str, str]):
        async for shown in run_busy(self, self._find(form.get("words", ""))):
            yield shown

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def open(self, patient: str):
        self._away()
        self.patient = parse_id("pat", patient)
        await self._show()

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def back(self):
        self._away()

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def print_code(self):
        """Shown once, to be handed over (CODE-13)."""
        slip = await in_thread(desk_codes.print_desk_code, me(), self._whose())
        self.lines, self.qr = list(slip.lines), as_image(slip.qr_svg)
        self.address, self.paper, self.news = slip.address, "slip", ""

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def send_link(self):
        count = await in_thread(action_links.send_access_link, me(), self._whose())
        if not count:
            raise UserError("There is no email and no phone on file. Print a code instead.")
        self.news = translate(self.language, "The link is on its way to {count} addresses.", count=count)

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def revoke(self, link: str):
        await in_thread(action_links.revoke_link, me(), parse_id("lnk", link))
        self.news = translate(self.language, "The link opens nothing any more.")
        await self._show()

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def start_reset(self, form: dict[str, str]):
        async for shown in run_busy(self, self._start_reset(form.get("reason", ""))):
            yield shown

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def stop_reset(self):
        await in_thread(resets.stop_reset, me(), self._whose())
        self.news = translate(self.language, "The reset is stopped.")
        await self._show()

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def unlock(self, form: dict[str, str]):
        async for shown in run_busy(self, self._unlock(form.get("reason", ""))):
            yield shown

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def share(self, way: str = ""):
        """The public address with its QR code, for a poster or the waiting room."""
        made = await in_thread(action_links.make_portal_link, me(), way)
        self._away()
        self.paper, self.way = "portal", way
        self.address, self.qr = made.address, as_image(made.qr_svg)

    async def _find(self, words: str) -> None:
        rows = await in_thread(search.find_patients, me(), words[:100])
        self.found = [FoundItem(row.id, row.name, self._about(row)) for row in rows]
        self.searched = True

    async def _start_reset(self, reason: str) -> None:
        await in_thread(resets.start_reset, me(), self._whose(), reason)
        self.news = translate(self.language, "The reset is under way. The patient was told at every address.")
        await self._show()

    async def _unlock(self, reason: str) -> None:
        await in_thread(passwords.unlock_sign_in, me(), self._whose(), reason)
        self.news = translate(self.language, "The sign-in is unlocked.")

    async def _show(self) -> None:
        found = await in_thread(search.find_patient, me(), self._whose())
        self.name, self.about = found.name, self._about(found)
        self.contacts = " · ".join(found.contacts)
        waiting = await in_thread(resets.waiting_reset, me(), found.id)
        self.reset_at = moment_text(self.language, waiting.effective) if waiting else ""
        self.reset_why = waiting.reason if waiting else ""
        made = await in_thread(action_links.list_links, me(), found.id)
        self.links = [self._link(link) for link in made if link.state == "open"]

    def _about(self, found: Found) -> str:
        born = full_date_text(self.language, found.birth_date) if found.birth_date else "–"
        return translate(self.language, "Born {date} · Chart {number}", date=born, number=found.chart_number)

    def _link(self, link: LinkView) -> LinkItem:
        until = date_text(self.language, clock.local_date(link.expires))
        about = translate(self.language, "Works until {date}", date=until)
        return LinkItem(link.id, translate(self.language, _PURPOSES[link.purpose]), about)

    def _whose(self) -> PatientId:
        return PatientId(parse_id("pat", self.patient))

    def _away(self) -> None:
        """Nothing of a patient stays when the next one is served."""
        self.patient = self.name = self.about = self.contacts = self.reset_at = self.reset_why = ""
        self.paper = self.qr = self.address = self.way = self.error = self.news = ""
        self.links, self.lines = [], []
