"""The page of a set-up link: password, the secret to scan, and the first code of the authenticator app."""

import reflex as rx

from portal_app.services.sign_in.errors import SetUpLinkOver
from portal_app.services.sign_in.staff import begin_set_up
from portal_app.state.base import in_thread, me, public
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in.base import SignInBase, SignInVisit
from portal_app.state.staff.app_code import AppCodeSteps
from portal_app.state.staff.errors import PasswordMissing


class StaffSetUpState(AppCodeSteps, SignInVisit, SignInBase):
    """Steps: password, scan, done, over."""

    @rx.event
    @public
    async def give_password(self, form: dict[str, str]):
        """First step. The link says whose app is set up; the password shows that its owner opened it."""
        self._start_visit()
        async for step in run_busy(self, self._begin_set_up(form), default_field="password"):
            yield step

    @rx.event
    @public
    async def give_code(self, form: dict[str, str]):
        """Second step: the first code of the app that has scanned the secret."""
        async for step in run_busy(self, self._check_code(form.get("code", "")), "code"):
            yield step

    async def _begin_set_up(self, form: dict[str, str]) -> None:
        token, password = form.get("token", ""), form.get("password", "")
        if not password:
            raise PasswordMissing
        try:
            challenge = await in_thread(begin_set_up, me(), token, password)
        except SetUpLinkOver:
            self.step = "over"
            return
        self._show_challenge(challenge, "scan")
