"""The page of a set-up link: password, the secret to scan, and the first code of the authenticator app."""

import reflex as rx

from portal_app.services.sign_in.errors import SetUpLinkOver
from portal_app.services.sign_in.staff import begin_set_up, check_staff_totp
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.staff.errors import PasswordMissing
from portal_app.state.typed_fields import as_image


class StaffSetUpState(SignInBase):
    step: rx.Field[str] = rx.field("password")  # password, scan, done, over
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @public
    async def load(self):
        """Nobody has signed in yet, and the link's token is known to the browser only."""
        self._start_visit()

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """First step. The link says whose app is set up; the password shows that its owner opened it."""
        self._start_visit()
        async for step in run_busy(self, self._begin_set_up(form)):
            yield step

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """Second step: the first code of the app that has scanned the secret."""
        async for step in run_busy(self, self._check_code(form.get("code", ""))):
            yield step

    @rx.event
    @public
    async def start_over(self):
        """Goes back to the password; nothing is kept."""
        self._start_over()

    async def _begin_set_up(self, form: dict[str, str]) -> None:
        token, password = form.get("token", ""), form.get("password", "")
        if not password:
            raise PasswordMissing
        try:
            challenge = await in_thread(begin_set_up, me(), token, password)
        except SetUpLinkOver:
            self.step = "over"
            return
        self._challenge, self.secret = challenge.id, challenge.secret
        self.qr, self.step = as_image(challenge.qr_svg), "scan"

    async def _check_code(self, code: str) -> None:
        digits = "".join(code.split())
        self.ticket = await in_thread(check_staff_totp, me(), self._challenge, digits)
        self.step, self.qr, self.secret = "done", "", ""
