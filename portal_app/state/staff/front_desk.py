"""The front desk: helps a patient to get into the portal, and shows the portal's own address to print.

For one patient: a printed code, an access link, the end of an open link, a reset, the end of a lock-out.
"""

from dataclasses import dataclass

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import date_text, full_date_text, gettext_noop, moment_text, translate
from portal_app.services.credentials import desk_codes, passwords, resets
from portal_app.services.links import action_links
from portal_app.services.links.action_links import LinkView
from portal_app.services.patients import search
from portal_app.services.patients.search import Found
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.staff.errors import NoContactOnFile
from portal_app.state.typed_fields import as_image

_PURPOSES = {
    "pay": gettext_noop("Pay an invoice"),
    "card": gettext_noop("Change the card on file"),
    "sign": gettext_noop("Sign an agreement"),
    "forms": gettext_noop("Fill in forms"),
}
_LONGEST_SEARCH = 100  # characters


@dataclass(frozen=True)
class PatientItem:
    id: str
    name: str
    about: str  # birth date and chart number


@dataclass(frozen=True)
class LinkItem:
    id: str
    purpose: str
    about: str


class FrontDeskState(Feedback, PortalState):
    searched: rx.Field[bool] = rx.field(False)
    found: rx.Field[list[PatientItem]] = rx.field(default_factory=list)

    # The patient who is served; "" is nobody.
    patient: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    about: rx.Field[str] = rx.field("")
    contacts: rx.Field[str] = rx.field("")
    reset_at: rx.Field[str] = rx.field("")
    reset_reason: rx.Field[str] = rx.field("")
    links: rx.Field[list[LinkItem]] = rx.field(default_factory=list)

    # What is ready to print: "slip" (a patient's code), "portal" (the portal's address), "" for nothing.
    print_view: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    slip_lines: rx.Field[list[str]] = rx.field(default_factory=list)
    address: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def load(self):
        if self._newly_here():
            self._clear_patient()
            self.searched, self.found = False, []

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def search_patients(self, form: dict[str, str]):
        async for step in run_busy(self, self._search_patients(form.get("words", ""))):
            yield step

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def open_patient(self, patient: str):
        self._clear_patient()
        self.patient = parse_id("pat", patient)
        await self._show_patient()

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def close_patient(self):
        self._clear_patient()

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def print_code(self):
        """Makes a one-time code to hand over on paper. It is shown once (CODE-13)."""
        slip = await in_thread(desk_codes.print_desk_code, me(), self._patient_id())
        self.slip_lines, self.qr = list(slip.lines), as_image(slip.qr_svg)
        self.address, self.print_view = slip.address, "slip"
        self._clear_feedback()

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def send_link(self):
        """Sends an access link to each contact on file."""
        count = await in_thread(action_links.send_access_link, me(), self._patient_id())
        if not count:
            raise NoContactOnFile
        self._show_done(gettext_noop("The link is on its way to {count} addresses."), count=count)

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def revoke_link(self, link: str):
        await in_thread(action_links.revoke_link, me(), parse_id("lnk", link))
        self._show_done(gettext_noop("The link no longer works."))
        await self._show_patient()

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def start_reset(self, form: dict[str, str]):
        async for step in run_busy(self, self._start_reset(form.get("reason", ""))):
            yield step

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def stop_reset(self):
        await in_thread(resets.stop_reset, me(), self._patient_id())
        self._show_done(gettext_noop("The reset is stopped."))
        await self._show_patient()

    @rx.event
    @requires(Permission.EDIT_PATIENTS)
    async def unlock_sign_in(self, form: dict[str, str]):
        async for step in run_busy(self, self._unlock_sign_in(form.get("reason", ""))):
            yield step

    @rx.event
    @requires(Permission.SHARE_PORTAL)
    async def share_portal(self, way: str = ""):
        """Shows the portal's public address with its QR code, for a poster or the waiting room.

        Args:
            way: how visitors confirm who they are: "phone", "email", "desk"; "" lets them choose.
        """
        link = await in_thread(action_links.make_portal_link, me(), way)
        self._clear_patient()
        self.print_view, self.address, self.qr = "portal", link.address, as_image(link.qr_svg)

    async def _search_patients(self, text: str) -> None:
        rows = await in_thread(search.find_patients, me(), text[:_LONGEST_SEARCH])
        self.found = [PatientItem(row.id, row.name, self._about(row)) for row in rows]
        self.searched = True

    async def _start_reset(self, reason: str) -> None:
        await in_thread(resets.start_reset, me(), self._patient_id(), reason)
        self._show_done(gettext_noop("The reset is under way. The patient was told at every address."))
        await self._show_patient()

    async def _unlock_sign_in(self, reason: str) -> None:
        await in_thread(passwords.unlock_sign_in, me(), self._patient_id(), reason)
        self._show_done(gettext_noop("The sign-in is unlocked."))

    async def _show_patient(self) -> None:
        found = await in_thread(search.find_patient, me(), self._patient_id())
        self.name, self.about = found.name, self._about(found)
        self.contacts = " · ".join(found.contacts)
        reset = await in_thread(resets.waiting_reset, me(), found.id)
        self.reset_at = moment_text(self.language, reset.effective) if reset else ""
        self.reset_reason = reset.reason if reset else ""
        links = await in_thread(action_links.list_links, me(), found.id)
        self.links = [self._link_item(link) for link in links if link.state == "open"]

    def _about(self, found: Found) -> str:
        born = full_date_text(self.language, found.birth_date) if found.birth_date else "–"
        return translate(self.language, "Born {date} · Chart {number}", date=born, number=found.chart_number)

    def _link_item(self, link: LinkView) -> LinkItem:
        until = date_text(self.language, clock.local_date(link.expires))
        about = translate(self.language, "Works until {date}", date=until)
        return LinkItem(link.id, translate(self.language, _PURPOSES[link.purpose]), about)

    def _patient_id(self) -> PatientId:
        return PatientId(parse_id("pat", self.patient))

    def _clear_patient(self) -> None:
        """Leaves nothing of a patient on the screen when the next one is served."""
        self.patient = self.name = self.about = self.contacts = self.reset_at = self.reset_reason = ""
        self.print_view = self.qr = self.address = ""
        self._clear_feedback()
        self.links, self.slip_lines = [], []
