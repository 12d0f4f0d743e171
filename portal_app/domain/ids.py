"""Ids of rows, like inv_5f3c…: the prefix names the kind of row. One type per noun, so that pyright keeps them apart."""

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

# The kind of row that each prefix names: one prefix per kind, one kind per prefix.
PREFIXES = {
    "acc": "billing account",
    "alc": "allocation of a payment to an invoice",
    "apt": "appointment",
    "chg": "change of contact details that awaits its code",
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
    "not": "content of a message about money that is not written yet",
    "par": "intended allocation of a payment",
    "pat": "patient",
    "pay": "payment",
    "pln": "plan of memberships",
    "psk": "passkey",
    "ref": "refund",
    "rel": "relation",
    "rst": "reset of a password",
    "say": "key that keeps a message from being sent twice",
    "set": "change of a setting",
    "shr": "one person's share of a ledger entry",
    "src": "payment method: saved card or bank account",
    "stf": "staff member",
    "stp": "second step of a staff member's sign-in",
    "sup": "set-up of a card at the processor",
    "tsk": "task for staff",
    "txt": "text message that came in",
    "wsh": "request to share with somebody",
}


def new_id(prefix: str) -> str:
    """A new id: the prefix and 128 random bits. Raises ValueError for a prefix that is not in PREFIXES."""
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is not in the table of prefixes")
    return f"{prefix}_{secrets.token_hex(16)}"


def parse_id(prefix: str, text: object) -> str:
    """An id as a browser sent it, if it has the form of such an id. Raises NotFound otherwise."""
    if not isinstance(text, str) or not re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", text):
        raise NotFound
    return text
