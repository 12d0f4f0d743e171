"""On the page of a plan: which membership contract its owners sign."""

from collections.abc import Mapping

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, PlanId, parse_id
from portal_app.i18n import gettext_noop
from portal_app.services.agreements.requests.memberships import set_plan_agreement
from portal_app.services.agreements.texts.read import AgreementRow, list_agreements
from portal_app.services.memberships.plans.read import view_plan
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import last_part
from portal_app.state.staff.memberships.labels import ChoiceItem


class PlanAgreementState(Feedback, PortalState):
    shown: rx.Field[bool] = rx.field(False)  # whether the plan is there, and its agreement may be chosen
    choices: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    chosen: rx.Field[str] = rx.field("")  # "" for none
    _plan: str = ""

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        self._clear_feedback()
        self.shown = False
        if not (me().may(Permission.MANAGE_PLANS) and me().may(Permission.MANAGE_AGREEMENTS)):
            return
        try:
            self._plan = parse_id("pln", last_part(self.router.url.path))
            await self._show()
        except NotFound:  # the page says so, or makes a new plan
            return
        self.shown = True

    @rx.event
    @requires(Permission.MANAGE_AGREEMENTS)
    async def save_agreement(self, form: dict[str, str]):
        """From now on the owners of the plan sign this one."""
        async for step in run_busy(self, self._save(form), default_field="agreement"):
            yield step

    async def _save(self, form: Mapping[str, str]) -> None:
        typed = form.get("agreement", "")
        agreement = AgreementId(parse_id("agr", typed)) if typed else None
        await in_thread(set_plan_agreement, me(), PlanId(self._plan), agreement)
        await self._show()
        self._show_done(gettext_noop("Saved."))

    async def _show(self) -> None:
        plan = await in_thread(view_plan, me(), PlanId(self._plan))
        self.chosen = plan.agreement_id or ""
        rows = await in_thread(list_agreements, me())
        self.choices = [ChoiceItem(row.id, row.name) for row in rows if self._is_choice(row)]

    def _is_choice(self, row: AgreementRow) -> bool:
        """Published contracts, and the one that is chosen though it was retired since."""
        usable = row.kind is AgreementKind.MEMBERSHIP and row.status is AgreementStatus.ACTIVE
        return usable or row.id == self.chosen
