"""A patient's way in: a contact point, the code sent there, the birth date."""

from dataclasses import dataclass
from datetime import date

from portal_app.domain.access import Principal
from portal_app.domain.errors import Refused
from portal_app.domain.families import ContactKind


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What the page shows while it waits for the code; the same for contacts we do not know (CODE-1)."""

    id: str
    reference: str  # four characters, also in the message (CODE-9)
    channel: ContactKind
    shown: str  # the contact as they typed it, tidied


class NeedsFirstName(Refused):
    """Two of the household share the birth date (CODE-6)."""

    def __init__(self) -> None:
        super().__init__("Please add your first name.")


def request_code(principal: Principal, contact: str, *, way: str = "contact") -> CodeRequest:
    """Send a code to an email or a phone. Refused only for what is neither."""
    raise NotImplementedError


def check_code(principal: Principal, code_id: str, code: str) -> None:
    """Refused when it is wrong, late or burnt."""
    raise NotImplementedError


def check_birth_date(principal: Principal, code_id: str, birth_date: date, first_name: str = "") -> str:
    """A ticket for the one of the household born that day. Refused, or NeedsFirstName."""
    raise NotImplementedError
