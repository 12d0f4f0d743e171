"""The staff sign-in page: email and password, then the code of an authenticator app."""

import reflex as rx

from portal_app.services.sign_in.staff import check_staff_password
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase, SignInVisit
from portal_app.state.staff.app_code import AppCodeSteps
from portal_app.state.staff.errors import EmailOrPasswordMissing


class StaffSignInState(AppCodeSteps, SignInVisit, SignInBase):
    """Steps: password, set_up, code, done."""

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
        async for step in run_busy(self, self._check_code(form.get("code", "")), "code"):
            yield step

    async def _check_password(self, form: dict[str, str]) -> None:
        email, password = form.get("email", "").strip(), form.get("password", "")
        if not (email and password):
            raise EmailOrPasswordMissing
        challenge = await in_thread(check_staff_password, me(), email, password)
        self._show_challenge(challenge, "set_up" if challenge.set_up else "code")
