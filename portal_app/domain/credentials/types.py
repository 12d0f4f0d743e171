"""Kinds of proof and of links, and how long each credential is valid (DOMAIN.md, Access)."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

FACTOR_CODE_LIFE = timedelta(minutes=15)
FACTOR_TRIES = 5  # wrong answers until a second-factor challenge ends
CHALLENGE_LIFE = timedelta(minutes=15)
PASSKEY_LIFE = timedelta(minutes=5)  # from the request to the browser until its answer
PASSKEYS_AT_MOST = 20
PROOF_LIFE = timedelta(
    minutes=10
)  # re-authentication: how recent a proof must be to change sign-in or contacts
RESET_WAIT = timedelta(
    hours=24
)  # between the start of a sign-in reset and its effect: time for the patient to stop it
DESK_CODE_LIFE = timedelta(hours=24)
LINK_LIFE = timedelta(days=14)
PAY_LINK_DAYS = (1, 90)  # the shortest and longest life of pay links that a practice may choose
ACCESS_LINK_LIFE = timedelta(days=7)


class Proof(StrEnum):
    """What a person proved who they are with, at sign-in or at re-authentication."""

    PASSWORD = "password"  # noqa: S105  (the name of a kind, not a password)
    TOTP = "totp"
    EMAIL = "email"
    SMS = "sms"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


class Purpose(StrEnum):
    """The one thing that an action link opens."""

    PAY = "pay"
    SIGN = "sign"
    FORMS = "forms"
    CARD = "card"


class Locked(StrEnum):
    """Facts about a patient that only the practice changes; the patient sends a request."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"


def is_strong(proofs: Iterable[Proof]) -> bool:
    """Whether these proofs are enough to re-authenticate an account that has credentials set up.

    One of password, authenticator app, recovery code or passkey; or codes to both email and phone.
    """
    given = set(proofs)
    return bool(given & {Proof.PASSWORD, Proof.TOTP, Proof.RECOVERY, Proof.PASSKEY}) or (
        {Proof.EMAIL, Proof.SMS} <= given
    )
