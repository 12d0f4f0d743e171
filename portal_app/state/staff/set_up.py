"""Setting up a first authenticator app by a link: the password, the secret to scan, its first code."""

import reflex as rx

from portal_app.domain.errors import UserError
from portal_app.services.sign_in.errors import SetUpLinkOver
from portal_app.services.sign_in.staff import begin_set_up, check_staff_totp
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase
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
    async def begin(self):
        """What the link opens is not known yet; its token is in the browser only."""
        self._start_afresh()

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """The link says whose app it is; the password shows that it came to the right person."""
        self._start_afresh()
        async for shown in run_busy(self, self._begin_set_up(form)):
            yield shown

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """The first code of the app that has scanned the secret."""
        async for shown in run_busy(self, self._confirm(form)):
            yield shown

    @rx.event
    @public
    async def start_over(self):
        """Back to the password."""
        self._start_over()

    async def _begin_set_up(self, form: dict[str, str]) -> None:
        token, password = form.get("token", ""), form.get("password", "")
        if not password:
            raise UserError("Enter your password")
        try:
            challenge = await in_thread(begin_set_up, me(), token, password)
        except SetUpLinkOver:
            self.step = "over"
            return
        self._challenge, self.secret = challenge.id, challenge.secret
        self.qr, self.step = as_image(challenge.qr_svg), "scan"

    async def _confirm(self, form: dict[str, str]) -> None:
        code = "".join(form.get("code", "").split())
        self.ticket = await in_thread(check_staff_totp, me(), self._challenge, code)
        self.step, self.qr, self.secret = "done", "", ""
