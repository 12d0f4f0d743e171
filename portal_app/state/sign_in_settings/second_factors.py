"""Second factors on screen: chosen and checked after a password, and again before a change (re-authentication)."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import NotFound
from portal_app.i18n import gettext_noop, translate
from portal_app.services.credentials import second_factor
from portal_app.services.credentials.second_factor import Challenge
from portal_app.state.base import in_thread, me
from portal_app.state.feedback import Feedback

_LABELS = {
    Proof.TOTP: gettext_noop("A code from your authenticator app"),
    Proof.EMAIL: gettext_noop("A code by email to {shown}"),
    Proof.SMS: gettext_noop("A code by text to {shown}"),
    Proof.RECOVERY: gettext_noop("One of your recovery codes"),
    Proof.PASSWORD: gettext_noop("Your password"),
}
SENT = (Proof.EMAIL, Proof.SMS)  # by a message with a code
# In the order of preference: nothing that sends a message while there is another.
_PREFERRED = (Proof.TOTP, Proof.PASSWORD, Proof.EMAIL, Proof.SMS, Proof.RECOVERY)


@dataclass(frozen=True)
class Choice:
    way: str
    label: str


class SecondFactorSteps(Feedback, mixin=True):
    """The fields that `second_step` draws."""

    way: rx.Field[str] = rx.field("")  # the chosen factor, "" while none is
    choices: rx.Field[list[Choice]] = rx.field(default_factory=list)
    by_passkey: rx.Field[bool] = rx.field(False)
    sent_to: rx.Field[str] = rx.field("")
    _challenge: str = ""

    def _offer_factors(self, challenge: Challenge) -> Proof | None:
        """Show what may answer the challenge; returns the factor to start with, None where there is none."""
        self.choices, self._challenge = factor_choices(self.language, challenge), challenge.id
        self.by_passkey, self.way, self.sent_to = Proof.PASSKEY in challenge.ways, "", ""
        return next((way for way in _PREFERRED if way in challenge.ways), None)

    async def _choose_factor(self, way: Proof) -> None:
        self.sent_to = ""
        if way in SENT:
            self.sent_to = await in_thread(second_factor.send_second_code, me(), self._challenge, way)
        self.way = str(way)

    def _factor_field(self) -> str:
        """The form field that shows an error; none before a factor is chosen."""
        return "code" if self.way else ""


def factor_choices(language: str, challenge: Challenge) -> list[Choice]:
    """All but the passkey, which has a button of its own."""
    shown = dict(challenge.shown)
    return [
        Choice(str(way), translate(language, _LABELS[way], shown=shown.get(way, "")))
        for way in challenge.ways
        if way in _LABELS
    ]


def parse_factor(text: str) -> Proof:
    """The second factor of this name. Raises NotFound for what is none."""
    try:
        return Proof(text)
    except ValueError:
        raise NotFound from None
