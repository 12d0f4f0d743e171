"""Staff come in by email and password, and always a code from their authenticator app."""

from dataclasses import dataclass

from portal_app.domain.access import Principal, Role
from portal_app.domain.ids import StaffId


@dataclass(frozen=True, slots=True)
class StaffChallenge:
    """After the password: the second factor is due. `set_up`: for the first time, with a secret to scan."""

    id: str
    set_up: bool
    secret_uri: str = ""
    qr_svg: str = ""


def staff_password(principal: Principal, email: str, password: str) -> StaffChallenge:
    """Refused in the same words whatever is wrong."""
    raise NotImplementedError


def staff_totp(principal: Principal, challenge_id: str, code: str) -> str:
    """A ticket. Refused for a wrong, used or late code."""
    raise NotImplementedError


def staff_add(principal: Principal, email: str, name: str, role: Role, password: str) -> StaffId:
    """A new member of staff; they set up their authenticator app when they first sign in."""
    raise NotImplementedError
