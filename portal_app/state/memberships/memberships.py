"""The page Memberships: what one has, what it costs, what is scheduled, what one is asked to join."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission
from portal_app.domain.ids import MembershipId, parse_id
from portal_app.domain.memberships.types import BilledBy
from portal_app.gateways import gateways
from portal_app.i18n import full_date_text, gettext_noop, money_text, plural, translate
from portal_app.services.agreements.signing.lists import count_to_sign
from portal_app.services.memberships.cancellation.cancel import undo_cancellation
from portal_app.services.memberships.members.open_requests import withdraw_request
from portal_app.services.memberships.members.requests import answer_member_request
from portal_app.services.memberships.members.take_back import take_back_member
from portal_app.services.memberships.renewals.renew import set_automatic_renewal
from portal_app.services.memberships.view import view_memberships
from portal_app.services.memberships.views.types import (
    AskedAdult,
    HowPaid,
    MembershipsView,
    MembershipView,
    RenewalState,
    RequestView,
    ViewerRole,
)
from portal_app.state.base import PortalState, in_thread, me, prefetched, requires
from portal_app.state.feedback import Feedback, LoadedPage, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.memberships.labels import (
    amount_rows,
    change_words,
    member_dates,
    membership_status,
    owed_words,
    paid_words,
    pay_address,
    period_price,
    period_words,
    renewal_words,
)
from portal_app.state.processor_threads import in_processor_thread


@dataclass(frozen=True)
class MemberRow:
    name: str
    dates: str
    price: str
    is_me: bool
    enrolment: str = ""  # where it can be taken back before it starts


@dataclass(frozen=True)
class AmountRow:
    label: str
    amount: str


@dataclass(frozen=True)
class RequestItem:
    """Somebody wants the viewer on their membership."""

    id: str
    title: str  # "Maria Rivera would like you on their membership Care"
    starts: str
    answer_by: str
    includes: list[str]


@dataclass(frozen=True)
class AskedRow:
    """An adult whom the viewer asked to join. `id`: the request's."""

    id: str
    name: str
    note: str  # "Asked to join; can answer until July 15, 2026"


@dataclass(frozen=True)
class MembershipCard:
    id: str
    plan: str
    tone: str
    status: str
    includes: list[str]
    members: list[MemberRow]
    asked: list[AskedRow] = field(default_factory=list[AskedRow])
    next_bill: str = ""  # "July 15, 2026: $110.00"
    next_bill_note: str = ""
    contract: str = ""
    paid: str = ""
    owed: str = ""  # what is past due or in retry
    owed_note: str = ""
    pay_href: str = ""
    add_href: str = ""
    autopay_href: str = ""
    is_automatic: bool = False
    lines: list[AmountRow] = field(default_factory=list[AmountRow])
    amount: str = ""
    amount_label: str = ""
    changes: list[str] = field(default_factory=list[str])
    renewal: str = ""
    renew_href: str = ""
    automatic: str = ""  # "on" or "off" where it may be changed
    cancel_href: str = ""
    contact_to_cancel: bool = False
    can_undo: bool = False


class MembershipsState(LoadedPage, Feedback, PortalState):
    current: rx.Field[list[MembershipCard]] = rx.field(default_factory=list)
    previous: rx.Field[list[MembershipCard]] = rx.field(default_factory=list)
    asked: rx.Field[list[RequestItem]] = rx.field(default_factory=list)
    pays: rx.Field[bool] = rx.field(False)  # one of them: there are receipts
    to_sign: rx.Field[str] = rx.field("")  # "1 agreement waits for your signature"; "" for none

    @rx.event
    @requires(Permission.MY_ACCOUNT, prefetch=lambda _page, principal: view_memberships(principal))
    async def load(self):
        if self._newly_here():
            self.ready = False
            self._clear_feedback()
        self._show_view(prefetched())
        await self._show_to_sign()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def undo(self, membership: str):
        async for _ in run_busy(self, self._undo(_parse_id(membership))):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def set_automatic(self, membership: str, on: bool):
        async for _ in run_busy(self, self._set_automatic(_parse_id(membership), on)):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def take_back(self, enrolment: str):
        async for _ in run_busy(self, self._take_back(parse_id("enr", enrolment))):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def answer_request(self, request: str, agreed: bool):
        async for _ in run_busy(self, self._answer_request(parse_id("mrq", request), agreed)):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def withdraw_request(self, request: str):
        async for _ in run_busy(self, self._withdraw_request(parse_id("mrq", request))):
            yield

    async def _withdraw_request(self, request: str) -> None:
        await in_thread(withdraw_request, me(), request)
        await self._show()
        self._show_done(gettext_noop("You no longer ask. Nothing changes."))

    async def _take_back(self, enrolment: str) -> None:
        await in_processor_thread(take_back_member, me(), enrolment, processor=gateways().payments)
        await self._show()
        self._show_done(gettext_noop("Taken off the membership. Nothing is charged for them."))

    async def _answer_request(self, request: str, agreed: bool) -> None:
        first = await in_thread(answer_member_request, me(), request, agreed=agreed)
        await self._show()
        if first is None:
            self._show_done(gettext_noop("You do not join. Nothing changes for you."))
            return
        day = full_date_text(self.language, first)
        self._show_done(gettext_noop("You join. You are a member from {day} on."), day=day)

    async def _undo(self, membership_id: MembershipId) -> None:
        await in_thread(undo_cancellation, me(), membership_id)
        await self._show()
        self._show_done(gettext_noop("Your membership runs on, at the same price."))

    async def _set_automatic(self, membership_id: MembershipId, on: bool) -> None:
        await in_thread(set_automatic_renewal, me(), membership_id, on)
        await self._show()
        self._show_done(
            gettext_noop("Automatic renewal is on.") if on else gettext_noop("Automatic renewal is off.")
        )

    async def _show(self) -> None:
        self._show_view(await in_thread(view_memberships, me()))
        await self._show_to_sign()

    async def _show_to_sign(self) -> None:
        count = await in_thread(count_to_sign, me())
        self.to_sign = (
            plural(
                self.language,
                "{n} agreement waits for your signature",
                "{n} agreements wait for your signature",
                count,
            )
            if count
            else ""
        )

    def _show_view(self, view: MembershipsView) -> None:
        self.current = [self._card(each) for each in view.current]
        self.previous = [self._card(each) for each in view.previous]
        self.asked = [self._request(each) for each in view.requests]
        self.pays = any(each.role is ViewerRole.OWNER for each in (*view.current, *view.previous))
        self.ready = True

    def _request(self, one: RequestView) -> RequestItem:
        title = translate(
            self.language, "{person} would like you on the membership {plan}", person=one.owner, plan=one.plan
        )
        starts, answer_by = (full_date_text(self.language, day) for day in (one.start, one.answer_by))
        return RequestItem(one.id, title, starts, answer_by, list(one.includes))

    def _card(self, view: MembershipView) -> MembershipCard:
        tone, status = membership_status(self.language, view)
        shown: dict[str, Any] = {
            "id": view.id,
            "plan": view.plan,
            "tone": tone,
            "status": status,
            "includes": list(view.includes),
            "members": self._members(view),
            "contract": full_date_text(self.language, view.contract_end) if view.contract_end else "",
            "changes": [change_words(self.language, view, change) for change in view.changes],
        }
        if view.role is ViewerRole.OWNER:
            shown |= self._money(view) | self._actions(view)
        return MembershipCard(**shown)

    def _members(self, view: MembershipView) -> list[MemberRow]:
        return [
            MemberRow(
                member.name,
                member_dates(self.language, member.start, member.end, clock.today()),
                period_price(self.language, view.period, member.price) if member.price is not None else "",
                member.is_me,
                member.id if view.can_add and member.start and member.start > clock.today() else "",
            )
            for member in view.members
        ]

    def _money(self, view: MembershipView) -> dict[str, Any]:
        shown: dict[str, Any] = {"paid": paid_words(self.language, view)}
        if view.next_bill:
            day, amount = full_date_text(self.language, view.next_bill.day), view.next_bill.amount
            shown["next_bill"] = f"{day}: {money_text(self.language, amount)}" if amount is not None else day
            if view.next_bill.paid:
                shown["next_bill_note"] = translate(self.language, "Paid already")
            elif view.next_bill.fee:
                fee = money_text(self.language, view.next_bill.fee)
                shown["next_bill_note"] = translate(
                    self.language, "With the enrolment fee of {amount}", amount=fee
                )
        if view.price:
            shown["lines"] = [AmountRow(*row) for row in amount_rows(self.language, view.price)]
            shown["amount"] = money_text(self.language, view.price.amount)
            shown["amount_label"] = period_words(self.language, view.period)
        if view.standing and not view.standing.is_fine:
            automatic = view.how_paid is HowPaid.AUTOPAY
            shown["owed"], shown["owed_note"] = owed_words(self.language, view.standing, automatic=automatic)
            shown["pay_href"] = pay_address(self.language, view.account_id, view.id)
        if view.how_paid in (HowPaid.AUTOPAY, HowPaid.BY_HAND):
            shown["autopay_href"] = self._page("autopay", view)
            shown["is_automatic"] = view.how_paid is HowPaid.AUTOPAY
        return shown

    def _actions(self, view: MembershipView) -> dict[str, Any]:
        state, portal = view.renewal.state, view.billed_by is BilledBy.PORTAL
        may_switch = (
            portal
            and view.contract_end is not None
            and view.ends_on is None
            and view.can_cancel | view.cancel_by_contact
            and state is not RenewalState.EXPIRED
        )
        return {
            "asked": [self._asked(one) for one in view.asked],
            "renewal": renewal_words(self.language, view),
            "add_href": self._page("add", view) if view.can_add else "",
            "renew_href": self._page("renew", view) if state is RenewalState.OFFERED else "",
            "automatic": ("on" if view.renews_automatically else "off") if may_switch else "",
            "cancel_href": self._page("cancel", view) if view.can_cancel else "",
            "contact_to_cancel": view.cancel_by_contact,
            "can_undo": view.can_undo,
        }

    def _asked(self, one: AskedAdult) -> AskedRow:
        day = full_date_text(self.language, one.answer_by)
        return AskedRow(
            one.id, one.name, translate(self.language, "Asked to join; can answer until {day}", day=day)
        )

    def _page(self, name: str, view: MembershipView) -> str:
        return address(self.language, f"/memberships/{name}?id={view.id}")


def _parse_id(given: str) -> MembershipId:
    return MembershipId(parse_id("mem", given))
