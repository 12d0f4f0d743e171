"""Adding a member in short steps: who, contact, check, done. What is typed is kept until it is added (decision 0015)."""

from dataclasses import dataclass, field
from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import MembershipId, PatientId, parse_id
from portal_app.domain.money import Money
from portal_app.i18n import full_date_text, gettext_noop, money_text, plural, translate
from portal_app.services import drafts
from portal_app.services.memberships.members.add import Added, Shown, add_member
from portal_app.services.memberships.members.errors import AddingHeld, PossibleDuplicate, PriceChanged
from portal_app.services.memberships.members.person import NewPerson, check_identity, is_adult
from portal_app.services.memberships.members.preview import AddPreview, AddStart, begin_adding, preview_member
from portal_app.services.memberships.view import view_membership
from portal_app.services.patients.contact_details import Address
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.errors import NobodyChosen
from portal_app.state.family.labels import born_words
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.memberships.labels import pay_address, period_price
from portal_app.state.memberships.memberships import AmountRow
from portal_app.state.typed_fields import birth_date

_FORM = "new member"  # the name of its drafts
_PERSON = ("given_name", "family_name", "born_month", "born_day", "born_year", "sex", "relationship")
_ADDRESS = ("line1", "line2", "city", "region", "postal_code")
_CONTACT = ("email", "phone", "where", *_ADDRESS)
_OF_PERSON = ("given_name", "family_name", "born", "sex", "relationship")  # fields with errors of their own
_SHOWN_AT = (*_OF_PERSON, "whom", "email", "phone", "consent", *_ADDRESS)
_LONGEST = 300  # characters of one field
_NEW, _OTHER = "new", "other"
_SOON = 31  # days; a later start also says how to start sooner (MEM-4)


@dataclass(frozen=True)
class PersonChoiceItem:
    id: str
    name: str
    about: str  # "Born March 14, 2015"


@dataclass(frozen=True)
class Check:
    """What changes, before it is confirmed."""

    name: str = ""
    first_day: str = ""
    wait: str = ""  # "in 12 days"
    is_far: bool = False
    before: str = ""
    after: str = ""
    is_same: bool = False  # the family price covers them (PRICE-2)
    lines: list[AmountRow] = field(default_factory=list[AmountRow])
    own_invoice: str = ""
    is_asked: bool = False  # an adult, who joins once they agree


class AddMemberState(LoadedPage, Feedback, PortalState):
    step: rx.Field[str] = rx.field("")  # "held", "who", "person", "contact", "alike", "check" or "done"
    plan: rx.Field[str] = rx.field("")
    why_not: rx.Field[str] = rx.field("")  # nobody can be added now
    pay_href: rx.Field[str] = rx.field("")
    choices: rx.Field[list[PersonChoiceItem]] = rx.field(default_factory=list)  # on file, or alike
    typed: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # what the fields of a step begin with
    restored: rx.Field[bool] = rx.field(False)
    adult: rx.Field[bool] = rx.field(False)
    check: rx.Field[Check] = rx.field(default_factory=Check)

    _id: str = ""
    _on_file: list[PersonChoiceItem] = []
    _typed: dict[str, str] = {}
    _consent: bool = False
    _whom: str = ""  # a patient's id; "" for somebody new
    _is_alike: bool = False  # whom was found to be who was typed
    _not_these: list[str] = []
    _seen: tuple[str, int, str] | None = None  # first day, minor units, currency

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """Keeps the step that is on the screen when only the connection was lost."""
        if not self._newly_here() and self.ready:
            return
        self._clear_feedback()
        self.ready = self.missing = self.restored = self._consent = False
        self.why_not = self.pay_href = self._whom = ""
        self._not_these, self._seen = [], None
        try:
            self._id = parse_id("mem", self.router.url.query_parameters.get("id", ""))
            self._begin(await in_thread(begin_adding, me(), MembershipId(self._id)))
            await self._restore(dict(await in_thread(drafts.draft_of, me(), _FORM, self._id)))
            self.ready = True
        except NotFound:
            self.missing = True
        except UserError as refusal:
            await self._hold(refusal)

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_draft_field(self, field: str, value: str):
        """Saves a field when it is left (decision 0015)."""
        if self._id and field in (*_PERSON, *_CONTACT):
            self._typed = {**self._typed, field: value[:_LONGEST]}
            await in_thread(drafts.keep_field, me(), _FORM, self._id, field, value[:_LONGEST])

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def choose_person(self, form: dict[str, str]):
        async for _ in run_busy(self, self._choose(form.get("whom", "")), *_SHOWN_AT):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_person(self, form: dict[str, str]):
        async for _ in run_busy(self, self._save_person(form), *_SHOWN_AT):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def save_contact(self, form: dict[str, str]):
        async for _ in run_busy(self, self._save_contact(form), *_SHOWN_AT):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def answer_alike(self, form: dict[str, str]):
        async for _ in run_busy(self, self._answer_alike(form.get("whom", "")), *_SHOWN_AT):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def add(self):
        async for _ in run_busy(self, self._add(), *_SHOWN_AT):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def back(self):
        self._clear_feedback()
        before = {"contact": "person", "alike": "contact", "check": "who" if self._whom else "contact"}
        self._go(before.get(self.step, "who"))

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def start_over(self):
        self._clear_feedback()
        await in_thread(drafts.drop_draft, me(), _FORM, self._id)
        self._typed, self.restored, self._consent = {}, False, False
        self._go("who")

    def _begin(self, start: AddStart) -> None:
        self.plan = start.plan
        self._on_file = [self._choice(one.id, one.name, one.birth_date) for one in start.choices]

    async def _restore(self, draft: dict[str, str]) -> None:
        """The step that was left, with what was typed; an adult's consent is asked for again."""
        step = draft.pop("step", "")
        self._typed = draft
        self.restored = any(draft.get(name) for name in ("given_name", "family_name", "born_year"))
        try:
            if step in ("contact", "check"):
                self.adult = is_adult(check_identity(self._person()).birth_date)
            if step == "check" and not self.adult:
                await self._preview()
                return
        except UserError:
            step = "person"
        self._go(step if step in ("person", "contact") else "contact" if step else "who")

    async def _hold(self, refusal: UserError) -> None:
        self.step, self.why_not = "held", translate(self.language, refusal.message, **refusal.values)
        if isinstance(refusal, AddingHeld):
            view = await in_thread(view_membership, me(), MembershipId(self._id))
            self.plan = view.plan
            self.pay_href = pay_address(self.language, view.account_id, view.id)
        self.ready = True

    def _go(self, step: str) -> None:
        """Show a step; who is on file is asked only where somebody is."""
        self.step = "person" if step == "who" and not self._on_file else step
        self.choices, self.typed = self._on_file, dict(self._typed)
        if self.step in ("who", "person"):
            self._whom, self._is_alike, self._not_these = "", False, []

    async def _keep(self, form: dict[str, str], names: tuple[str, ...], step: str = "") -> None:
        fields = {name: form.get(name, "")[:_LONGEST] for name in names} | ({"step": step} if step else {})
        self._typed = {**self._typed, **{name: fields[name] for name in names}}
        await in_thread(drafts.keep_fields, me(), _FORM, self._id, fields)

    async def _choose(self, whom: str) -> None:
        if not whom:
            raise NobodyChosen
        if whom == _NEW:
            self._go("person")
            return
        self._whom = parse_id("pat", whom)
        await self._preview()

    async def _save_person(self, form: dict[str, str]) -> None:
        await self._keep(form, _PERSON)
        self.adult = is_adult(check_identity(self._person()).birth_date)
        await self._keep(form, _PERSON, "contact")
        self._go("contact")

    async def _save_contact(self, form: dict[str, str]) -> None:
        self._consent = "consent" in form
        await self._keep(form, _CONTACT)
        await self._preview()

    async def _answer_alike(self, whom: str) -> None:
        if not whom:
            raise NobodyChosen
        if whom == _NEW:
            self._whom, self._not_these = "", [choice.id for choice in self.choices]
        elif whom in {choice.id for choice in self.choices}:
            self._whom, self._is_alike = whom, True
        else:
            raise NotFound
        await self._preview()

    def _person(self) -> NewPerson:
        typed = self._typed
        home = Address(**{name: typed.get(name, "") for name in _ADDRESS})
        return NewPerson(
            typed.get("given_name", ""),
            typed.get("family_name", ""),
            birth_date(typed),
            typed.get("sex", ""),
            typed.get("relationship", ""),
            email=typed.get("email", ""),
            phone=typed.get("phone", ""),
            consent=self._consent,
            address=home if typed.get("where") == _OTHER else None,
        )

    def _whom_to_add(self) -> NewPerson | PatientId:
        return PatientId(self._whom) if self._whom else self._person()

    async def _preview(self) -> None:
        try:
            seen = await in_thread(preview_member, me(), MembershipId(self._id), self._whom_to_add())
        except UserError as refusal:
            if not self._whom:
                self._go("person" if refusal.field in _OF_PERSON else "contact")
            raise
        self._show_preview(seen)
        if not self._whom:
            await in_thread(drafts.keep_field, me(), _FORM, self._id, "step", "check")

    def _show_preview(self, seen: AddPreview) -> None:
        start, amount = seen.price.start, seen.price.amount
        self._seen = (start.isoformat(), amount.minor, amount.currency)
        alike = [one for one in seen.alike if one.id not in self._not_these]
        if alike and not self._whom:
            self._go("alike")
            self.choices = [self._choice(one.id, one.name, one.birth_date) for one in alike]
            return
        self.check = Check(
            name=seen.name,
            first_day=full_date_text(self.language, start),
            wait=plural(self.language, "in {n} day", "in {n} days", seen.days) if seen.days else "",
            is_far=seen.days > _SOON,
            before=period_price(self.language, seen.period, seen.price.change.amount_before),
            after=period_price(self.language, seen.period, amount),
            is_same=seen.price.change.is_capped,
            lines=self._lines(seen),
            own_invoice=money_text(self.language, seen.price.own_invoice) if seen.price.own_invoice else "",
            is_asked=seen.is_asked_first,
        )
        self._go("check")

    def _lines(self, seen: AddPreview) -> list[AmountRow]:
        rows = [(self._line_name(one.name, one.is_new), one.amount) for one in seen.lines]
        if seen.saved_by_cap:
            rows.append((translate(self.language, "Family price"), -seen.saved_by_cap))
        if seen.saved_by_coupons:
            rows.append((translate(self.language, "Coupons"), -seen.saved_by_coupons))
        return [AmountRow(label, money_text(self.language, amount)) for label, amount in rows]

    def _line_name(self, name: str, is_new: bool) -> str:
        return translate(self.language, "{person} (new)", person=name) if is_new else name

    async def _add(self) -> None:
        if self.step == "done":  # pressed twice
            return
        if self._seen is None:
            raise NotFound
        start, minor, currency = self._seen
        shown = Shown(date.fromisoformat(start), Money(minor, currency))
        not_these = [PatientId(id_) for id_ in self._not_these]
        try:
            added = await in_thread(
                add_member, me(), MembershipId(self._id), self._whom_to_add(), shown, not_these=not_these
            )
        except (PriceChanged, PossibleDuplicate):
            await self._preview()  # what holds now, with the words why
            raise
        await self._finish(added)

    async def _finish(self, added: Added) -> None:
        if not self._whom or self._is_alike:
            await in_thread(drafts.drop_draft, me(), _FORM, self._id)
            self._typed = {}
        self.step = "done"
        first = full_date_text(self.language, added.start)
        asked, starts = gettext_noop("We asked {person}"), gettext_noop("{person} starts on {day}")
        self._show_done(asked if added.is_asked else starts, person=added.name, day=first)

    def _choice(self, id_: str, name: str, born: date | None) -> PersonChoiceItem:
        return PersonChoiceItem(id_, name, born_words(self.language, born))
