"""Tables of billing: accounts, invoices, ledger, payments. Every row names the account it belongs to."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, String, text
from sqlmodel import Field, UniqueConstraint

from portal_app.db.owned import AccountOwned, Owned, PortalOwned
from portal_app.db.types import code, document, key, moment, money, ref
from portal_app.domain.billing.disputes import DisputeEffect, DisputeStatus
from portal_app.domain.billing.types import (
    EntryKind,
    InvoiceStatus,
    Method,
    Origin,
    PaymentStatus,
    RefundStatus,
)
from portal_app.domain.ids import (
    AccountId,
    DisputeId,
    EntryId,
    InvoiceId,
    LineId,
    PatientId,
    PaymentId,
    PaymentMethodId,
    RefundId,
)
from portal_app.domain.money import Money
from portal_app.settings import settings


def _nothing() -> Money:
    """No money, in the installation's currency."""
    return Money(0, settings().currency)


def _partial_index(name: str, *columns: str, where: str, postgresql: str = "") -> Index:
    """A partial index: only rows that meet the condition. A query must repeat the condition word for word."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(postgresql or where))


class Account(Owned, table=True):
    """A guarantor's running account with the practice."""

    owner: ClassVar[str] = "id"
    access_list: ClassVar[str] = "accounts"
    id: AccountId = key()
    # No foreign key: patient.account_id has one the other way, and rows are inserted in that order.
    guarantor_id: PatientId = Field(index=True, sa_type=String)
    processor_customer_id: str = ""
    created_at: datetime = moment()


class Invoice(AccountOwned, table=True):
    """`due` = total + adjusted − allocated, never below zero; set by services.billing only."""

    __table_args__ = (
        # `status` and `amount` at the end of an index: counted and added without reading the rows.
        Index("ix_invoice_account_issued", "account_id", "issue_date", "number", "status"),
        Index("ix_invoice_account_status", "account_id", "status", "issue_date", "number"),
        _partial_index(
            "ix_invoice_open", "account_id", "issue_date", "number", where="status IN ('open', 'partly_paid')"
        ),
        Index("ix_invoice_status_due", "status", "due_date"),
    )
    id: InvoiceId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    number: str = Field(unique=True)  # the practice's own number
    status: InvoiceStatus = code(InvoiceStatus)
    issue_date: date
    due_date: date
    total: Money = money()
    adjusted: Money = money()  # write-offs and credits, zero or negative
    allocated: Money = money()  # what payments pay of it
    note: str = ""
    created_at: datetime = moment()
    issued_at: datetime | None = moment(default=None, nullable=True)

    @property
    def due(self) -> Money:
        return self.total + self.adjusted - self.allocated


class InvoiceLine(AccountOwned, table=True):
    """`patient_id` is whose service it was: a viewer who may not see them reads "Services" (DEP-4)."""

    __table_args__ = (Index("ix_invoice_line_invoice_patient", "invoice_id", "patient_id"),)
    audited: ClassVar[bool] = False
    id: LineId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    invoice_id: InvoiceId = ref("invoice", index=False)  # another index begins with it
    patient_id: PatientId = ref("patient")
    position: int = 0
    description: str
    quantity: int = 1
    unit_amount: Money = money()
    amount: Money = money()
    service_date: date | None = None
    provider: str = ""
    code: str = ""  # the procedure's code, where known


class LedgerEntry(AccountOwned, table=True):
    """Signed, dated, immutable. Positive raises what the account owes, negative lowers it."""

    __table_args__ = (
        UniqueConstraint("kind", "source"),
        Index("ix_ledger_account_day", "account_id", "posted_on", "amount"),
        Index("ix_ledger_person_day", "patient_id", "account_id", "posted_on", "amount"),
    )
    id: EntryId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    kind: EntryKind = code(EntryKind)
    amount: Money = money()
    # What it came from, once per kind: an invoice, payment or refund id, an import's own key.
    source: str
    invoice_id: InvoiceId | None = ref("invoice", default=None, nullable=True)
    payment_id: PaymentId | None = ref("payment", default=None, nullable=True)
    # Whose it is alone; None: see `LedgerPersonShare`.
    patient_id: PatientId | None = ref("patient", index=False, default=None, nullable=True)
    text: str = ""
    happened_on: date  # the practice's local date of the charge or payment
    posted_on: date  # the practice's local date of its posting: statements go by it
    posted_at: datetime = moment()
    posted_by: str = ""


class LedgerPersonShare(AccountOwned, table=True):
    """A person's share of an entry that names nobody; set by ledger/person_shares.py only. `posted_on` is the entry's.

    What remains of the entry's amount belongs to nobody (credit).
    """

    __table_args__ = (
        UniqueConstraint("entry_id", "patient_id"),
        Index("ix_ledger_person_share_day", "account_id", "patient_id", "posted_on", "amount"),
    )
    audited: ClassVar[bool] = False
    id: str = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it
    entry_id: EntryId = ref("ledger_entry", index=False)  # another index begins with it
    patient_id: PatientId = ref("patient")
    posted_on: date
    amount: Money = money()


class PaymentMethod(AccountOwned, table=True):
    """A saved card or bank account; the card itself lives at the processor."""

    id: PaymentMethodId = key()
    processor_id: str = Field(unique=True)  # pm_…
    kind: str = "card"  # or "bank"
    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None
    name: str = ""
    is_default: bool = False
    created_at: datetime = moment()
    removed_at: datetime | None = moment(default=None, nullable=True)


class Payment(AccountOwned, table=True):
    """One payment, successful or not. Its id is the idempotency key; it is stored before the processor is asked."""

    __table_args__ = (
        Index("ix_payment_account_created", "account_id", "created_at"),
        Index("ix_payment_account_status", "account_id", "status", "settled_at"),
        Index("ix_payment_status_created", "status", "created_at"),
        # The few that are not posted yet, and the few with credit left, among thousands.
        _partial_index(
            "ix_payment_not_posted", "account_id", where="posted IS 0", postgresql="posted IS false"
        ),
        _partial_index("ix_payment_unused", "account_id", where="allocated < amount - refunded - lost"),
        Index("ix_payment_practice_key", "practice_key", unique=True),
    )
    id: PaymentId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    amount: Money = money()
    refunded: Money = money()  # by refunds that succeeded
    # Taken back by the payer's bank in lost disputes. Most places that make a payment leave it at zero.
    lost: Money = money(default_factory=_nothing)
    allocated: Money = money()  # the sum of its allocations, set by services.billing only
    status: PaymentStatus = code(PaymentStatus)
    method: Method = code(Method)
    origin: Origin = code(Origin)
    practice_key: str | None = None  # the practice's own key, of a payment that an import brought
    paid_by: str = ""  # principal.name of the person who pressed "Pay"
    payer_id: PatientId | None = ref("patient", default=None, nullable=True)
    # None: paid to the whole account, allocated oldest due first.
    invoice_id: InvoiceId | None = ref("invoice", default=None, nullable=True)
    payment_method_id: PaymentMethodId | None = ref("payment_method", default=None, nullable=True)
    paid_with: str = ""  # "Visa ending in 4242"
    save_payment_method: bool = False
    processor_intent_id: str | None = Field(default=None, unique=True)
    processor_charge_id: str = ""
    decline_code: str = ""
    # While in flight: the processor has confirmed that it is on its way (a bank debit), so it only lowers
    # what is payable. Until then it blocks its invoices.
    accepted_by_processor: bool = False
    receipt_number: str | None = Field(default=None, unique=True)
    receipt_to: str = ""  # the address it was sent to
    note: str = ""
    posted: bool = False
    created_at: datetime = moment()
    settled_at: datetime | None = moment(default=None, nullable=True)


class IntendedAllocation(AccountOwned, table=True):
    """What a payment is meant to pay of one invoice: held while it is in flight, allocated when it succeeds."""

    __table_args__ = (UniqueConstraint("payment_id", "invoice_id"),)
    audited: ClassVar[bool] = False
    id: str = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    payment_id: PaymentId = ref("payment", index=False)  # another index begins with it
    invoice_id: InvoiceId = ref("invoice")
    amount: Money = money()
    position: int = 0


class Allocation(AccountOwned, table=True):
    """The part of a received payment that pays one invoice. A refund lowers `amount`."""

    __table_args__ = (UniqueConstraint("payment_id", "invoice_id"),)
    id: str = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or is more selective
    payment_id: PaymentId = ref("payment", index=False)  # another index begins with it
    invoice_id: InvoiceId = ref("invoice")
    amount: Money = money()
    made_at: datetime = moment()
    position: int = 0
    # What was added (credit) or taken back since `made_at`, in order: [[moment, minor units, refund id or ""], …].
    changes: list[Any] = document(default_factory=list)


class Refund(AccountOwned, table=True):
    """A refund of a payment; its id is the processor's idempotency key."""

    id: RefundId = key()
    payment_id: PaymentId = ref("payment")
    amount: Money = money()
    status: RefundStatus = code(RefundStatus)
    void_charge: bool = False  # "Refund and void the charge": nothing is due again (REF-3)
    reason: str = ""
    asked_by: str = ""
    chosen: list[Any] = document(default_factory=list)  # invoices from which staff chose to take it
    # How much was taken from which invoice: [[invoice id, minor units], …], once it succeeded.
    taken_back: list[Any] = document(default_factory=list)
    processor_refund_id: str | None = Field(default=None, unique=True)
    created_at: datetime = moment()
    settled_at: datetime | None = moment(default=None, nullable=True)


class Dispute(AccountOwned, table=True):
    """A payment that the payer's bank disputes or has returned; set by services.billing.disputes only."""

    id: DisputeId = key()
    payment_id: PaymentId = ref("payment")
    processor_dispute_id: str = Field(unique=True)  # dp_…
    amount: Money = money()  # what the bank disputes
    fee: Money = money()  # what the card processor charges the practice for it
    reason: str = ""  # the processor's code
    status: DisputeStatus = code(DisputeStatus)
    effect: DisputeEffect = code(DisputeEffect)  # what is booked of it
    lost: Money = money()  # what is booked as taken back: never more than was left of the payment
    # How much was taken from which invoice when it was last lost: [[invoice id, minor units], …].
    taken_back: list[Any] = document(default_factory=list)
    evidence_due: datetime | None = moment(default=None, nullable=True)
    decision: str = ""  # what staff did after it was lost: a LossDecision
    created_at: datetime = moment()
    ended_at: datetime | None = moment(default=None, nullable=True)


class ReceivedWebhook(PortalOwned, table=True):
    """The inbox of signed webhooks: each event id once; events of unknown kinds are stored and ignored."""

    audited: ClassVar[bool] = False
    id: str = key()  # evt_…
    kind: str
    about: str = ""  # the object's id
    outcome: str = ""
    seen: int = 1
    received_at: datetime = moment()
    handled_at: datetime | None = moment(default=None, nullable=True)


class PostingExport(PortalOwned, table=True):
    """A ledger entry to be sent to the practice's own system: delivered once, its id is the idempotency key."""

    __table_args__ = (Index("ix_posting_export_waiting", "sent_at", "next_try_at"),)
    audited: ClassVar[bool] = False
    id: EntryId = Field(primary_key=True, sa_type=String, foreign_key="ledger_entry.id")
    created_at: datetime = moment()
    next_try_at: datetime | None = moment(default=None, nullable=True)
    tries: int = 0
    trouble: str = ""  # why the last try failed
    sent_at: datetime | None = moment(default=None, nullable=True)
