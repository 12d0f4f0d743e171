"""The staff sign-in page: email and password, then the code of an authenticator app."""

import reflex as rx

from portal_app.services.sign_in.staff import check_staff_password, check_staff_totp
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.staff.errors import EmailOrPasswordMissing
from portal_app.state.typed_fields import as_image


class StaffSignInState(SignInBase):
    step: rx.Field[str] = rx.field("password")  # password, set_up, code, done
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @public
    async def load(self):
        """Nobody has signed in yet. A new visit starts empty: nothing of an earlier visitor stays."""
        self._start_visit()

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """First step. The error is the same whether the email or the password is wrong."""
        self._start_visit()
        async for step in run_busy(self, self._check_password(form)):
            yield step

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """Second step: the code of the authenticator app."""
        async for step in run_busy(self, self._check_code(form.get("code", ""))):
            yield step

    @rx.event
    @public
    async def start_over(self):
        """Goes back to the password; nothing is kept."""
        self._start_over()

    async def _check_password(self, form: dict[str, str]) -> None:
        email, password = form.get("email", "").strip(), form.get("password", "")
        if not (email and password):
            raise EmailOrPasswordMissing
        challenge = await in_thread(check_staff_password, me(), email, password)
        self._challenge, self.secret = challenge.id, challenge.secret
        self.qr = as_image(challenge.qr_svg)
        self.step = "set_up" if challenge.set_up else "code"

    async def _check_code(self, code: str) -> None:
        digits = "".join(code.split())
        self.ticket = await in_thread(check_staff_totp, me(), self._challenge, digits)
        self.step, self.qr, self.secret = "done", "", ""
