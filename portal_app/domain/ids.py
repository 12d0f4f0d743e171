"""Ids say what they name: inv_5f3c… One type per noun; pyright keeps them apart."""

import re
import secrets
from typing import NewType

from portal_app.domain.errors import NotFound

PatientId = NewType("PatientId", str)  # pat_
FamilyId = NewType("FamilyId", str)  # fam_
AccountId = NewType("AccountId", str)  # acc_
InvoiceId = NewType("InvoiceId", str)  # inv_
LineId = NewType("LineId", str)  # lin_
EntryId = NewType("EntryId", str)  # ent_
PaymentId = NewType("PaymentId", str)  # pay_
RefundId = NewType("RefundId", str)  # ref_
SourceId = NewType("SourceId", str)  # src_
AppointmentId = NewType("AppointmentId", str)  # apt_
PlanId = NewType("PlanId", str)  # pln_
MembershipId = NewType("MembershipId", str)  # mem_
StaffId = NewType("StaffId", str)  # stf_


def new_id(prefix: str) -> str:
    """`prefix` and 128 random bits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def given_id(prefix: str, text: object) -> str:
    """An id a browser sent us: of the right shape, or of nothing we know (NotFound)."""
    if not isinstance(text, str) or not re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", text):
        raise NotFound
    return text
