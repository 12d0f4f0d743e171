"""Ids say what they name: inv_5f3c… One type per noun; pyright keeps them apart."""

import re
import secrets
from typing import NewType

from portal_app.domain.errors import NotFound

PatientId = NewType("PatientId", str)
FamilyId = NewType("FamilyId", str)
AccountId = NewType("AccountId", str)
InvoiceId = NewType("InvoiceId", str)
LineId = NewType("LineId", str)
EntryId = NewType("EntryId", str)
PaymentId = NewType("PaymentId", str)
RefundId = NewType("RefundId", str)
PaymentMethodId = NewType("PaymentMethodId", str)
AppointmentId = NewType("AppointmentId", str)
PlanId = NewType("PlanId", str)
MembershipId = NewType("MembershipId", str)
StaffId = NewType("StaffId", str)

# What the first letters of an id name. One prefix for one kind of thing, and one kind under one prefix.
PREFIXES = {
    "acc": "billing account",
    "alc": "allocation of a payment to an invoice",
    "apt": "appointment",
    "chg": "change of contact details that waits for its code",
    "chl": "challenge of a second factor",
    "cod": "one-time code",
    "con": "contact point",
    "drf": "draft of a form",
    "enr": "enrolment on a membership",
    "ent": "ledger entry",
    "fam": "family file",
    "grt": "grant of one adult to another",
    "inv": "invoice",
    "lin": "line of an invoice",
    "lnk": "link",
    "mem": "membership",
    "mrk": "dependent mark",
    "msg": "message in the outbox",
    "not": "what a message about money will say",
    "par": "part of an attempt to pay: what it is for",
    "pat": "patient",
    "pay": "payment",
    "pln": "plan of memberships",
    "psk": "passkey",
    "ref": "refund",
    "rel": "relation",
    "rst": "reset of a password",
    "say": "key under which something is said once",
    "set": "change of a setting",
    "shr": "one person's share of a ledger entry",
    "src": "saved card or bank account",
    "stf": "staff member",
    "stp": "step of a staff member's sign-in",
    "sup": "key of a card's set-up at the processor",
    "tsk": "task for staff",
    "txt": "text message that came in",
    "wsh": "wish to share with somebody",
}


def new_id(prefix: str) -> str:
    """`prefix`, one of PREFIXES, and 128 random bits."""
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is not in the table of prefixes")
    return f"{prefix}_{secrets.token_hex(16)}"


def given_id(prefix: str, text: object) -> str:
    """An id a browser sent us: of the right shape, or of nothing we know (NotFound)."""
    if not isinstance(text, str) or not re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", text):
        raise NotFound
    return text
