"""The page Coupons: the list, a new one, and switching one off after one question."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.ids import new_id, parse_id
from portal_app.i18n import date_text, gettext_noop, money_text, plural, translate
from portal_app.services.memberships.plans.coupons import (
    CouponView,
    NewCoupon,
    create_coupon,
    list_coupons,
    retire_coupon,
)
from portal_app.services.memberships.plans.read import list_plans
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.live import watch
from portal_app.state.staff.memberships.labels import ChoiceItem
from portal_app.state.staff.memberships.plan_forms import COUPON_FIELDS, read_coupon

_OFF = ("quiet", gettext_noop("Off"))
_OPEN = ("paid", gettext_noop("Can be used"))
_CLOSED = ("info", gettext_noop("Not now"))
_WINDOWS = {
    (True, True): gettext_noop("from {first} to {last}"),
    (True, False): gettext_noop("from {first} on"),
    (False, True): gettext_noop("until {last}"),
}
_ASK = gettext_noop("Switch {code} off? Nobody new can use it; memberships that have it keep it.")


@dataclass(frozen=True)
class CouponItem:
    id: str
    code: str
    name: str
    reduction: str
    limits: str
    plan: str  # "" for every plan
    uses: str
    tone: str
    status: str
    off: bool


class CouponsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[CouponItem]] = rx.field(default_factory=list)
    plans: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    coupon: rx.Field[str] = rx.field("")  # a hidden field: pressing twice makes one coupon
    question: rx.Field[str] = rx.field("")
    _asked: str = ""

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def load(self):
        watch("plans", CouponsState.refresh)
        if self._newly_here() or not self.ready:
            self._clear_feedback()
            self.question, self._asked = "", ""
            self.coupon = new_id("cpn")
            plans = await in_thread(list_plans, me())
            self.plans = [ChoiceItem(plan.id, plan.facts.name) for plan in plans if plan.active]
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_PLANS, activity=False)
    async def refresh(self):
        """Called by the server when a coupon changes."""
        await self._show()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def create(self, form: dict[str, str]):
        """Makes a coupon."""
        async for step in run_busy(self, self._create(form), *COUPON_FIELDS):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_off(self, coupon: str, code: str):
        """Asks before a coupon is switched off."""
        self._asked = parse_id("cpn", coupon)
        self.question = translate(self.language, _ASK, code=code[:40])

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def confirm(self):
        """Switches it off."""
        async for step in run_busy(self, self._switch_off()):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def keep(self):
        """Changes nothing."""
        self.question, self._asked = "", ""

    async def _create(self, form: dict[str, str]) -> None:
        await in_thread(create_coupon, me(), parse_id("cpn", form.get("coupon")), read_coupon(form))
        self.coupon = new_id("cpn")  # draws the form anew
        await self._show()
        self._show_done(gettext_noop("The coupon is saved."))

    async def _switch_off(self) -> None:
        if not self._asked:
            return
        await in_thread(retire_coupon, me(), parse_id("cpn", self._asked))
        self.question, self._asked = "", ""
        await self._show()
        self._show_done(gettext_noop("The coupon is off."))

    async def _show(self) -> None:
        self.rows = [self._item(view) for view in await in_thread(list_coupons, me())]

    def _item(self, view: CouponView) -> CouponItem:
        language, coupon = self.language, view.coupon
        tone, status = _OFF if view.retired else _OPEN if view.open else _CLOSED
        uses = (
            translate(language, gettext_noop("{n} of {most} used"), n=view.uses, most=coupon.uses_at_most)
            if coupon.uses_at_most
            else plural(language, "{n} use", "{n} uses", view.uses)
        )
        return CouponItem(
            view.id,
            coupon.code,
            coupon.name,
            money_text(language, coupon.amount) if coupon.amount else f"{coupon.percent} %",
            self._limits(coupon),
            view.plan,
            uses,
            tone,
            translate(language, status),
            view.retired,
        )

    def _limits(self, coupon: NewCoupon) -> str:
        language = self.language
        said = [
            plural(language, "for {n} period", "for {n} periods", coupon.periods)
            if coupon.periods
            else translate(language, gettext_noop("for all periods"))
        ]
        window = _WINDOWS.get((coupon.first_day is not None, coupon.last_day is not None))
        if window:
            first = date_text(language, coupon.first_day) if coupon.first_day else ""
            last = date_text(language, coupon.last_day) if coupon.last_day else ""
            said.append(translate(language, window, first=first, last=last))
        return ", ".join(said)
