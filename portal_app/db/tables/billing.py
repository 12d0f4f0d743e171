"""Money: accounts, invoices, ledger, payments. Every row says whose account it is."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, String, text
from sqlmodel import Field, UniqueConstraint

from portal_app.db.owned import AccountOwned, Owned, PortalOwned
from portal_app.db.types import code, document, key, moment, money, ref
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
    EntryId,
    InvoiceId,
    LineId,
    PatientId,
    PaymentId,
    PaymentMethodId,
    RefundId,
)
from portal_app.domain.money import Money


def _few(name: str, *columns: str, where: str, postgresql: str = "") -> Index:
    """An index of those rows alone for which this holds; a question repeats it word for word."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(postgresql or where))


class Account(Owned, table=True):
    """A guarantor's running account with the practice."""

    owner: ClassVar[str] = "id"
    access_list: ClassVar[str] = "accounts"
    id: AccountId = key()
    # No foreign key: patient.account_id has one the other way, and rows are poured in that order.
    guarantor_id: PatientId = Field(index=True, sa_type=String)
    processor_customer_id: str = ""
    created_at: datetime = moment()


class Invoice(AccountOwned, table=True):
    """`due` = total + adjusted − allocated, never below zero; kept by services.billing alone."""

    __table_args__ = (
        # `status` and `amount` at the end of an index: counted and added without a look at the rows.
        Index("ix_invoice_account_issued", "account_id", "issue_date", "number", "status"),
        Index("ix_invoice_account_status", "account_id", "status", "issue_date", "number"),
        _few(
            "ix_invoice_open", "account_id", "issue_date", "number", where="status IN ('open', 'partly_paid')"
        ),
        Index("ix_invoice_status_due", "status", "due_date"),
    )
    id: InvoiceId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
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
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
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
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
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
    """A person's share of an entry that names nobody; kept by services.billing.shares alone, `posted_on` is the entry's.

    What is left of the entry's amount is nobody's (credit).
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
    """One attempt to pay; its id is the processor's idempotency key, written before it hears of it."""

    __table_args__ = (
        Index("ix_payment_account_created", "account_id", "created_at"),
        Index("ix_payment_account_status", "account_id", "status", "settled_at"),
        Index("ix_payment_status_created", "status", "created_at"),
        # The few that wait for the ledger, and the few with credit left, among thousands that do not.
        _few("ix_payment_not_posted", "account_id", where="posted IS 0", postgresql="posted IS false"),
        _few("ix_payment_unused", "account_id", where="allocated < amount - refunded"),
    )
    id: PaymentId = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
    amount: Money = money()
    refunded: Money = money()  # part of it that succeeded refunds gave back
    allocated: Money = money()  # what its allocations pay, kept by services.billing alone
    status: PaymentStatus = code(PaymentStatus)
    method: Method = code(Method)
    origin: Origin = code(Origin)
    paid_by: str = ""  # principal.name of whoever pressed
    payer_id: PatientId | None = ref("patient", default=None, nullable=True)
    # None: an attempt on the whole account, allocated oldest due first.
    invoice_id: InvoiceId | None = ref("invoice", default=None, nullable=True)
    payment_method_id: PaymentMethodId | None = ref("payment_method", default=None, nullable=True)
    paid_with: str = ""  # "Visa ending in 4242"
    save_payment_method: bool = False
    processor_intent_id: str | None = Field(default=None, unique=True)
    processor_charge_id: str = ""
    decline_code: str = ""
    # In flight only: the processor told us that it is on its way (a bank debit), so it only lowers
    # what is payable; not known, it holds the invoice.
    accepted_by_processor: bool = False
    receipt_number: str | None = Field(default=None, unique=True)
    receipt_to: str = ""  # the address it was sent to
    note: str = ""
    posted: bool = False
    created_at: datetime = moment()
    settled_at: datetime | None = moment(default=None, nullable=True)


class IntendedAllocation(AccountOwned, table=True):
    """What an attempt means to pay of one invoice: held while it is in flight, allocated when it succeeds."""

    __table_args__ = (UniqueConstraint("payment_id", "invoice_id"),)
    audited: ClassVar[bool] = False
    id: str = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
    payment_id: PaymentId = ref("payment")
    invoice_id: InvoiceId = ref("invoice")
    amount: Money = money()
    position: int = 0


class Allocation(AccountOwned, table=True):
    """The part of a succeeded payment that pays one invoice. A refund takes it back: `amount` falls."""

    __table_args__ = (UniqueConstraint("payment_id", "invoice_id"),)
    id: str = key()
    account_id: AccountId = ref("account", index=False)  # another index begins with it, or leads closer
    payment_id: PaymentId = ref("payment")
    invoice_id: InvoiceId = ref("invoice")
    amount: Money = money()
    made_at: datetime = moment()
    position: int = 0
    # What came to it (credit) or was taken since `made_at`, in order: [[moment, minor units, refund id or ""], …].
    changes: list[Any] = document(default_factory=list)


class Refund(AccountOwned, table=True):
    id: RefundId = key()
    payment_id: PaymentId = ref("payment")
    amount: Money = money()
    status: RefundStatus = code(RefundStatus)
    void_charge: bool = False  # "refund and void the charge": nothing is due again
    reason: str = ""
    asked_by: str = ""
    chosen: list[Any] = document(default_factory=list)  # invoices that staff chose to take it from
    # Which invoices gave back how much: [[invoice id, minor units], …] once taken back.
    taken_back: list[Any] = document(default_factory=list)
    processor_refund_id: str | None = Field(default=None, unique=True)
    created_at: datetime = moment()
    settled_at: datetime | None = moment(default=None, nullable=True)


class ReceivedWebhook(PortalOwned, table=True):
    """The inbox of signed webhooks: each id once, unknown kinds kept and skipped."""

    audited: ClassVar[bool] = False
    id: str = key()  # evt_…
    kind: str
    about: str = ""  # the object's id
    outcome: str = ""
    seen: int = 1
    received_at: datetime = moment()
    handled_at: datetime | None = moment(default=None, nullable=True)


class PostingExport(PortalOwned, table=True):
    """A ledger entry that the practice's own system has to hear of: delivered once, its id is the key."""

    __table_args__ = (Index("ix_posting_export_waiting", "sent_at", "next_try_at"),)
    audited: ClassVar[bool] = False
    id: EntryId = Field(primary_key=True, sa_type=String, foreign_key="ledger_entry.id")
    created_at: datetime = moment()
    next_try_at: datetime | None = moment(default=None, nullable=True)
    tries: int = 0
    trouble: str = ""  # why the last try failed
    sent_at: datetime | None = moment(default=None, nullable=True)
