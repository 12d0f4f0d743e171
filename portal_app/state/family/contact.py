"""One person's contact details: email and phones by code, address, the way messages go, what is locked."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import Locked
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, parse_id
from portal_app.i18n import full_date_text, gettext_noop, translate
from portal_app.i18n_paths import supported_language
from portal_app.services.credentials.errors import ChallengeOver
from portal_app.services.patients import contact_details
from portal_app.services.patients.contact_details import Address, ContactView, PersonDetails
from portal_app.state.base import in_thread, me, requires
from portal_app.state.family.labels import sex_words
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import six_digits

_ADD = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE}


@dataclass(frozen=True)
class ContactItem:
    id: str
    kind: str
    shown: str
    note: str  # "Messages go here", "Not confirmed yet"
    only: bool  # the last way to reach them stays
    shared: bool  # others the viewer acts for have the same


@dataclass(frozen=True)
class Wish:
    """A change that waits for a proof or a code."""

    what: str  # "change" or "remove"
    kind: ContactKind = ContactKind.EMAIL
    new: str = ""
    contact: str = ""
    everywhere: bool = False


class ContactState(ReauthState):
    ready: rx.Field[bool] = rx.field(False)
    missing: rx.Field[bool] = rx.field(False)
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
    asking: rx.Field[bool] = rx.field(False)  # the form to the practice is open
    _change: str = ""
    _wish: Wish | None = None

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """Who comes back from reading their code finds the form where they left it."""
        if self._newly_here():
            self._close()
            self.ready = self.missing = False
        await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def edit(self, contact: str):
        self._close()
        self.editing = contact

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop(self):
        self._close()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def ask(self):
        self._close()
        self.asking = True

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def send_code(self, form: dict[str, str]):
        async for shown in run_busy(self, self._send(form)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def check_code(self, form: dict[str, str]):
        async for shown in run_busy(self, self._check(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def remove(self, contact: str):
        self._close()
        self._wish = Wish("remove", contact=contact)
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def prove(self, form: dict[str, str]):
        async for shown in run_busy(self, self._proven(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def proven(self):
        """By a passkey, over its own route."""
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_address(self, form: dict[str, str]):
        self._close()
        async for shown in run_busy(self, self._save_address(form)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_preferences(self, form: dict[str, str]):
        self._close()
        async for shown in run_busy(self, self._save_preferences(form)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def ask_practice(self, form: dict[str, str]):
        async for shown in run_busy(self, self._ask_practice(form)):
            yield shown

    def _close(self) -> None:
        self._calm()
        self.editing = self.code_for = self._change = ""
        self.asking, self._wish = False, None

    async def _show(self) -> None:
        people = await in_thread(contact_details.view_people, me())
        wanted = self.router.url.query_parameters.get("id", "")
        person = next((one for one in people if one.id == wanted), None)
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
        said = [gettext_noop("Messages go here")] if one.preferred else []
        note = " · ".join(translate(self.language, msgid) for msgid in said)
        return ContactItem(one.id, str(one.kind), one.shown, note, only, shared)

    async def _send(self, form: dict[str, str]) -> None:
        kind = _ADD.get(self.editing)
        contact = "" if kind else self.editing
        if kind is None:
            kind = next((_ADD[item.kind] for item in self.contacts if item.id == contact), None)
        if kind is None:
            raise NotFound
        new = form.get("new", "").strip()
        if not new:
            raise UserError("Enter the new email or phone number")
        self._wish = Wish("change", kind, new, contact, "everywhere" in form)
        await self._go_on()

    async def _go_on(self) -> None:
        """What they wished for; first, if that is not fresh, who they are."""
        wish = self._wish
        if wish is None:
            raise NotFound
        if wish.what == "remove":
            if await self._reauth_first(contact_details.remove_contact, wish.contact):
                await self._done(gettext_noop("It is removed. We told the old address."))
            return
        sent = await self._reauth_first(
            contact_details.change_contact,
            PatientId(parse_id("pat", self.id)),
            wish.kind,
            wish.new,
            replaces=wish.contact or None,
            add=not wish.contact,
            everywhere=wish.everywhere,
        )
        if sent:
            self._change, self.code_for = sent.id, sent.shown

    async def _check(self, typed: str) -> None:
        try:
            await in_thread(contact_details.confirm_contact, me(), self._change, six_digits(typed))
        except ChallengeOver:
            self.code_for = self._change = ""
            raise
        await self._done(gettext_noop("Confirmed. We use it from now on."))

    async def _save_address(self, form: dict[str, str]) -> None:
        names = ("line1", "line2", "city", "region", "postal_code")
        home = Address(**{name: form.get(name, "") for name in names})
        await in_thread(contact_details.change_address, me(), PatientId(parse_id("pat", self.id)), home)
        await self._done(gettext_noop("The address is saved."))

    async def _save_preferences(self, form: dict[str, str]) -> None:
        await in_thread(
            contact_details.set_preferences,
            me(),
            PatientId(parse_id("pat", self.id)),
            by_email="by_email" in form,
            by_text="by_text" in form,
            language=form.get("spoken", ""),
        )
        await self._done(gettext_noop("Saved. Messages go this way from now on."))

    async def _ask_practice(self, form: dict[str, str]) -> None:
        what = form.get("what", "")
        if what not in set(Locked):
            raise UserError("Choose what should be changed.")
        who = PatientId(parse_id("pat", self.id))
        await in_thread(contact_details.ask_for_change, me(), who, Locked(what), form.get("wish", ""))
        await self._done(gettext_noop("We have your request. We tell you when it is done."))

    async def _done(self, msgid: str) -> None:
        self._close()
        await self._show()
        self.news = translate(self.language, msgid)
