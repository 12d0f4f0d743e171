"""Re-authentication on a page whose changes ask for it; then the change that was started goes on."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import Proof
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.credentials.errors import ChallengeOver, ReauthRequired
from portal_app.state.base import in_thread, me, requires
from portal_app.state.errors import CodeMissing
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.second_factors import SENT, SecondFactorSteps, parse_factor


class ReauthState(SecondFactorSteps, mixin=True):
    """A page's state inherits it, runs its changes by `_reauth_first`, and says in `_resume_change` how one goes on."""

    needs_reauth: rx.Field[bool] = rx.field(False)
    ask_another_proof: rx.Field[bool] = rx.field(False)  # one proof was not enough

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def choose_factor(self, way: str):
        async for _ in run_busy(
            self, self._choose_factor(parse_factor(way)), default_field=self._factor_field()
        ):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def check_proof(self, form: dict[str, str]):
        async for _ in run_busy(self, self._check_proof(form.get("code", "")), default_field="code"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def finish_passkey_proof(self):
        """Go on after the browser has shown the passkey, which goes over a route of its own."""
        async for _ in run_busy(self, self._resume_change()):
            yield

    def _clear_reauth(self) -> None:
        self._clear_feedback()
        self.busy = self.needs_reauth = self.ask_another_proof = False
        self.way = self.sent_to = self._challenge = ""

    async def _reauth_first(self, change: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Run the service `change`; returns its answer, or True where it has none.

        None: it asks for a fresh proof first, and the page now shows the form for it.
        """
        try:
            result = await in_thread(change, me(), *args, **named)
        except ReauthRequired:
            await self._start_reauth()
            return None
        self.needs_reauth = self.ask_another_proof = False
        return result if result is not None else True

    async def _start_reauth(self) -> None:
        first = self._offer_factors(await in_thread(second_factor.start_reauth, me()))
        self.needs_reauth = True
        if first and first not in SENT:  # a message is sent only when they choose it
            await self._choose_factor(first)

    async def _check_proof(self, typed: str) -> None:
        if not typed.strip():
            raise CodeMissing
        try:
            await self._give_proof(typed)
        except ChallengeOver as refusal:
            await self._start_reauth()
            self._show_refusal(refusal, default_field=self._factor_field())
            return
        self.ask_another_proof = True
        await self._resume_change()

    async def _give_proof(self, typed: str) -> None:
        if self.way == Proof.PASSWORD:
            await in_thread(passwords.reauthenticate_by_password, me(), typed)
            return
        way = parse_factor(self.way)
        await in_thread(second_factor.answer_challenge, me(), self._challenge, way, typed.strip()[:100])

    @abstractmethod
    async def _resume_change(self) -> None:
        """Go on with the change that waited for the proof."""
