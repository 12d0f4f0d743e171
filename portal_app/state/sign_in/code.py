"""Signing in with a code: contact, code, date of birth, and where two still match a first name."""

import reflex as rx

from portal_app.domain.errors import UserError
from portal_app.i18n import translate
from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import NeedsFirstName
from portal_app.state.base import in_thread, me, public, scope_now
from portal_app.state.i18n_paths import address
from portal_app.state.sign_in.base import SignInBase
from portal_app.state.typed_fields import birth_date, six_digits


class SignInState(SignInBase):
    step: rx.Field[str] = rx.field("contact")  # contact, code, birth_date, done
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    contact: rx.Field[str] = rx.field("")
    sent_to: rx.Field[str] = rx.field("")
    by_text: rx.Field[bool] = rx.field(False)
    sent_again: rx.Field[bool] = rx.field(False)
    reference: rx.Field[str] = rx.field("")
    ask_first_name: rx.Field[bool] = rx.field(False)
    ticket: rx.Field[str] = rx.field("")
    by: rx.Field[str] = rx.field("")  # "phone" or "email", when the public link says so
    ended: rx.Field[str] = rx.field("")  # why they are here: "idle", "out"
    _code_id: str = ""

    @rx.event
    @public
    async def begin(self):
        """Starts anew: what a former visitor of this page typed is nobody's."""
        self._start_afresh()
        asked = self.router.url.query_parameters
        by, ended = asked.get("by", ""), asked.get("ended", "")
        self.by = by if by in ("phone", "email") else ""
        self.ended = ended if ended in ("idle", "out") and self.step == "contact" else ""
        return rx.redirect(address(self.language, "/sign-in/desk"), replace=True) if by == "desk" else None

    @rx.event
    @public
    async def send_code(self, form: dict[str, str]):
        """Anybody may ask; the answer is the same whether or not we know them (CODE-1)."""
        self._start_afresh()
        async for shown in self._answered(self._send(form.get("contact", "").strip())):
            yield shown

    @rx.event
    @public
    async def send_again(self):
        """A new code to the same place; the old one is of no use then."""
        async for shown in self._answered(self._send(self.contact)):
            yield shown
        self.sent_again = not self.error

    @rx.event
    @public
    async def check_code(self, form: dict[str, str]):
        """The code proves that they can read what was sent there."""
        async for shown in self._answered(self._check(form.get("code", ""))):
            yield shown

    @rx.event
    @public
    async def check_birth_date(self, form: dict[str, str]):
        """A household may share one address: the date of birth says who it is (CODE-3)."""
        async for shown in self._answered(self._born(form)):
            yield shown

    @rx.event
    @public
    async def start_over(self):
        """Another email or phone."""
        self._start_over()

    def _start_afresh(self) -> None:
        if self._newly_here():
            self._start_over()
            self.contact = ""

    def _start_over(self) -> None:
        self.step, self.error, self.ticket, self._code_id = "contact", "", "", ""
        self.busy = self.ask_first_name = self.sent_again = False

    async def _answered(self, work):
        """Busy while it runs; a refusal is said by the field."""
        self.busy, self.error, self.sent_again = True, "", False
        yield
        try:
            await work
        except UserError as refusal:
            self.error = translate(self.language, refusal.message, **refusal.values)
        finally:
            self.busy = False

    async def _send(self, contact: str) -> None:
        if not contact:
            raise UserError("Enter your email address or phone number")
        self.ended = ""
        request = await in_thread(request_code, me(), contact)
        self.contact, self._code_id, self.reference = contact, request.id, request.reference
        self.sent_to, self.by_text = request.shown, request.channel == "phone"
        self.step = "code"

    async def _check(self, typed: str) -> None:
        await in_thread(check_code, me(), self._code_id, six_digits(typed))
        self.step = "birth_date"

    async def _born(self, form: dict[str, str]) -> None:
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
