"""What the staff pages share that end with a code of the authenticator app: signing in, and the set-up link."""

import reflex as rx

from portal_app.services.sign_in.staff import StaffChallenge, check_staff_totp
from portal_app.state.base import in_thread, me
from portal_app.state.feedback import Feedback
from portal_app.state.typed_fields import as_image


class AppCodeSteps(Feedback, mixin=True):
    step: rx.Field[str] = rx.field("password")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    ticket: rx.Field[str] = rx.field("")
    _challenge: str = ""

    def _show_challenge(self, challenge: StaffChallenge, step: str) -> None:
        self._challenge, self.secret = challenge.id, challenge.secret
        self.qr, self.step = as_image(challenge.qr_svg), step

    async def _check_code(self, code: str) -> None:
        self.ticket = await in_thread(check_staff_totp, me(), self._challenge, code)
        self.step, self.qr, self.secret = "done", "", ""
