"""What the portal says by email and SMS: written in the transaction it speaks of, sent afterwards, once."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import code, document, key, moment, ref
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId


class OutboxMessage(PortalOwned, table=True):
    __table_args__ = (Index("ix_outbox_waiting", "sent_at", "next_try_at"),)
    audited: ClassVar[bool] = False
    id: str = key()  # msg_…
    once: str = Field(unique=True)  # what it says, named: the same thing is never said twice
    kind: str  # "sign_in_code", "receipt", …
    channel: ContactKind = code(ContactKind)
    to: str
    language: str = "en"
    subject: str = ""
    body: str  # wiped once it is sent, where it holds a code
    # [{"name": "receipt.pdf", "document": "receipt", "id": "pay_…"}]: made when it is sent
    attachments: list[dict[str, Any]] = document(default_factory=list)
    account_id: AccountId | None = ref("account", default=None, nullable=True)
    patient_id: PatientId | None = ref("patient", default=None, nullable=True)
    created_at: datetime = moment()
    next_try_at: datetime | None = moment(default=None, nullable=True)
    expires_at: datetime | None = moment(default=None, nullable=True)
    tries: int = 0
    reference: str = ""  # what the carrier calls it
    sent_at: datetime | None = moment(default=None, nullable=True)
    failed: str = ""


class BillingNotice(PortalOwned, table=True):
    """Something of an account's money that its guarantor is told once, with what else there is that day."""

    __table_args__ = (Index("ix_billing_notice_untold", "said_on", "account_id"),)
    audited: ClassVar[bool] = False
    id: str = key()
    once: str = Field(unique=True)  # "overdue:inv_…": noted once, however often it is looked for
    account_id: AccountId = ref("account")
    kind: str  # "invoice_issued", "due_soon", "overdue" or "card_expiring"
    about: str  # the invoice's or the payment source's id
    created_at: datetime = moment()
    said_on: date | None = None
