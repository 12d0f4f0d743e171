"""The audit trail: append-only; a job adds its entries to a hash chain after the commit."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, String
from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import document, moment
from portal_app.domain.ids import PatientId


class AuditEntry(PortalOwned, table=True):
    """One recorded action. Names of rows and fields, never health data or secrets."""

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
    # Set once by the job: the entry's number in the chain, and its hash.
    sealed: int | None = Field(default=None, unique=True, sa_type=BigInteger)
    hash: str = ""
