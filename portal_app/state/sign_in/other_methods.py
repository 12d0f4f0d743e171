"""Signing in with a username and password, with a code from the desk, and by a one-purpose link."""

import reflex as rx

from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import UserError
from portal_app.i18n import gettext_noop, translate
from portal_app.services.credentials import desk_codes, passwords, resets, second_factor
from portal_app.services.credentials.errors import ChallengeOver
from portal_app.services.links import action_links
from portal_app.services.links.errors import LinkOver
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.sign_in_settings.second_factors import SENT, Choice, choices, first_way, way_of
from portal_app.state.typed_fields import birth_date

NOWHERE = gettext_noop("We have no way to send you a code. Sign in another way, or call us.")


class PasswordState(SignInBase):
    step: rx.Field[str] = rx.field("password")  # password, factor, done
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    way: rx.Field[str] = rx.field("")
    choices: rx.Field[list[Choice]] = rx.field(default_factory=list)
    by_passkey: rx.Field[bool] = rx.field(False)
    sent_to: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @public
    async def begin(self):
        """Starts anew: what a former visitor typed is nobody's."""
        self._start_afresh()

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """Whoever has set one up; the same words whatever is wrong."""
        self._start_afresh()
        async for shown in run_busy(self, self._password(form)):
            yield shown

    @rx.event
    @public
    async def choose(self, way: str):
        """Another second factor; a code is sent where that is what they chose."""
        async for shown in run_busy(self, self._choose(way_of(way))):
            yield shown

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """The second factor, after a right password."""
        async for shown in run_busy(self, self._answer(form.get("code", "").strip())):
            yield shown

    @rx.event
    @public
    async def start_over(self):
        """Back to the password."""
        self._start_over()

    async def _password(self, form: dict[str, str]) -> None:
        username, password = form.get("username", "").strip(), form.get("password", "")
        if not (username and password):
            raise UserError("Enter your username and your password")
        asked = await in_thread(passwords.password_sign_in, me(), username, password)
        self.choices, self._challenge = choices(self.language, asked), asked.id
        self.by_passkey = Proof.PASSKEY in asked.ways
        first = first_way(asked)
        if first is None and not self.by_passkey:
            raise UserError(NOWHERE)
        self.step, self.way = "factor", ""
        if first:
            await self._choose(first)

    async def _choose(self, way: Proof) -> None:
        self.sent_to = ""
        if way in SENT:
            self.sent_to = await in_thread(second_factor.send_second_code, me(), self._challenge, way)
        self.way = str(way)

    async def _answer(self, code: str) -> None:
        if not code:
            raise UserError("Enter the code")
        try:
            self.ticket = await in_thread(
                second_factor.answer_challenge, me(), self._challenge, way_of(self.way), code[:100]
            )
        except ChallengeOver:
            self._start_over()
            raise
        self.step = "done"


class DeskCodeState(SignInBase):
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")  # of all three together
    born_error: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")

    @rx.event
    @public
    async def begin(self):
        """Starts anew, as all ways in do."""
        self._start_afresh()

    @rx.event
    @public
    async def give(self, form: dict[str, str]):
        """Code, date of birth and initials together: which of them is wrong is not said."""
        self._start_afresh()
        async for shown in run_busy(self, self._sign_in(form)):
            yield shown

    @rx.event
    @public
    async def start_over(self):
        """After a ticket that came to nothing."""
        self._start_over()

    async def _sign_in(self, form: dict[str, str]) -> None:
        self.born_error = ""
        code, initials = form.get("code", "").strip(), form.get("initials", "").strip()
        if not (code and initials):
            raise UserError("Enter the code and your initials")
        try:
            born = birth_date(form)
        except UserError as wrong:
            self.born_error = translate(self.language, wrong.message, **wrong.values)
            return
        self.ticket = await in_thread(desk_codes.desk_sign_in, me(), code[:100], born, initials[:20])


class LinkSignInState(SignInBase):
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    over: rx.Field[bool] = rx.field(False)

    @rx.event
    @public
    async def begin(self):
        """What the link opens is not known yet; its secret is in the browser only."""
        self._start_afresh()

    @rx.event
    @public
    async def open(self, form: dict[str, str]):
        """A link may be forwarded: the date of birth is asked (CODE-14)."""
        self._start_afresh()
        async for shown in run_busy(self, self._open(form)):
            yield shown

    @rx.event
    @public
    async def start_over(self):
        """After a ticket that came to nothing."""
        self._start_over()

    async def _open(self, form: dict[str, str]) -> None:
        born = birth_date(form)
        try:
            self.ticket = await in_thread(action_links.open_link, me(), form.get("token", ""), born)
        except LinkOver:
            self.over = True


class StopResetState(SignInBase):
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    stopped: rx.Field[bool] = rx.field(False)

    @rx.event
    @public
    async def begin(self):
        """Nothing is stopped by opening a page: mail programs open links by themselves."""
        self._start_afresh()

    @rx.event
    @public
    async def stop(self, form: dict[str, str]):
        """Whoever reads the patient's messages may stop a reset; it opens nothing."""
        self._start_afresh()
        async for shown in run_busy(self, self._stop(form.get("token", ""))):
            yield shown

    async def _stop(self, token: str) -> None:
        await in_thread(resets.stop_reset_by_link, me(), token)
        self.stopped = True
