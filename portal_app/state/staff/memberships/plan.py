"""The page of one plan: what it says, its prices, a new price after one question, retire. "new" in the address makes one."""

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from portal_app.clock import today
from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PlanId, new_id, parse_id
from portal_app.domain.memberships.types import Period, PriceAudience
from portal_app.i18n import date_text, gettext_noop, money_text, plural, translate
from portal_app.services.memberships.plans.edit import (
    change_plan_facts,
    create_plan,
    new_plan_id,
    retire_plan,
)
from portal_app.services.memberships.plans.prices import (
    NewPrice,
    PricePreview,
    preview_price,
    schedule_price,
)
from portal_app.services.memberships.plans.read import PlanView, list_plans, view_plan
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.live import watch
from portal_app.state.staff.labels import missing_permission_text
from portal_app.state.staff.memberships.labels import PLAN_STATUSES, ChoiceItem, band_name, price_text
from portal_app.state.staff.memberships.plan_forms import (
    PLAN_FIELDS,
    PlanForm,
    PriceForm,
    plan_form,
    price_form,
    read_plan,
    read_price,
)
from portal_app.state.staff.memberships.plans import PATH

_NEW = "new"  # in the address, where an id is otherwise
_AUDIENCES = {
    PriceAudience.NEW_MEMBERSHIPS: gettext_noop("For new memberships"),
    PriceAudience.EVERYBODY: gettext_noop("For everybody"),
}
_FROM = gettext_noop("From {day}")
_SAVES = gettext_noop("{band}: saves {amount} a year against {plan}")
_ABOVE_ONE = gettext_noop(
    "One person pays more than {amount} a month: above the limit of direct primary care."
)
_ABOVE_SEVERAL = gettext_noop(
    "A family pays more than {amount} a month: above the limit of direct primary care."
)
_ASK_RETIRE = gettext_noop("Retire {plan}? Memberships that have it go on; nobody new gets it.")
_ASK_ACTIVE = gettext_noop("Offer {plan} to new memberships again?")
_NOBODY = gettext_noop(
    "From {day} new memberships pay this price. Memberships of today keep theirs. Save it?"
)

_NOBODY_NOW = gettext_noop(
    "From {day} everybody pays this price, and contracts keep theirs until they end: no membership of today "
    "changes. Save it?"
)


@dataclass(frozen=True)
class PriceItem:
    id: str
    since: str
    audience: str
    prices: str


@dataclass(frozen=True)
class EffectItem:
    """A membership that the new price changes."""

    key: str
    owner: str
    day: str
    before: str
    after: str


class PlanState(LoadedPage, Feedback, PortalState):
    new: rx.Field[bool] = rx.field(False)
    name: rx.Field[str] = rx.field("")
    active: rx.Field[bool] = rx.field(True)
    tone: rx.Field[str] = rx.field("paid")
    status: rx.Field[str] = rx.field("")
    memberships: rx.Field[str] = rx.field("")
    versions: rx.Field[list[PriceItem]] = rx.field(default_factory=list)
    saves: rx.Field[list[str]] = rx.field(default_factory=list)
    warnings: rx.Field[list[str]] = rx.field(default_factory=list)
    others: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)  # to which a yearly plan is compared
    form: rx.Field[PlanForm] = rx.field(default_factory=PlanForm)
    prices: rx.Field[PriceForm] = rx.field(default_factory=PriceForm)
    form_key: rx.Field[int] = rx.field(0)  # another one draws the forms anew
    may_change: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")
    question: rx.Field[str] = rx.field("")
    affected: rx.Field[list[EffectItem]] = rx.field(default_factory=list)
    more_affected: rx.Field[str] = rx.field("")
    _plan: str = ""
    _price: NewPrice | None = None
    _price_id: str = ""
    _activate: bool | None = None  # what was asked about: offer it again, or retire it
    _made: bool = False

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("plans", PlanState.refresh)
        part = last_part(self.router.url.path)
        newly = self._newly_here() or not self.ready
        self.missing, self.may_change = False, me().may(Permission.MANAGE_PLANS)
        self.missing_permission = await missing_permission_text(self.language, me(), Permission.MANAGE_PLANS)
        if newly:
            self._clear_feedback()
            self._forget()
            self.new = part == _NEW
        try:
            if not self.new:
                self._plan = parse_id("pln", part)
                await self._show(forms=newly)
            elif newly:
                await self._show_empty()
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a plan changes; what is being typed stays."""
        if self._plan and not self.missing and not self.new:
            await self._show(forms=False)

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def save_plan(self, form: dict[str, str]):
        """Saves what the plan says; a new plan with its first prices."""
        self._made = False
        async for step in run_busy(self, self._save(form), *PLAN_FIELDS):
            yield step
        if self._made:
            yield rx.redirect(address(self.language, f"{PATH}/{self._plan}"))

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_price(self, form: dict[str, str]):
        """Says whom a new price changes, and asks once."""
        async for step in run_busy(self, self._ask_price(form), *PLAN_FIELDS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_retire(self):
        """Asks whether the plan is retired, or offered again."""
        self._forget()
        self._activate = not self.active
        self.question = translate(
            self.language, _ASK_ACTIVE if self._activate else _ASK_RETIRE, plan=self.name
        )

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def confirm(self):
        """Does what was asked about."""
        async for step in run_busy(self, self._confirm()):
            yield step
        self._forget()
        await self._show(forms=True)

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def keep(self):
        """Changes nothing."""
        self._forget()

    async def _save(self, form: Mapping[str, str]) -> None:
        plan_id, facts = PlanId(parse_id("pln", self._plan)), read_plan(form)
        if self.new:
            await in_thread(create_plan, me(), plan_id, facts, read_price(form, today()))
            self._made = True
        else:
            await in_thread(change_plan_facts, me(), plan_id, facts)
            await self._show(forms=True)
            self._show_done(gettext_noop("Saved."))

    async def _ask_price(self, form: Mapping[str, str]) -> None:
        self._forget()
        price = read_price(form, today())
        seen = await in_thread(preview_price, me(), PlanId(parse_id("pln", self._plan)), price)
        self._price, self._price_id = price, new_id("ppr")
        self._show_effects(price, seen)

    async def _confirm(self) -> None:
        plan_id = PlanId(parse_id("pln", self._plan))
        if self._activate is not None:
            await in_thread(retire_plan, me(), plan_id, active=self._activate)
            self._show_done(gettext_noop("Saved."))
        if self._price is None:
            return
        told = await in_thread(schedule_price, me(), self._price_id, plan_id, self._price)
        if not told:
            self._show_done(gettext_noop("The price is saved."))
            return
        saved = plural(
            self.language, "The price is saved. {n} person is told.", "The price is saved. {n} people are told.", told
        )  # fmt: skip
        self._show_done_text(saved)

    def _forget(self) -> None:
        self.question, self.more_affected, self.affected = "", "", []
        self._price = self._activate = None

    def _show_effects(self, price: NewPrice, seen: PricePreview) -> None:
        language, day = self.language, date_text(self.language, price.first_day)
        self.affected = [
            EffectItem(
                str(position),
                effect.owner,
                date_text(language, effect.bill_date),
                money_text(language, effect.before),
                money_text(language, effect.after),
            )
            for position, effect in enumerate(seen.memberships)
        ]
        more = seen.count - len(seen.memberships)
        self.more_affected = plural(language, "and {n} more", "and {n} more", more) if more else ""
        self.question = (
            plural(
                language,
                "This changes {n} membership from {day} on, and who pays it is told now. Save it?",
                "This changes {n} memberships from {day} on, and those who pay them are told now. Save it?",
                seen.count,
                day=day,
            )
            if seen.count
            else translate(
                language,
                _NOBODY_NOW if price.audience is PriceAudience.EVERYBODY else _NOBODY,
                day=day,
            )
        )

    async def _show_empty(self) -> None:
        self._plan = new_plan_id()
        self.name = ""
        self.form, self.prices = PlanForm(), PriceForm(first_day=today().isoformat())
        self.form_key += 1
        self.versions, self.saves, self.warnings = [], [], []
        await self._show_others()

    async def _show(self, *, forms: bool) -> None:
        view = await in_thread(view_plan, me(), PlanId(self._plan))
        language = self.language
        tone, status = PLAN_STATUSES[view.active]
        self.name, self.active, self.tone = view.facts.name, view.active, tone
        self.status = translate(language, status)
        self.memberships = plural(language, "{n} membership", "{n} memberships", view.memberships)
        self._show_prices(view)
        if forms:
            self.form, self.prices = plan_form(view.facts), price_form(view)
            self.form_key += 1
            await self._show_others()

    def _show_prices(self, view: PlanView) -> None:
        language = self.language
        self.versions = [
            PriceItem(
                version.id,
                translate(language, _FROM, day=date_text(language, version.first_day)),
                translate(language, _AUDIENCES[version.audience]),
                price_text(language, version),
            )
            for version in view.versions
        ]
        self.saves = [
            translate(
                language,
                _SAVES,
                band=band_name(language, saved.band),
                amount=saved.amount,
                plan=view.compared_to,
            )
            for saved in view.year_saves
        ]
        self.warnings = [
            translate(language, msgid, amount=limit)
            for msgid, above, limit in (
                (_ABOVE_ONE, view.above_limit_of_one, view.limits.one),
                (_ABOVE_SEVERAL, view.above_limit_of_several, view.limits.several),
            )
            if above
        ]

    async def _show_others(self) -> None:
        plans = await in_thread(list_plans, me())
        self.others = [
            ChoiceItem(plan.id, plan.facts.name)
            for plan in plans
            if plan.active and plan.facts.period is not Period.YEAR and plan.id != self._plan
        ]
