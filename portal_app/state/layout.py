"""The layout of every page: the practice, and who is signed in."""

from urllib.parse import urlencode

import reflex as rx

from portal_app.domain.access import Permission, Side, nobody
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.sites.own_pages import own_page
from portal_app.i18n import translate
from portal_app.i18n_paths import bare_path
from portal_app.services.practice.embedding import framed_by
from portal_app.services.practice.facts import PracticeView, view_frame, view_practice
from portal_app.services.sign_in.sessions import principal_of
from portal_app.state.base import (
    PortalState,
    embedded_now,
    in_thread,
    me,
    public,
    requires,
    visitor_now,
)
from portal_app.state.i18n_paths import address


class LayoutState(PortalState):
    practice: rx.Field[str] = rx.field("")
    phone: rx.Field[str] = rx.field("")
    hours: rx.Field[str] = rx.field("")
    address: rx.Field[str] = rx.field("")
    person: rx.Field[str] = rx.field("")  # given name
    full_name: rx.Field[str] = rx.field("")
    initials: rx.Field[str] = rx.field("")
    hosts: rx.Field[str] = rx.field("")  # in a frame: the sites it may be in, who are told its height
    onward: rx.Field[str] = rx.field(
        ""
    )  # "?next=…" for the other ways to sign in, where a page was asked for
    joins: rx.Field[bool] = rx.field(False)  # people without an account may join
    sees: rx.Field[str] = rx.field("")  # "You see: Maria, Eva and Tim"

    @rx.event
    @public
    async def load_visitor_layout(self):
        """For pages before signing in: the practice's name and phone number are public."""
        self._show_practice(await in_thread(view_practice, nobody()))
        await self._show_hosts()
        self.person = self.full_name = self.initials = self.sees = ""
        asked = own_page(bare_path(self.router.url.query_parameters.get("next", "")), Side.PATIENT)
        self.onward = f"?{urlencode({'next': asked})}" if asked else ""

    @rx.event
    @public
    async def redirect_if_signed_in(self):
        """Lead who is signed in already from the frame's sign-in page to the invoices."""
        ref = visitor_now().patient if visitor_now().embedded else ""
        try:
            await in_thread(principal_of, ref, Side.PATIENT)
        except NotSignedIn:
            return None
        return rx.redirect(address(self.language, "/invoices"), replace=True)

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def open_start_page(self):
        """From "/" to the invoices; the guard sends everybody else to sign in."""
        return rx.redirect(address(self.language, "/invoices"), replace=True)

    @rx.event
    @requires(Permission.MY_INVOICES)
    async def load_patient_layout(self):
        await self._show_all()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load_staff_layout(self):
        await self._show_all()

    async def _show_all(self) -> None:
        view = await in_thread(view_frame, me())
        self._show_practice(view.practice)
        await self._show_hosts()
        self.person, self.full_name, self.initials = view.given_name, view.full_name, view.initials
        people = [view.given_name, *view.sees]
        self.sees = translate(self.language, "You see: {people}", people=people) if me().patient_id else ""

    async def _show_hosts(self) -> None:
        self.hosts = " ".join(await in_thread(framed_by, nobody())) if embedded_now() else ""

    def _show_practice(self, shown: PracticeView) -> None:
        self.practice, self.phone, self.address = shown.name, shown.phone, shown.address
        self.joins = shown.joins_online
        self.hours = shown.hours.get(self.language, shown.hours.get("en", ""))
