"""Setting up a first authenticator app by a link: the password, the secret to scan, its first code."""

import reflex as rx

from portal_app.domain.errors import Refused
from portal_app.services.sign_in.set_up_links import SetUpLinkOver
from portal_app.services.sign_in.staff import begin_set_up, staff_totp
from portal_app.state.answering import answered
from portal_app.state.base import in_thread, me, open_to_all
from portal_app.state.typed import as_image
from portal_app.state.way_in import WayIn


class StaffSetUpState(WayIn):
    step: rx.Field[str] = rx.field("password")  # password, scan, done, over
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    @rx.event
    @open_to_all
    async def begin(self):
        """What the link opens is not known yet; its token is in the browser only."""
        self._start_afresh()

    @rx.event
    @open_to_all
    async def give_password(self, form: dict[str, str]):
        """The link says whose app it is; the password shows that it came to the right person."""
        self._start_afresh()
        async for shown in answered(self, self._begin_set_up(form)):
            yield shown

    @rx.event
    @open_to_all
    async def give_code(self, form: dict[str, str]):
        """The first code of the app that has scanned the secret."""
        async for shown in answered(self, self._confirm(form)):
            yield shown

    @rx.event
    @open_to_all
    async def start_over(self):
        """Back to the password."""
        self._start_over()

    async def _begin_set_up(self, form: dict[str, str]) -> None:
        token, password = form.get("token", ""), form.get("password", "")
        if not password:
            raise Refused("Enter your password")
        try:
            challenge = await in_thread(begin_set_up, me(), token, password)
        except SetUpLinkOver:
            self.step = "over"
            return
        self._challenge, self.secret = challenge.id, challenge.secret
        self.qr, self.step = as_image(challenge.qr_svg), "scan"

    async def _confirm(self, form: dict[str, str]) -> None:
        code = "".join(form.get("code", "").split())
        self.ticket = await in_thread(staff_totp, me(), self._challenge, code)
        self.step, self.qr, self.secret = "done", "", ""
