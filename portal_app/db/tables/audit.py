"""The audit trail: append-only, sealed into a hash chain by a job after commit."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, String
from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import document, moment
from portal_app.domain.ids import PatientId


class AuditEntry(PortalOwned, table=True):
    audited: ClassVar[bool] = False
    seq: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite")
    )
    at: datetime = moment()
    actor: str  # principal.name
    action: str  # "sign_in", "read:patient", "insert:payment", …
    outcome: str = "ok"  # or "refused"
    subject: str = ""  # the row's id
    patient_id: PatientId | None = Field(default=None, index=True, sa_type=String)
    details: dict[str, Any] = document(default_factory=dict)  # names of fields, never health data
    session_ref: str = ""
    ip: str = ""
    # Set once by the sealing job: the order of the chain and its hash.
    sealed: int | None = Field(default=None, unique=True, sa_type=BigInteger)
    hash: str = ""
