"""Signing in with a code: contact, code, date of birth, and where two still match a first name."""

import reflex as rx

from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import NeedsFirstName
from portal_app.state.base import in_thread, me, public, scope_now
from portal_app.state.errors import ContactMissing
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.i18n_paths import address
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.typed_fields import birth_date, six_digits


class SignInState(Feedback, SignInBase):
    step: rx.Field[str] = rx.field("contact")  # contact, code, birth_date, done
    contact: rx.Field[str] = rx.field("")
    sent_to: rx.Field[str] = rx.field("")
    by_text: rx.Field[bool] = rx.field(False)
    sent_again: rx.Field[bool] = rx.field(False)
    reference: rx.Field[str] = rx.field("")
    ask_first_name: rx.Field[bool] = rx.field(False)
    ticket: rx.Field[str] = rx.field("")
    by: rx.Field[str] = rx.field("")  # "phone" or "email", when the public link says so
    ended: rx.Field[str] = rx.field("")  # how the last session ended: "idle", "out"
    _code_id: str = ""

    @rx.event
    @public
    async def load(self):
        """Forgets what a previous visitor of this tab typed."""
        self._start_visit()
        asked = self.router.url.query_parameters
        by, ended = asked.get("by", ""), asked.get("ended", "")
        self.by = by if by in ("phone", "email") else ""
        self.ended = ended if ended in ("idle", "out") and self.step == "contact" else ""
        return rx.redirect(address(self.language, "/sign-in/desk"), replace=True) if by == "desk" else None

    @rx.event
    @public
    async def send_code(self, form: dict[str, str]):
        """Anybody may ask; the answer is the same whether or not the contact is on file (CODE-1)."""
        self._start_visit()
        self.sent_again = False
        async for _ in run_busy(self, self._send(form.get("contact", "").strip()), default_field="contact"):
            yield

    @rx.event
    @public
    async def resend_code(self):
        """A new code to the same contact; the old one no longer works."""
        self.sent_again = False
        async for _ in run_busy(self, self._send(self.contact), default_field="code"):
            yield
        self.sent_again = not self.field_errors

    @rx.event
    @public
    async def check_code(self, form: dict[str, str]):
        """The code proves that the visitor can read what was sent there."""
        self.sent_again = False
        async for _ in run_busy(self, self._check_code(form.get("code", "")), default_field="code"):
            yield

    @rx.event
    @public
    async def check_birth_date(self, form: dict[str, str]):
        """Several people may share one contact: the date of birth tells who signs in (CODE-3)."""
        async for _ in run_busy(self, self._check_birth_date(form), default_field="born"):
            yield

    @rx.event
    @public
    async def start_over(self):
        """Another email or phone."""
        self._start_over()

    def _start_visit(self) -> None:
        if self._newly_here():
            self._start_over()
            self.contact = ""

    def _start_over(self) -> None:
        """Back to the contact, which stays filled in."""
        self._clear_feedback()
        self.step, self.ticket, self._code_id = "contact", "", ""
        self.busy = self.ask_first_name = self.sent_again = False

    async def _send(self, contact: str) -> None:
        if not contact:
            raise ContactMissing
        self.ended = ""
        request = await in_thread(request_code, me(), contact)
        self.contact, self._code_id, self.reference = contact, request.id, request.reference
        self.sent_to, self.by_text = request.shown, request.channel == "phone"
        self.step = "code"

    async def _check_code(self, typed: str) -> None:
        await in_thread(check_code, me(), self._code_id, six_digits(typed))
        self.step = "birth_date"

    async def _check_birth_date(self, form: dict[str, str]) -> None:
        born = birth_date(form)
        first_name = form.get("first_name", "").strip()
        try:
            self.ticket = str(
                await in_thread(check_birth_date, me(), self._code_id, born, first_name, scope=scope_now())
            )
        except NeedsFirstName:
            self.ask_first_name = True
            return
        self.step = "done"
