"""Recovery codes, codes of the front desk and codes of an authenticator app (TOTP, RFC 6238)."""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime

from portal_app.domain.text import plain_signs

RECOVERY_CODES = 10  # given out at once
TOTP_STEP = 30  # seconds
TOTP_SKEW = 1  # steps before and after the present one: a clock 20 s off is accepted, 60 s off is not
# Without 0, O, 1, I, L and U: the codes are read aloud and written by hand.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_recovery_code() -> str:
    """A random code of 16 letters (78 bits) in groups of four: "K7QX-3MPD-…"."""
    return in_fours("".join(secrets.choice(_LETTERS) for _ in range(16)))


def new_desk_code() -> str:
    """A random code of 10 letters (49 bits); valid only with birth date and initials, three tries (CODE-13)."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def in_fours(text: str) -> str:
    """The text in groups of four characters with dashes between them."""
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def bare_code(code: str) -> str:
    """A typed code without the signs between its letters and digits, in capital letters, with ASCII digits."""
    return re.sub(r"[\W_]", "", plain_signs(code)).upper()


def unused_step(matching_steps: Iterable[int], last_used: int) -> int | None:
    """The newest of these TOTP time steps, if it is newer than the last used one (RFC 6238, 5.2); else None."""
    return next((step for step in sorted(matching_steps, reverse=True) if step > last_used), None)


def steps_near(moment: datetime) -> range:
    """The TOTP time steps whose codes are accepted at `moment`, a time of the real clock."""
    step = int(moment.timestamp()) // TOTP_STEP
    return range(step - TOTP_SKEW, step + TOTP_SKEW + 1)
