"""Signing in with a username and password, with a code from the front desk, and by an action link."""

import reflex as rx

from portal_app.services.credentials import desk_codes, passwords, resets, second_factor
from portal_app.services.credentials.errors import ChallengeOver
from portal_app.services.links import action_links
from portal_app.services.links.errors import LinkOver
from portal_app.state.base import in_thread, me, public
from portal_app.state.errors import CodeMissing, DeskCodeIncomplete, NoSecondFactor, PasswordSignInIncomplete
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.sign_in.base import SignInBase, SignInVisit
from portal_app.state.sign_in_settings.second_factors import SecondFactorSteps, parse_factor
from portal_app.state.typed_fields import birth_date


class PasswordState(SecondFactorSteps, SignInVisit, SignInBase):
    step: rx.Field[str] = rx.field("password")  # password, factor, done
    ticket: rx.Field[str] = rx.field("")

    @rx.event
    @public
    async def check_password(self, form: dict[str, str]):
        """The first step; the same words whether the name or the password is wrong."""
        self._start_visit()
        async for _ in run_busy(self, self._check_password(form)):
            yield

    @rx.event
    @public
    async def choose_factor(self, way: str):
        """Another second factor; a code is sent where the visitor chose email or text."""
        async for _ in run_busy(
            self, self._choose_factor(parse_factor(way)), default_field=self._factor_field()
        ):
            yield

    @rx.event
    @public
    async def check_factor(self, form: dict[str, str]):
        """The second factor, after a right password."""
        code = form.get("code", "").strip()
        async for _ in run_busy(self, self._check_factor(code), default_field="code"):
            yield

    async def _check_password(self, form: dict[str, str]) -> None:
        username, password = form.get("username", "").strip(), form.get("password", "")
        if not (username and password):
            raise PasswordSignInIncomplete
        challenge = await in_thread(passwords.password_sign_in, me(), username, password)
        first = self._offer_factors(challenge)
        if first is None and not self.by_passkey:
            raise NoSecondFactor
        self.step = "factor"
        if first:
            await self._choose_factor(first)

    async def _check_factor(self, code: str) -> None:
        if not code:
            raise CodeMissing
        try:
            way = parse_factor(self.way)
            self.ticket = await in_thread(
                second_factor.answer_challenge, me(), self._challenge, way, code[:100]
            )
        except ChallengeOver as refusal:
            self._start_over()
            self._show_refusal(refusal)
        else:
            self.step = "done"


class DeskCodeState(Feedback, SignInVisit, SignInBase):
    ticket: rx.Field[str] = rx.field("")

    @rx.event
    @public
    async def sign_in(self, form: dict[str, str]):
        """By code, date of birth and initials together: which of them is wrong is not said."""
        self._start_visit()
        async for _ in run_busy(self, self._sign_in(form), "born"):
            yield

    async def _sign_in(self, form: dict[str, str]) -> None:
        code, initials = form.get("code", "").strip(), form.get("initials", "").strip()
        if not (code and initials):
            raise DeskCodeIncomplete
        born = birth_date(form)
        self.ticket = await in_thread(desk_codes.desk_sign_in, me(), code[:100], born, initials[:20])


class LinkSignInState(Feedback, SignInVisit, SignInBase):
    ticket: rx.Field[str] = rx.field("")
    over: rx.Field[bool] = rx.field(False)

    @rx.event
    @public
    async def open_link(self, form: dict[str, str]):
        """A link may be forwarded, so the date of birth is asked (CODE-14)."""
        self._start_visit()
        async for _ in run_busy(self, self._open_link(form), default_field="born"):
            yield

    async def _open_link(self, form: dict[str, str]) -> None:
        born = birth_date(form)
        try:
            self.ticket = await in_thread(action_links.open_link, me(), form.get("token", ""), born)
        except LinkOver:
            self.over = True


class StopResetState(Feedback, SignInBase):
    stopped: rx.Field[bool] = rx.field(False)

    @rx.event
    @public
    async def load(self):
        """Nothing is stopped by opening a page: mail programs open links by themselves."""
        self._start_visit()

    @rx.event
    @public
    async def stop_reset(self, form: dict[str, str]):
        """Anybody with the link in the patient's message may stop a reset; it opens nothing."""
        self._start_visit()
        async for _ in run_busy(self, self._stop_reset(form.get("token", ""))):
            yield

    async def _stop_reset(self, token: str) -> None:
        await in_thread(resets.stop_reset_by_link, me(), token)
        self.stopped = True
