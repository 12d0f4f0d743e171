"""Ids of rows, like inv_5f3c…: the prefix names the kind of row. One type per noun, so that pyright keeps them apart."""

import re
import secrets
from datetime import datetime
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
DisputeId = NewType("DisputeId", str)
PaymentMethodId = NewType("PaymentMethodId", str)
AppointmentId = NewType("AppointmentId", str)
PlanId = NewType("PlanId", str)
MembershipId = NewType("MembershipId", str)
StaffId = NewType("StaffId", str)
AgreementId = NewType("AgreementId", str)
AgreementVersionId = NewType("AgreementVersionId", str)
AgreementRequestId = NewType("AgreementRequestId", str)
AgreementSignerId = NewType("AgreementSignerId", str)
SignatureId = NewType("SignatureId", str)
AgreementCopyId = NewType("AgreementCopyId", str)

# The kind of row that each prefix names: one prefix per kind, one kind per prefix.
PREFIXES = {
    "acc": "billing account",
    "agc": "copy of a signed agreement",
    "agq": "request to sign an agreement",
    "agr": "agreement",
    "ags": "signer of a request",
    "agt": "text of a version of an agreement",
    "agv": "version of an agreement",
    "alc": "allocation of a payment to an invoice",
    "apt": "appointment",
    "chg": "change of contact details that awaits its code",
    "chl": "challenge of a second factor",
    "cod": "one-time code",
    "con": "contact point",
    "cpn": "coupon for memberships",
    "dsp": "dispute of a payment by the payer's bank",
    "drf": "draft of a form",
    "ecr": "consent to electronic records",
    "enr": "enrolment on a membership",
    "ent": "ledger entry",
    "fam": "family file",
    "grt": "grant of one adult to another",
    "inv": "invoice",
    "jrq": "request to join online",
    "lin": "line of an invoice",
    "lnk": "link",
    "mcp": "coupon on a membership",
    "mem": "membership",
    "mev": "event in a membership's history",
    "miv": "invoice of a membership's period",
    "mpa": "pause of a membership",
    "mrk": "dependent mark",
    "mrq": "request to an adult to join a membership",
    "msg": "message in the outbox",
    "not": "content of a message about money that is not written yet",
    "par": "intended allocation of a payment",
    "pat": "patient",
    "pay": "payment",
    "pln": "plan of memberships",
    "ppr": "price version of a plan",
    "psk": "passkey",
    "ref": "refund",
    "rel": "relation",
    "rst": "reset of a password",
    "say": "key that keeps a message from being sent twice",
    "set": "change of a setting",
    "shr": "one person's share of a ledger entry",
    "sig": "signature of an agreement",
    "sky": "key that seals copies",
    "src": "payment method: saved card or bank account",
    "stf": "staff member",
    "stp": "second step of a staff member's sign-in",
    "sup": "set-up of a card at the processor",
    "trm": "term of a membership",
    "try": "try of automatic payment",
    "tsk": "task for staff",
    "txt": "text message that came in",
    "wsh": "request to share with somebody",
}


def new_id(prefix: str) -> str:
    """A new id: the prefix and 128 random bits. Raises ValueError for a prefix that is not in PREFIXES."""
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is not in the table of prefixes")
    return f"{prefix}_{secrets.token_hex(16)}"


def new_ids(prefix: str, count: int, at: datetime) -> list[str]:
    """`count` new ids in ascending order, for rows that are written together.

    They begin with the time (48 bits, as UUID version 7 does) and end with 80 random bits: a database appends such
    rows to its indexes, where random ids go to another page each. Raises ValueError as `new_id` does.
    """
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is not in the table of prefixes")
    head, tails = f"{prefix}_{int(at.timestamp() * 1000):012x}", secrets.token_hex(10 * count)
    return sorted(head + tails[n : n + 20] for n in range(0, 20 * count, 20))


def parse_id(prefix: str, text: object) -> str:
    """An id as a browser sent it, if it has the form of such an id. Raises NotFound otherwise."""
    if not isinstance(text, str) or not re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", text):
        raise NotFound
    return text
