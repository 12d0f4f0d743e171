"""Signing in with a code: contact, code, date of birth, and where two still match a first name."""

import re
from datetime import date

import reflex as rx

from portal_app.domain.errors import Refused
from portal_app.services import sign_in
from portal_app.speech import mark, say
from portal_app.state.base import PortalState, in_thread, me, open_to_all, scope_now

MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)


class SignInState(PortalState):
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
    _code_id: str = ""

    @rx.event
    @open_to_all
    async def begin(self):
        """Whoever is signed in already has no business here."""
        self._start_over()

    @rx.event
    @open_to_all
    async def send_code(self, form: dict[str, str]):
        """Anybody may ask; the answer is the same whether or not we know them (CODE-1)."""
        async for shown in self._answered(self._send(form.get("contact", "").strip())):
            yield shown

    @rx.event
    @open_to_all
    async def send_again(self):
        """A new code to the same place; the old one is of no use then."""
        async for shown in self._answered(self._send(self.contact)):
            yield shown
        self.sent_again = not self.error

    @rx.event
    @open_to_all
    async def check_code(self, form: dict[str, str]):
        """The code proves that they can read what was sent there."""
        async for shown in self._answered(self._check(form.get("code", ""))):
            yield shown

    @rx.event
    @open_to_all
    async def check_birth_date(self, form: dict[str, str]):
        """A household may share one address: the date of birth says who it is (CODE-3)."""
        async for shown in self._answered(self._born(form)):
            yield shown

    @rx.event
    @open_to_all
    async def start_over(self):
        """Another email or phone."""
        self._start_over()

    def _start_over(self) -> None:
        self.step, self.error, self.ticket, self._code_id = "contact", "", "", ""
        self.busy = self.ask_first_name = self.sent_again = False

    async def _answered(self, work):
        """Busy while it runs; a refusal is said by the field."""
        self.busy, self.error, self.sent_again = True, "", False
        yield
        try:
            await work
        except Refused as refusal:
            self.error = say(self.language, refusal.message, **refusal.values)
        finally:
            self.busy = False

    async def _send(self, contact: str) -> None:
        if not contact:
            raise Refused("Enter your email address or phone number")
        request = await in_thread(sign_in.request_code, me(), contact)
        self.contact, self._code_id, self.reference = contact, request.id, request.reference
        self.sent_to, self.by_text = request.shown, request.channel == "phone"
        self.step = "code"

    async def _check(self, typed: str) -> None:
        code = re.sub(r"[\s-]", "", typed)
        if not re.fullmatch(r"\d{6}", code, re.ASCII):
            raise Refused("Enter the 6 digits of the code")
        await in_thread(sign_in.check_code, me(), self._code_id, code)
        self.step = "birth_date"

    async def _born(self, form: dict[str, str]) -> None:
        born = birth_date(form)
        first_name = form.get("first_name", "").strip()
        try:
            self.ticket = str(
                await in_thread(
                    sign_in.check_birth_date, me(), self._code_id, born, first_name, scope=scope_now()
                )
            )
        except sign_in.NeedsFirstName:
            self.ask_first_name = True
            return
        self.step = "done"


def birth_date(form: dict[str, str]) -> date:
    """Three fields as people fill them: "4" or "04", "April", "abr"; the year in four digits."""
    day, month, year = (form.get(f"born_{part}", "").strip() for part in ("day", "month", "year"))
    if not (day and month and year):
        raise Refused("Enter the month, day and year of your birth")
    if not re.fullmatch(r"\d{4}", year, re.ASCII):
        raise Refused("Enter the year with 4 digits, like 1980")
    try:
        return date(int(year), _month(month), int(day))
    except ValueError:
        raise Refused("That is not a date. Check the month, day and year") from None


def _month(typed: str) -> int:
    """1 to 12, from digits or from three letters or more of its name."""
    if typed.isascii() and typed.isdigit():
        return int(typed)
    start = typed.lower().rstrip(".")
    for names in MONTHS:
        found = [n for n, name in enumerate(names.split(), 1) if name.startswith(start)]
        if len(start) >= 3 and len(found) == 1:
            return found[0]
    raise ValueError(typed)


DONE = mark("Signing you in…")
