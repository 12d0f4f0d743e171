"""Passwords, second factors, links and resets: what counts, and for how long (DOMAIN.md, Access)."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from portal_app.domain.errors import UserError

PASSWORD_AT_LEAST = 12  # NIST SP 800-63B-4: 8 with a second factor, 15 alone
PASSWORD_AT_MOST = 200
USERNAME_AT_LEAST, USERNAME_AT_MOST = 3, 64
RECOVERY_CODES = 10
FACTOR_CODE_LIFE = timedelta(minutes=15)
FACTOR_TRIES = 5
CHALLENGE_LIFE = timedelta(minutes=15)
PASSKEY_LIFE = timedelta(minutes=5)  # from asking the browser to its answer
PASSKEYS_AT_MOST = 20
PROOF_LIFE = timedelta(minutes=10)  # a change of sign-in or contact wants a proof this fresh
RESET_WAIT = timedelta(hours=24)  # lost everything: time for the patient to say no
DESK_CODE_LIFE = timedelta(hours=24)
LINK_LIFE = timedelta(days=14)
PAY_LINK_DAYS = (1, 90)  # a practice chooses within these
ACCESS_LINK_LIFE = timedelta(days=7)
TOTP_STEP = 30  # seconds
TOTP_SKEW = 1  # steps: 20 s off is accepted, 60 s is not
LOCKED_AFTER = 20  # failures in a row; then only the desk opens it
_FREE_FAILURES = 3
_LONGEST_DELAY = timedelta(hours=1)
# Without 0, O, 1, I, L and U: read aloud and written by hand.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Proof(StrEnum):
    """How somebody showed again who they are, or how they came in."""

    PASSWORD = "password"  # noqa: S105  (the word, not one)
    TOTP = "totp"
    EMAIL = "email"
    SMS = "sms"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


class Purpose(StrEnum):
    """What a one-purpose link is for, and nothing else."""

    PAY = "pay"
    SIGN = "sign"
    FORMS = "forms"
    CARD = "card"


class Locked(StrEnum):
    """What only the practice changes."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"


def username_key(username: str) -> str:
    """Two usernames are the same when their keys are: NFKC, case folded, without spaces around."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def good_username(username: str) -> str:
    """As it will be shown. Refused when it is too short, too long or has spaces or signs in it."""
    shown = unicodedata.normalize("NFKC", username).strip()
    if not USERNAME_AT_LEAST <= len(shown) <= USERNAME_AT_MOST:
        raise UserError(
            "A username has {least} to {most} letters.", least=USERNAME_AT_LEAST, most=USERNAME_AT_MOST
        )
    if not all(letter.isalnum() or letter in "._-@+" for letter in shown):
        raise UserError("A username has letters, digits and . _ - @ + only.")
    return shown


def password_text(password: str) -> str:
    """What is hashed: the same letters typed on another keyboard give the same."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, own_words: Iterable[str], common: Callable[[str], bool]) -> None:
    """Length over rules: any characters, 12 to 200 of them, neither common nor one's own name.

    `own_words`: names, emails, the username. Refused with the reason.
    """
    text = password_text(password)
    if len(text) < PASSWORD_AT_LEAST:
        raise UserError(
            "Use at least {least} characters. A few words in a row are easy to remember.",
            least=PASSWORD_AT_LEAST,
        )
    if len(text) > PASSWORD_AT_MOST:
        raise UserError("Use at most {most} characters.", most=PASSWORD_AT_MOST)
    if any(common(form) for form in _plain_forms(text)):
        raise UserError("Too many people use this password. Choose another.")
    if _made_of(text.casefold(), own_words):
        raise UserError("Leave your own name, email and username out of your password.")


def _plain_forms(text: str) -> set[str]:
    """What the list is asked for: as it is, without what was hung on at the ends, and what it repeats."""
    folded = text.casefold()
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    forms = {folded, bare, folded.replace(" ", "")}
    if repeated := re.fullmatch(r"(.+?)\1+", folded):
        forms.add(repeated[1])
        if len(repeated[1]) < 4:
            forms.add("password")  # "aaaa…", "ababab…": as common as they come
    return forms - {""}


def _made_of(folded: str, own_words: Iterable[str]) -> bool:
    """Is it mostly one's own words? A long phrase may hold one of them."""
    rest = folded
    words = {part for word in own_words for part in (word, *re.split(r"[\W_]+", word))}
    for word in sorted({w.casefold() for w in words if len(w) >= 3}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != folded and len(re.sub(r"[\W\d_]", "", rest)) < PASSWORD_AT_LEAST // 2


def delay_after(failures: int) -> timedelta:
    """How long the next try has to wait: nothing for three, then a minute, doubling, an hour at most."""
    over = failures - _FREE_FAILURES
    return timedelta() if over < 0 else min(timedelta(minutes=2 ** min(over, 10)), _LONGEST_DELAY)


def new_recovery_code() -> str:
    """16 letters, 78 random bits, in fours: "K7QX-3MPD-…"."""
    return in_fours("".join(secrets.choice(_LETTERS) for _ in range(16)))


def new_desk_code() -> str:
    """10 letters, 49 random bits; used with a birth date and initials, three tries."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def in_fours(text: str) -> str:
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def bare_code(code: str) -> str:
    """A code as it was typed, without dashes, spaces and small letters."""
    return re.sub(r"[\s\-–—]", "", unicodedata.normalize("NFKC", code)).upper()


def unused_step(matching: Iterable[int], last: int) -> int | None:
    """The time step of an authenticator's code, if it is newer than the last one used (RFC 6238, 5.2)."""
    return next((step for step in sorted(matching, reverse=True) if step > last), None)


def steps_near(moment: datetime) -> range:
    """The time steps whose codes count at `moment` (the real clock's)."""
    step = int(moment.timestamp()) // TOTP_STEP
    return range(step - TOTP_SKEW, step + TOTP_SKEW + 1)


def is_strong(proofs: Iterable[Proof]) -> bool:
    """Beside the session: something known, something owned, or codes to both email and phone."""
    shown = set(proofs)
    return bool(shown & {Proof.PASSWORD, Proof.TOTP, Proof.RECOVERY, Proof.PASSKEY}) or (
        {Proof.EMAIL, Proof.SMS} <= shown
    )


def initials(given_name: str, family_name: str) -> str:
    """ "MR" for Maria Rivera, without accents."""
    return plain_letters(given_name)[:1] + plain_letters(family_name)[:1]


def plain_letters(text: str) -> str:
    """Upper-case letters only, accents gone: what somebody means who types "m. r."."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if letter.isalpha()).upper()


def name_key(text: str) -> str:
    """Two names are the same when their keys are."""
    return " ".join(plain_letters(word) for word in re.split(r"[\s\-'’.]+", text) if plain_letters(word))


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """("Chrome", "Android"); "" for what we do not know. A device's own words: shown, never trusted."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return browser, system
