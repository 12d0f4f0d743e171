"""The page Enrol: who pays, plan, members, start, coupon; the price follows what is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import reflex as rx

from portal_app.clock import today
from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PlanId, new_id, parse_id
from portal_app.domain.money import Money
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import date_text, full_date_text, gettext_noop, money_text, translate
from portal_app.services.billing.staff.patient_billing import find_patients, view_patient_billing
from portal_app.services.memberships.plans.read import list_plans
from portal_app.services.memberships.staff.enrol import (
    EnrolmentPreview,
    NewMembership,
    list_candidates,
    preview_enrolment,
    start_membership,
)
from portal_app.services.memberships.staff.listing import LONGEST_TEXT
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.staff.form_values import read_date
from portal_app.state.staff.memberships.labels import ChoiceItem, band_name
from portal_app.state.staff.memberships.listing import ENROL_PATH, PATH

_CHOSEN = frozenset({"plan", "start", "coupon"})  # fields that change the price
_FIELDS = ("plan", "members", "start", "coupon")
_FAMILY_PRICE = gettext_noop("Family price")
_COUPON = gettext_noop("Coupon {code}")


@dataclass(frozen=True)
class CandidateItem:
    """Somebody whom staff may make a member."""

    id: str
    name: str
    born: str
    chosen: bool


@dataclass(frozen=True)
class FoundItem:
    id: str
    href: str
    name: str
    detail: str


@dataclass(frozen=True)
class PriceLine:
    key: str
    text: str
    amount: str


class EnrolState(LoadedPage, Feedback, PortalState):
    text: rx.Field[str] = rx.field("")  # what is searched while nobody is chosen
    found: rx.Field[list[FoundItem]] = rx.field(default_factory=list)
    payer: rx.Field[str] = rx.field("")  # who pays; "" while nobody is chosen
    plans: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    people: rx.Field[list[CandidateItem]] = rx.field(default_factory=list)
    start: rx.Field[str] = rx.field("")
    price: rx.Field[list[PriceLine]] = rx.field(default_factory=list)
    amount: rx.Field[str] = rx.field("")  # of a period; "" while there is no price
    fee: rx.Field[str] = rx.field("")
    first: rx.Field[str] = rx.field("")  # amount of the first invoice
    contract_end: rx.Field[str] = rx.field("")
    above_limit: rx.Field[bool] = rx.field(False)
    trouble: rx.Field[str] = rx.field("")  # why there is no price
    _account: str = ""
    _membership: str = ""  # pressing twice makes one membership
    _typed: dict[str, str] = {}
    _shown: Money | None = None
    _done: bool = False

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def load(self):
        """Keeps what is chosen when only the connection was lost."""
        if not (self._newly_here() or not self.ready):
            return
        self._clear_feedback()
        self.missing, self._account, self.payer, self.found = False, "", "", []
        query = self.router.url.query_parameters
        self.text = strip_unstorable(query.get("q", "")).strip()[:LONGEST_TEXT]
        try:
            if query.get("account") or query.get("patient"):
                await self._choose_payer(query)
            elif self.text:
                await self._find()
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def find_people(self, form: dict[str, str]):
        """Puts the search into the address."""
        text = (form.get("q") or "").strip()[:LONGEST_TEXT]
        return rx.redirect(address(self.language, ENROL_PATH) + f"?{urlencode({'q': text})}")

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def choose(self, field: str, value: str):
        """The plan, the start or the coupon was changed: the price follows."""
        if self._account and field in _CHOSEN:
            self._typed = {**self._typed, field: value[:LONGEST_TEXT]}
            await self._show_price()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def toggle_member(self, patient: str):
        """Somebody is a member, or is none any more: the price follows."""
        self.people = [
            replace(person, chosen=not person.chosen) if person.id == patient else person
            for person in self.people
        ]
        await self._show_price()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def enrol(self, form: dict[str, str]):
        """Makes the membership at the price that was shown."""
        self._done = False
        async for step in run_busy(self, self._enrol(form), *_FIELDS):
            yield step
        if self._done:
            yield rx.redirect(address(self.language, f"{PATH}/{self._membership}"))
        else:
            await self._show_price()

    async def _find(self) -> None:
        found = await in_thread(find_patients, me(), self.text)
        path = address(self.language, ENROL_PATH)
        self.found = [
            FoundItem(
                row.id,
                f"{path}?patient={row.id}",
                row.name,
                " · ".join(
                    filter(
                        None,
                        (row.chart_number, full_date_text(self.language, row.birth_date) if row.birth_date else ""),
                    )
                ),
            )
            for row in found.rows
        ]  # fmt: skip

    async def _choose_payer(self, query: Mapping[str, str]) -> None:
        if query.get("account"):
            account = AccountId(parse_id("acc", query.get("account")))
        else:
            patient = PatientId(parse_id("pat", query.get("patient")))
            account = (await in_thread(view_patient_billing, me(), patient)).account_id
        family = await in_thread(list_candidates, me(), account)
        self._account, self.payer, self._membership = account, family.owner, new_id("mem")
        self.people = [
            CandidateItem(
                person.id,
                person.name,
                full_date_text(self.language, person.birth_date) if person.birth_date else "",
                person.id == family.owner_id,
            )
            for person in family.people
        ]
        plans = await in_thread(list_plans, me())
        self.plans = [ChoiceItem(plan.id, plan.facts.name) for plan in plans if plan.active]
        self.start = today().isoformat()
        self._typed = {"plan": self.plans[0].id if self.plans else "", "start": self.start}
        await self._show_price()

    def _read(self, form: Mapping[str, str]) -> NewMembership:
        """Read the form. Raises InvalidDate; NotFound for a plan's id that is none."""
        return NewMembership(
            AccountId(parse_id("acc", self._account)),
            PlanId(parse_id("pln", form.get("plan"))),
            tuple(PatientId(person.id) for person in self.people if person.chosen),
            read_date(form, "start") or today(),
            (form.get("coupon") or "").strip()[:LONGEST_TEXT],
        )

    async def _show_price(self) -> None:
        """The price of what is chosen, or why there is none. Nothing is refused yet."""
        self.price, self.amount, self.trouble, self._shown = [], "", "", None
        if not self.plans:
            return
        try:
            seen = await in_thread(preview_enrolment, me(), self._read(self._typed))
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
            return
        self._show_preview(seen)

    def _show_preview(self, seen: EnrolmentPreview) -> None:
        language, price = self.language, seen.price
        lines = [
            PriceLine(
                part.member_id, f"{name} ({band_name(language, part.band)})", money_text(language, part.full)
            )
            for name, part in zip(seen.names, price.parts, strict=True)
        ]
        if price.saved_by_cap:
            saved = money_text(language, -price.saved_by_cap)
            lines.append(PriceLine("cap", translate(language, _FAMILY_PRICE), saved))
        lines += [
            PriceLine(
                each.coupon_id,
                translate(language, _COUPON, code=each.code),
                money_text(language, -each.amount),
            )
            for each in price.reductions
        ]
        self.price, self.amount = lines, money_text(language, price.amount)
        self.fee = money_text(language, seen.fee) if seen.fee else ""
        self.first, self._shown = money_text(language, seen.first), seen.first
        self.contract_end = date_text(language, seen.contract_end) if seen.contract_end else ""
        self.above_limit = seen.above_limit

    async def _enrol(self, form: Mapping[str, str]) -> None:
        self._typed = {name: str(form.get(name) or "") for name in sorted(_CHOSEN)}
        new = self._read(self._typed)
        shown = self._shown
        if shown is None:  # there was no price: the same refusal, at its field
            shown = (await in_thread(preview_enrolment, me(), new)).first
        await in_thread(start_membership, me(), MembershipId(self._membership), new, shown=shown)
        self._done = True
