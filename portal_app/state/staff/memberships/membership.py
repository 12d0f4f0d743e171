"""The page of one membership: members, invoices, history; end it or pause it after one question."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

import reflex as rx

from portal_app.clock import today
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import MembershipId, parse_id
from portal_app.domain.memberships.types import RUNNING, BilledBy, EndReason, MembershipStatus
from portal_app.i18n import date_text, gettext_noop, moment_text, money_text, translate
from portal_app.services.memberships.plans.read import list_plans
from portal_app.services.memberships.staff.read import StaffMembership, view_staff_membership
from portal_app.services.memberships.staff.renewal import preview_expired_renewal
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address, last_part
from portal_app.state.live import watch
from portal_app.state.processor_threads import in_processor_thread
from portal_app.state.staff.labels import invoice_status, missing_permission_text
from portal_app.state.staff.memberships import questions
from portal_app.state.staff.memberships.changes import Change
from portal_app.state.staff.memberships.labels import STATUSES, ChoiceItem, event_details, event_name
from portal_app.state.staff.memberships.questions import Question

T = TypeVar("T")
_FIELDS = ("last_day", "reason", "first_day", "pause_last_day", "plan", "bill_day", "coupon")
_FROM_OLD_DATE = gettext_noop("From the old date, {day}")
_FROM_TODAY = gettext_noop("From today, {day}")


@dataclass(frozen=True)
class LineItem:
    """A line of one of the page's lists."""

    key: str
    title: str
    detail: str
    amount: str
    tone: str = "quiet"
    status: str = ""
    again: str = ""  # of an invoice: first day of its period, where it may be billed again


@dataclass(frozen=True)
class RenewalItem:
    """One of the two ways to renew an expired membership, with every invoice that is made at once."""

    from_old_date: bool
    title: str
    lines: list[str]
    sum: str


class StaffMembershipState(LoadedPage, Feedback, PortalState):
    owner: rx.Field[str] = rx.field("")
    owner_href: rx.Field[str] = rx.field("")
    plan: rx.Field[str] = rx.field("")
    coming_plan: rx.Field[str] = rx.field("")  # from the next bill date on; "" for the same
    coupons: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    next_bill: rx.Field[str] = rx.field("")  # "" where nothing is billed again
    next_amount: rx.Field[str] = rx.field("")
    contract_end: rx.Field[str] = rx.field("")
    ends_on: rx.Field[str] = rx.field("")
    paid_with: rx.Field[str] = rx.field("")
    trouble: rx.Field[str] = rx.field("")  # why the next price cannot be told
    above_limit: rx.Field[bool] = rx.field(False)
    members: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    invoices: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    history: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    may_change: rx.Field[bool] = rx.field(False)
    may_end: rx.Field[bool] = rx.field(False)
    may_bill_again: rx.Field[bool] = rx.field(False)
    missing_permission: rx.Field[str] = rx.field("")
    pauses: rx.Field[list[LineItem]] = rx.field(default_factory=list)
    current_members: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)  # who may be ended alone
    other_plans: rx.Field[list[ChoiceItem]] = rx.field(default_factory=list)
    renewals: rx.Field[list[RenewalItem]] = rx.field(default_factory=list)  # of an expired one: both ways
    asked_form: rx.Field[str] = rx.field("")  # the form whose fields are wrong
    question: rx.Field[str] = rx.field("")  # what is asked before it is done; "" for nothing
    question_lines: rx.Field[list[str]] = rx.field(default_factory=list)
    _membership: str = ""
    _change: Change | None = None  # what was asked about

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def load(self):
        watch("memberships", StaffMembershipState.refresh)
        if self._newly_here():
            self._clear_feedback()
            self._forget()
        self.missing = False
        try:
            self._membership = parse_id("mem", last_part(self.router.url.path))
            await self._show()
        except NotFound:
            self.missing = True
        self.ready = True

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)
    async def refresh(self):
        """Called by the server when a membership changes."""
        if self._membership and not self.missing:
            await self._show()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_end(self, form: dict[str, str]):
        """Says what the end gives back, and asks once."""
        async for step in self._ask("end", questions.ask_end, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_member_end(self, form: dict[str, str]):
        """Says what the end of one member gives back, and asks once."""
        async for step in self._ask("member", questions.ask_member_end, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_take_back_end(self):
        """Asks before an end that lies ahead is taken back."""
        async for step in self._ask("", questions.ask_take_back_end, None):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_stop_autopay(self):
        """Asks before automatic payment is turned off."""
        async for step in self._ask("", questions.ask_stop_autopay, None):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_coupon(self, form: dict[str, str]):
        """Says what the coupon changes and from when, and asks once."""
        async for step in self._ask("coupon", questions.ask_coupon, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_pause(self, form: dict[str, str]):
        """Says what the pause changes, and asks once."""
        async for step in self._ask("pause", questions.ask_pause, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_pause_end(self, pause: str):
        """Asks before a pause ends today."""
        async for step in self._ask("", questions.ask_pause_end, pause):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_plan(self, form: dict[str, str]):
        """Says what another plan costs and from when, and asks once."""
        async for step in self._ask("plan", questions.ask_plan, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_bill_day(self, form: dict[str, str]):
        """Says which days are free, and asks once."""
        async for step in self._ask("bill_day", questions.ask_bill_day, form):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_bill_again(self, period_start: str):
        """Says what the invoice would be, and asks once."""
        async for step in self._ask("", questions.ask_bill_again, period_start):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def ask_renewal(self, from_old_date: bool):
        """Says which invoices are made, and asks once."""
        async for step in self._ask("", questions.ask_renewal, from_old_date):
            yield step

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def confirm(self):
        """Does what was asked about."""
        async for step in run_busy(self, self._confirm()):
            yield step
        self._forget()
        await self._show()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def keep(self):
        """Changes nothing."""
        self._forget()

    async def _ask(
        self, form: str, make: Callable[[Principal, str, MembershipId, T], Question], typed: T
    ) -> AsyncIterator[None]:
        """Shows the question that `make` makes of what was typed, or why there is none at the field of `form`."""
        self._forget()
        self.asked_form = form
        async for step in run_busy(self, self._show_question(make, typed), *_FIELDS):
            yield step

    async def _show_question(
        self, make: Callable[[Principal, str, MembershipId, T], Question], typed: T
    ) -> None:
        asked = await in_thread(make, me(), self.language, MembershipId(self._membership), typed)
        self.question, self.question_lines, self._change = asked.text, list(asked.lines), asked.change

    async def _confirm(self) -> None:
        change, membership_id = self._change, MembershipId(self._membership)
        if change is None:  # pressed twice
            return
        if change.asks_processor:
            done = await in_processor_thread(change.carry_out, me(), membership_id)
        else:
            done = await in_thread(change.carry_out, me(), membership_id)
        self._show_done(done)

    def _forget(self) -> None:
        self.question, self.question_lines, self._change = "", [], None

    async def _show(self) -> None:
        view = await in_thread(view_staff_membership, me(), MembershipId(self._membership))
        self._show_facts(view)
        self._show_lists(view)
        allowed = me().may(Permission.MANAGE_PLANS) and view.billed_by is BilledBy.PORTAL
        self.may_bill_again, self.may_end = allowed, allowed and view.status in RUNNING
        self.may_change = self.may_end and view.ends_on is None
        self.missing_permission = await missing_permission_text(self.language, me(), Permission.MANAGE_PLANS)
        self._show_choices(view)
        plans = await in_thread(list_plans, me()) if self.may_change else ()
        self.other_plans = [
            ChoiceItem(plan.id, plan.facts.name) for plan in plans if plan.active and plan.id != view.plan_id
        ]
        self.renewals = []
        if allowed and view.end_reason is EndReason.EXPIRED and view.status is MembershipStatus.ENDED:
            await self._show_renewals()

    async def _show_renewals(self) -> None:
        """Both ways with their amounts; nothing where it cannot be renewed, with the reason."""
        try:
            seen = await in_thread(preview_expired_renewal, me(), MembershipId(self._membership))
        except UserError as refusal:
            self.trouble = translate(self.language, refusal.message, **refusal.values)
            return
        choices = ((True, seen.from_old_date), (False, seen.from_today))
        self.renewals = [
            RenewalItem(
                old,
                translate(self.language, _FROM_OLD_DATE if old else _FROM_TODAY, day=choice.first_day),
                list(questions.invoice_lines(self.language, choice)),
                money_text(self.language, choice.sum),
            )
            for old, choice in choices
            if choice is not None
        ]

    def _show_choices(self, view: StaffMembership) -> None:
        language = self.language
        self.current_members = [
            ChoiceItem(member.enrolment_id, member.name)
            for member in view.members
            if member.end is None and member.start <= today()
        ]
        self.pauses = [
            LineItem(
                pause.id,
                f"{date_text(language, pause.first_day)} – {date_text(language, pause.last_day)}",
                pause.reason,
                "",
            )
            for pause in view.pauses
        ]

    def _show_facts(self, view: StaffMembership) -> None:
        language = self.language
        tone, status = STATUSES[view.status]
        self.owner, self.plan = view.owner, view.plan
        self.coming_plan, self.coupons = view.coming_plan, ", ".join(view.coupons)
        self.owner_href = address(language, f"/staff/patients/{view.owner_id}")
        self.tone, self.status = tone, translate(language, status)
        self.next_bill = date_text(language, view.next_bill_date) if view.next_bill_date else ""
        self.next_amount = money_text(language, view.next_price.amount) if view.next_price else ""
        self.contract_end = date_text(language, view.contract_end) if view.contract_end else ""
        self.ends_on = date_text(language, view.ends_on) if view.ends_on else ""
        self.paid_with, self.above_limit = view.paid_with, view.above_limit
        self.trouble = (
            translate(language, view.trouble.message, **view.trouble.values) if view.trouble else ""
        )

    def _show_lists(self, view: StaffMembership) -> None:
        language = self.language
        self.members = [
            LineItem(
                member.enrolment_id,
                member.name,
                date_text(language, member.start)
                + (f" – {date_text(language, member.end)}" if member.end else ""),
                money_text(language, member.price) if member.price else "",
            )
            for member in view.members
        ]
        self.invoices = [
            LineItem(
                invoice.id,
                invoice.number,
                f"{date_text(language, invoice.period_start)} – {date_text(language, invoice.period_end)}",
                money_text(language, invoice.amount),
                *invoice_status(language, invoice.status, overdue=False),
                again=invoice.period_start.isoformat() if invoice.again else "",
            )
            for invoice in view.invoices
        ]
        self.history = [
            LineItem(
                str(position),
                event_name(language, line.kind),
                event_details(language, line.details),
                " · ".join(filter(None, (moment_text(language, line.at), line.by))),
            )
            for position, line in enumerate(view.history)
        ]
