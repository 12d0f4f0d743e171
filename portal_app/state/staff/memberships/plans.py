"""The page Plans: every plan with its price of now and how many memberships have it."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.i18n import plural, translate
from portal_app.services.memberships.plans.read import PlanView, list_plans
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.i18n_paths import address
from portal_app.state.live import watch
from portal_app.state.staff.labels import missing_permission_text
from portal_app.state.staff.memberships.labels import PERIODS, PLAN_STATUSES, price_text

PATH = "/staff/plans"


@dataclass(frozen=True)
class PlanItem:
    id: str
    href: str
    name: str
    period: str
    price: str  # "" before its first price begins
    memberships: str
    tone: str
    status: str
    above_limit: bool


class PlanListState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[PlanItem]] = rx.field(default_factory=list)
    may_change: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("plans", PlanListState.refresh)
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a plan changes."""
        await self._show()

    async def _show(self) -> None:
        self.rows = [self._item(view) for view in await in_thread(list_plans, me())]
        self.may_change = me().may(Permission.MANAGE_PLANS)
        self.missing_permission = await missing_permission_text(self.language, me(), Permission.MANAGE_PLANS)

    def _item(self, view: PlanView) -> PlanItem:
        language = self.language
        tone, status = PLAN_STATUSES[view.active]
        return PlanItem(
            id=view.id,
            href=address(language, f"{PATH}/{view.id}"),
            name=view.facts.name,
            period=translate(language, PERIODS[view.facts.period]),
            price=price_text(language, view.now) if view.now else "",
            memberships=plural(language, "{n} membership", "{n} memberships", view.memberships),
            tone=tone,
            status=translate(language, status),
            above_limit=view.above_limit_of_one or view.above_limit_of_several,
        )
