"""The words of money (DOMAIN.md, Money)."""

from enum import StrEnum

from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId


class InvoiceStatus(StrEnum):
    """*Overdue* is open or partly paid past its due date: derived, never stored."""

    DRAFT = "draft"
    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"


class EntryKind(StrEnum):
    CHARGE = "charge"
    PAYMENT = "payment"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"


class PaymentStatus(StrEnum):
    """Statuses only move forward."""

    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


IN_FLIGHT = frozenset({PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION})
RECEIVED = frozenset(
    {
        PaymentStatus.SUCCEEDED,
        PaymentStatus.PARTLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
    }
)
PAYABLE = frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID})


class RefundStatus(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Method(StrEnum):
    CARD = "card"
    BANK = "bank"
    CASH = "cash"
    CHECK = "check"
    TERMINAL = "terminal"
    OTHER = "other"


class Origin(StrEnum):
    PORTAL = "portal"
    EMBED = "embed"
    PAY_LINK = "pay_link"
    STAFF = "staff"
    AUTOPAY = "autopay"
    IMPORT = "import"


class DuplicatePaymentWarning(UserError):
    """The same amount, minutes after a succeeded one: nothing was charged; ask, then send `again=True`."""


class InvoiceHeld(UserError):
    """An attempt whose outcome is open holds the invoice (ALL-13); it may be continued or cancelled."""

    def __init__(self, payment_id: PaymentId, *, can_continue: bool) -> None:
        super().__init__("We are checking your last payment.")
        self.payment_id = payment_id
        self.can_continue = can_continue
