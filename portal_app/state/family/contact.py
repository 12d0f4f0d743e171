"""One person's contact details: email and phones (changed by a code), address, preferences, locked fields."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import Locked
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import full_date_text, gettext_noop, translate
from portal_app.i18n_paths import supported_language
from portal_app.services.credentials.errors import ChallengeOver
from portal_app.services.patients import contact_details
from portal_app.services.patients.contact_details import Address, ContactView, PersonDetails
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.errors import NewContactMissing, NoChangeChosen
from portal_app.state.family.labels import sex_words
from portal_app.state.feedback import LoadedPage, run_busy
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import six_digits

_ADDRESS_LINES = ("line1", "line2", "city", "region", "postal_code")
_ADD = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE}


@dataclass(frozen=True)
class ContactItem:
    id: str
    kind: str
    shown: str
    note: str  # "Messages go here", or ""
    only: bool  # the last one cannot be removed
    shared: bool  # others whom the viewer acts for have the same one


@dataclass(frozen=True)
class PendingChange:
    """A change that waits for a proof or a code."""

    what: str  # "change" or "remove"
    kind: ContactKind = ContactKind.EMAIL
    new: str = ""
    contact: str = ""
    everywhere: bool = False


class ContactState(LoadedPage, ReauthState, PortalState):
    id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    born: rx.Field[str] = rx.field("")
    sex: rx.Field[str] = rx.field("")
    is_me: rx.Field[bool] = rx.field(True)
    contacts: rx.Field[list[ContactItem]] = rx.field(default_factory=list)
    line1: rx.Field[str] = rx.field("")
    line2: rx.Field[str] = rx.field("")
    city: rx.Field[str] = rx.field("")
    region: rx.Field[str] = rx.field("")
    postal_code: rx.Field[str] = rx.field("")
    spoken: rx.Field[str] = rx.field("en")
    by_email: rx.Field[bool] = rx.field(False)
    by_text: rx.Field[bool] = rx.field(False)

    editing: rx.Field[str] = rx.field("")  # a contact's id, "email" or "phone" for a new one
    code_for: rx.Field[str] = rx.field("")  # where a code is on its way to
    requesting: rx.Field[bool] = rx.field(False)  # the form to the practice is open
    _change_id: str = ""  # of a contact change whose code is on its way
    _pending: PendingChange | None = None

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """After a lost connection the form stays: people leave the page to read their code."""
        if self._newly_here():
            self._close_forms()
            self.ready = self.missing = False
        await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def edit_contact(self, contact: str):
        self._close_forms()
        self.editing = contact

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def cancel_change(self):
        self._close_forms()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def open_request(self):
        self._close_forms()
        self.requesting = True

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def send_code(self, form: dict[str, str]):
        async for _ in run_busy(self, self._send_code(form), default_field="new"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def check_code(self, form: dict[str, str]):
        async for _ in run_busy(self, self._check_code(form.get("code", "")), default_field="code"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def remove_contact(self, contact: str):
        self._close_forms()
        self._pending = PendingChange("remove", contact=contact)
        async for _ in run_busy(self, self._resume_change()):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_address(self, form: dict[str, str]):
        self._close_forms()
        async for _ in run_busy(self, self._save_address(form), *_ADDRESS_LINES):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_preferences(self, form: dict[str, str]):
        self._close_forms()
        async for _ in run_busy(self, self._save_preferences(form), "by_email"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def request_change(self, form: dict[str, str]):
        async for _ in run_busy(self, self._request_change(form), default_field="wish"):
            yield

    def _close_forms(self) -> None:
        self._clear_reauth()
        self.editing = self.code_for = self._change_id = ""
        self.requesting, self._pending = False, None

    async def _show(self) -> None:
        people = await in_thread(contact_details.view_people, me())
        id_ = self.router.url.query_parameters.get("id", "")
        person = next((one for one in people if one.id == id_), None)
        if person is None:
            self.missing = True
            return
        self._show_person(person, people)
        self.ready = True

    def _show_person(self, person: PersonDetails, people: tuple[PersonDetails, ...]) -> None:
        self.id, self.name, self.is_me = person.id, person.name, person.is_me
        born = person.birth_date
        self.born = full_date_text(self.language, born) if born else translate(self.language, "Not on file")
        self.sex = sex_words(self.language, person.sex)
        elsewhere = {c.shown for other in people if other.id != person.id for c in other.contacts}
        only = len(person.contacts) == 1
        self.contacts = [self._contact(one, only, one.shown in elsewhere) for one in person.contacts]
        home = person.address
        self.line1, self.line2, self.city = home.line1, home.line2, home.city
        self.region, self.postal_code = home.region, home.postal_code
        self.spoken = supported_language(person.language)
        self.by_email, self.by_text = person.by_email, person.by_text

    def _contact(self, one: ContactView, only: bool, shared: bool) -> ContactItem:
        note = translate(self.language, "Messages go here") if one.preferred else ""
        return ContactItem(one.id, str(one.kind), one.shown, note, only, shared)

    async def _send_code(self, form: dict[str, str]) -> None:
        kind = _ADD.get(self.editing)
        contact = "" if kind else self.editing
        if kind is None:
            kind = next((_ADD[item.kind] for item in self.contacts if item.id == contact), None)
        if kind is None:
            raise NotFound
        new = form.get("new", "").strip()
        if not new:
            raise NewContactMissing
        self._pending = PendingChange("change", kind, new, contact, "everywhere" in form)
        await self._resume_change()

    async def _resume_change(self) -> None:
        """Make the pending change; re-authentication comes first where the last one is too old."""
        pending = self._pending
        if pending is None:
            raise NotFound
        if pending.what == "remove":
            if await self._reauth_first(contact_details.remove_contact, pending.contact):
                await self._finish(gettext_noop("It is removed. We told the old address."))
            return
        sent = await self._reauth_first(
            contact_details.change_contact,
            PatientId(parse_id("pat", self.id)),
            pending.kind,
            pending.new,
            replaces=pending.contact or None,
            add=not pending.contact,
            everywhere=pending.everywhere,
        )
        if sent:
            self._change_id, self.code_for = sent.id, sent.shown

    async def _check_code(self, typed: str) -> None:
        try:
            await in_thread(contact_details.confirm_contact, me(), self._change_id, six_digits(typed))
        except ChallengeOver as refusal:  # back to the form for the new contact
            self.code_for = self._change_id = ""
            self._show_refusal(refusal, default_field="new")
            return
        await self._finish(gettext_noop("Confirmed. We use it from now on."))

    async def _save_address(self, form: dict[str, str]) -> None:
        home = Address(**{name: form.get(name, "") for name in _ADDRESS_LINES})
        await in_thread(contact_details.change_address, me(), PatientId(parse_id("pat", self.id)), home)
        await self._finish(gettext_noop("The address is saved."))

    async def _save_preferences(self, form: dict[str, str]) -> None:
        await in_thread(
            contact_details.set_preferences,
            me(),
            PatientId(parse_id("pat", self.id)),
            by_email="by_email" in form,
            by_text="by_text" in form,
            language=form.get("spoken", ""),
        )
        await self._finish(gettext_noop("Saved. Messages go this way from now on."))

    async def _request_change(self, form: dict[str, str]) -> None:
        what = form.get("what", "")
        if what not in set(Locked):
            raise NoChangeChosen
        patient = PatientId(parse_id("pat", self.id))
        await in_thread(contact_details.ask_for_change, me(), patient, Locked(what), form.get("wish", ""))
        await self._finish(gettext_noop("We have your request. We tell you when it is done."))

    async def _finish(self, msgid: str) -> None:
        self._close_forms()
        await self._show()
        self._show_done(msgid)
