"""Cancelling a membership at the period's end: what happens first, then the button, then how to take it back."""

from datetime import date

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.i18n import full_date_text, gettext_noop
from portal_app.services.memberships.cancellation.cancel import cancel_membership, undo_cancellation
from portal_app.services.memberships.cancellation.errors import CancellationChanged
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.memberships.one_membership import OneMembership


class CancelState(OneMembership, PortalState):
    plan: rx.Field[str] = rx.field("")
    last_day: rx.Field[str] = rx.field("")
    people: rx.Field[list[str]] = rx.field(default_factory=list)
    may_cancel: rx.Field[bool] = rx.field(False)
    done: rx.Field[bool] = rx.field(False)  # cancelled, until its last day

    _seen: str = ""

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        self._forget_visit()
        await self._show_named()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def cancel(self):
        async for _ in run_busy(self, self._cancel()):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def undo(self):
        async for _ in run_busy(self, self._undo()):
            yield

    async def _cancel(self) -> None:
        if not self._seen:
            raise NotFound
        try:
            await in_thread(cancel_membership, me(), self._membership(), date.fromisoformat(self._seen))
        except CancellationChanged:
            await self._show()
            raise
        await self._show()

    async def _undo(self) -> None:
        await in_thread(undo_cancellation, me(), self._membership())
        await self._show()
        self._show_done(gettext_noop("Your membership runs on, at the same price."))

    async def _show(self) -> None:
        view = await self._view_as_owner()
        last = view.ends_on or view.cancel_last_day
        self.plan, self.people = view.plan, [member.name for member in view.members]
        self.last_day = full_date_text(self.language, last) if last else ""
        self._seen = view.cancel_last_day.isoformat() if view.cancel_last_day else ""
        self.may_cancel, self.done = view.can_cancel, view.can_undo
        self.missing, self.ready = False, True
