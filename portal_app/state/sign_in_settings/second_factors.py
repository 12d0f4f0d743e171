"""The ways to show a second time who one is, in words: after a password, and before a change."""

from dataclasses import dataclass

from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import NotFound
from portal_app.i18n import gettext_noop, translate
from portal_app.services.credentials.second_factor import Challenge

_WORDS = {
    Proof.TOTP: gettext_noop("A code from your authenticator app"),
    Proof.EMAIL: gettext_noop("A code by email to {shown}"),
    Proof.SMS: gettext_noop("A code by text to {shown}"),
    Proof.RECOVERY: gettext_noop("One of your recovery codes"),
    Proof.PASSWORD: gettext_noop("Your password"),
}
SENT = (Proof.EMAIL, Proof.SMS)


@dataclass(frozen=True)
class Choice:
    way: str
    label: str


def choices(language: str, asked: Challenge) -> list[Choice]:
    """All but the passkey, which has a button of its own."""
    shown = dict(asked.shown)
    return [
        Choice(str(way), translate(language, _WORDS[way], shown=shown.get(way, "")))
        for way in asked.ways
        if way in _WORDS
    ]


def first_way(asked: Challenge) -> Proof | None:
    """What is asked for at once: never something that sends a message by itself when there is another."""
    best = (Proof.TOTP, Proof.PASSWORD, Proof.EMAIL, Proof.SMS, Proof.RECOVERY)
    return next((way for way in best if way in asked.ways), None)


def way_of(text: str) -> Proof:
    try:
        return Proof(text)
    except ValueError:
        raise NotFound from None
