"""The page "Joined online": who waits for an answer, and accept or refuse."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.gateways import gateways
from portal_app.i18n import full_date_text, gettext_noop, money_text, translate
from portal_app.services.memberships.joining.answer import accept_join, refuse_join
from portal_app.services.memberships.joining.waiting import JoinedPerson, WaitingJoin, list_waiting_joins
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.live import watch
from portal_app.state.processor_threads import in_processor_thread


@dataclass(frozen=True)
class WaitingItem:
    id: str
    name: str
    plan: str
    people: list[str]  # "Pip Quinn, born May 4, 2018"
    alike: list[str]  # who may be a patient already
    contact: str
    address: str
    paid: str  # "$110.00 on June 15, 2026"


class WaitingJoinsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    rows: rx.Field[list[WaitingItem]] = rx.field(default_factory=list)
    may_refund: rx.Field[bool] = rx.field(False)

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def load(self):
        watch("memberships", WaitingJoinsState.refresh)
        if self._newly_here():
            self._clear_feedback()
        self.busy = False
        self.may_refund = me().may(Permission.REFUND)
        await self._show()
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_PLANS, activity=False)
    async def refresh(self):
        """Called by the server when a membership changes."""
        await self._show()

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def accept(self, request: str):
        async for _ in run_busy(self, self._accept(request)):
            yield

    @rx.event
    @requires(Permission.MANAGE_PLANS)
    async def refuse(self, form: dict[str, str]):
        async for _ in run_busy(self, self._refuse(form)):
            yield

    async def _accept(self, request: str) -> None:
        await in_thread(accept_join, me(), request)
        await self._show()
        self._show_done(gettext_noop("Accepted. The membership is active, and they are told."))

    async def _refuse(self, form: dict[str, str]) -> None:
        request, reason = form.get("request", ""), form.get("reason", "")
        try:
            await in_processor_thread(refuse_join, me(), request, reason, processor=gateways().payments)
        finally:
            await self._show()
        self._show_done(gettext_noop("Refused. All that was paid goes back, and they are told."))

    async def _show(self) -> None:
        self.rows = [self._item(row) for row in await in_thread(list_waiting_joins, me())]

    def _item(self, row: WaitingJoin) -> WaitingItem:
        msgid = gettext_noop("{person} may be {other}: same date of birth, similar name.")
        return WaitingItem(
            id=row.id,
            name=row.people[0].name,
            plan=row.plan,
            people=[self._person(person) for person in row.people],
            alike=[
                translate(self.language, msgid, person=person.name, other=other)
                for person in row.people
                for other in person.alike
            ],
            contact=row.contact,
            address=row.address,
            paid=translate(
                self.language,
                "{amount} on {day}",
                amount=money_text(self.language, row.paid),
                day=full_date_text(self.language, row.paid_on),
            ),
        )

    def _person(self, person: JoinedPerson) -> str:
        day = full_date_text(self.language, person.birth_date) if person.birth_date else ""
        msgid = (
            gettext_noop("{person}, born {day}")
            if person.is_member
            else gettext_noop("{person}, born {day}: pays, is no member")
        )
        return translate(self.language, msgid, person=person.name, day=day)
