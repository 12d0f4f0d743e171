"""Those who work at the practice, and what waits for one of them."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import code, document, key, moment, ref
from portal_app.domain.access import Role
from portal_app.domain.ids import AccountId, PatientId, StaffId


class StaffMember(PortalOwned, table=True):
    id: StaffId = key()
    email: str = Field(unique=True)
    name: str
    role: Role = code(Role)
    language: str = "en"
    password_hash: str = ""
    totp_secret: str = ""  # encrypted at rest; "" until it is set up on first use
    totp_waiting: str = ""  # sealed: another app, shown and not yet confirmed
    totp_last_step: int = 0  # a code works once
    active: bool = True
    created_at: datetime = moment()


class Task(PortalOwned, table=True):
    """Something that needs a person: an amount that differs, a bad birth date, a request."""

    id: str = key()  # tsk_…
    once: str = Field(unique=True)  # the same trouble is told once
    kind: str
    message: str  # msgid
    values: dict[str, Any] = document(default_factory=dict)
    account_id: AccountId | None = ref("account", default=None, nullable=True)
    patient_id: PatientId | None = ref("patient", default=None, nullable=True)
    created_at: datetime = moment()
    done_at: datetime | None = moment(default=None, nullable=True)
    done_by: str = ""
