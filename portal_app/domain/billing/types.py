"""Statuses and kinds of invoices, payments, refunds and ledger entries (DOMAIN.md, Money)."""

from enum import StrEnum


class InvoiceStatus(StrEnum):
    """The stored status of an invoice. *Overdue* is derived from the due date, never stored."""

    DRAFT = "draft"
    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"


class EntryKind(StrEnum):
    """What a ledger entry records."""

    CHARGE = "charge"
    PAYMENT = "payment"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"


class PaymentStatus(StrEnum):
    """The status of a payment. It only moves forward: nothing that has ended is opened again."""

    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"  # the payer's bank holds it; no refund, nothing is due again yet
    LOST = "lost"  # the payer's bank took it back, or a part of it


IN_FLIGHT = frozenset({PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION})
RECEIVED = frozenset(
    {
        PaymentStatus.SUCCEEDED,
        PaymentStatus.PARTLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
        PaymentStatus.LOST,
    }
)
PAYABLE = frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID})


class RefundStatus(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Method(StrEnum):
    """How a payment was made."""

    CARD = "card"
    BANK = "bank"
    WALLET = "wallet"  # Link, Cash App Pay, …: neither a card nor a bank account
    CASH = "cash"
    CHECK = "check"
    TERMINAL = "terminal"
    OTHER = "other"


class Origin(StrEnum):
    """Where a payment was started."""

    PORTAL = "portal"
    EMBED = "embed"
    PAY_LINK = "pay_link"
    STAFF = "staff"
    AUTOPAY = "autopay"
    IMPORT = "import"
