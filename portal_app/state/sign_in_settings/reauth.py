"""Showing once more who one is, on a page whose changes ask for it; then what was wanted goes on."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import UserError
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.credentials.errors import ChallengeOver, ReauthRequired
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.second_factors import SENT, Choice, choices, first_way, way_of


class ReauthState(PortalState):
    """A page's state inherits it, runs its changes by `_reauth_first`, and has `prove` and `proven`."""

    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    news: rx.Field[str] = rx.field("")
    needs_reauth: rx.Field[bool] = rx.field(False)
    ask_another_proof: rx.Field[bool] = rx.field(False)  # one proof was not enough
    way: rx.Field[str] = rx.field("")
    choices: rx.Field[list[Choice]] = rx.field(default_factory=list)
    by_passkey: rx.Field[bool] = rx.field(False)
    sent_to: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def choose(self, way: str):
        async for shown in run_busy(self, self._choose(way_of(way))):
            yield shown

    def _calm(self) -> None:
        self.busy = self.needs_reauth = self.ask_another_proof = False
        self.error = self.news = self.way = self.sent_to = self._challenge = ""

    async def _reauth_first(self, change: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """The service's answer; None when they have to show first who they are."""
        try:
            done = await in_thread(change, me(), *given, **named)
        except ReauthRequired:
            await self._start_reauth()
            return None
        self.needs_reauth = self.ask_another_proof = False
        return done if done is not None else True

    async def _start_reauth(self) -> None:
        asked = await in_thread(second_factor.start_reauth, me())
        self.choices, self._challenge = choices(self.language, asked), asked.id
        self.by_passkey = Proof.PASSKEY in asked.ways
        self.way, self.sent_to, self.needs_reauth = "", "", True
        first = first_way(asked)
        if first and first not in SENT:  # a message is sent when they say so
            await self._choose(first)

    async def _choose(self, way: Proof) -> None:
        self.sent_to = ""
        if way in SENT:
            self.sent_to = await in_thread(second_factor.send_second_code, me(), self._challenge, way)
        self.way = str(way)

    async def _prove(self, typed: str) -> None:
        if not typed.strip():
            raise UserError("Enter the code")
        if self.way == Proof.PASSWORD:
            await in_thread(passwords.reauthenticate_by_password, me(), typed)
        else:
            try:
                way = way_of(self.way)
                await in_thread(
                    second_factor.answer_challenge, me(), self._challenge, way, typed.strip()[:100]
                )
            except ChallengeOver:
                await self._start_reauth()
                raise
        self.ask_another_proof = True

    async def _proven(self, typed: str) -> None:
        await self._prove(typed)
        await self._go_on()

    async def _go_on(self) -> None:
        """With what was wanted before it was asked who they are."""
        raise NotImplementedError
