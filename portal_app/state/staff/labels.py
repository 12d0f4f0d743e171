"""Names and statuses of billing as staff read them, in the language of the page."""

from datetime import datetime
from typing import NamedTuple

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.i18n import (
    gettext_noop,
    money_text,
    names_text,
    paid_with_text,
    short_date_text,
    time_text,
    translate,
)
from portal_app.services.billing.ledger.entries import LOST_TEXT, REINSTATED_TEXT
from portal_app.services.billing.staff.transaction_rows import Transaction, TransactionKind
from portal_app.services.billing.staff.transactions import TransactionFilter
from portal_app.services.staff.tasks import who_can_allow
from portal_app.state.base import in_thread
from portal_app.state.billing.labels import payment_status, short_decline

KINDS = {
    TransactionKind.PAYMENT: gettext_noop("Payment"),
    TransactionKind.REFUND: gettext_noop("Refund of payment"),
    TransactionKind.CHARGE: gettext_noop("Charge"),
    TransactionKind.ADJUSTMENT: gettext_noop("Adjustment"),
}
STATES = {
    TransactionFilter.RECEIVED: gettext_noop("Received"),
    TransactionFilter.TO_POST: gettext_noop("To be posted"),
    TransactionFilter.ON_ITS_WAY: gettext_noop("On its way"),
    TransactionFilter.FAILED: gettext_noop("Declined"),
    TransactionFilter.REFUNDED: gettext_noop("Refunded"),
    TransactionFilter.DISPUTED: gettext_noop("Disputed"),
}
METHODS = {
    Method.CARD: gettext_noop("Card"),
    Method.BANK: gettext_noop("Bank account"),
    Method.WALLET: gettext_noop("Online wallet"),
    Method.CASH: gettext_noop("Cash"),
    Method.CHECK: gettext_noop("Check"),
    Method.TERMINAL: gettext_noop("Card terminal"),
    Method.OTHER: gettext_noop("Other"),
}
_RECORDED_BY_STAFF = frozenset({Method.CASH, Method.CHECK, Method.TERMINAL, Method.OTHER})
# Status → tone and word.
_REFUND_STATUSES = {
    RefundStatus.PROCESSING: ("info", gettext_noop("On its way")),
    RefundStatus.SUCCEEDED: ("info", gettext_noop("Sent back")),
    RefundStatus.FAILED: ("late", gettext_noop("Refund failed")),
}
_INVOICE_STATUSES = {
    InvoiceStatus.DRAFT: ("quiet", gettext_noop("Draft")),
    InvoiceStatus.OPEN: ("due", gettext_noop("Open")),
    InvoiceStatus.PARTLY_PAID: ("due", gettext_noop("Partly paid")),
    InvoiceStatus.PAID: ("paid", gettext_noop("Paid")),
    InvoiceStatus.VOID: ("quiet", gettext_noop("Voided")),
    InvoiceStatus.WRITTEN_OFF: ("quiet", gettext_noop("Written off")),
}
# Beginning or end of the English text of a ledger entry → what is shown for it.
_ADJUSTMENTS = (
    ("Charge voided", gettext_noop("Charge voided")),
    (" voided", gettext_noop("Voided")),
    (" written off", gettext_noop("Written off")),
    ("Refund that came back", gettext_noop("Refund that came back")),
    ("Amount corrected to what was received", gettext_noop("Amount corrected to what was received")),
    ("Payment that was never charged", gettext_noop("Payment that was never charged")),
    (LOST_TEXT, gettext_noop("Payment taken back by the bank")),
    (REINSTATED_TEXT, gettext_noop("Payment given back by the bank")),
)
_MISSING_PERMISSION = {
    Permission.REFUND: gettext_noop("You may not refund. {who} can allow it."),
    Permission.POST_TO_LEDGER: gettext_noop("You may not post or write off. {who} can allow it."),
    Permission.TAKE_PAYMENTS: gettext_noop("You may not take payments. {who} can allow it."),
    Permission.MANAGE_PLANS: gettext_noop("You may not change plans and memberships. {who} can allow it."),
    Permission.EXPORT: gettext_noop("You may not export. {who} can allow it."),
}


class Status(NamedTuple):
    """A status as it is shown: colour and shape, and the word."""

    tone: str
    word: str


class TransactionStatus(NamedTuple):
    """A status with what there is to add: why it was declined, what was refunded; "" for nothing."""

    tone: str
    word: str
    detail: str = ""


class DayAndTime(NamedTuple):
    """A moment in two pieces: in a table they stand one above the other."""

    day: str
    time: str


async def missing_permission_text(language: str, principal: Principal, permission: Permission) -> str:
    """Says that the permission is missing and who can grant it; "" when the principal has it."""
    if principal.may(permission):
        return ""
    names = await in_thread(who_can_allow, principal)
    who = (
        names_text(language, names) if names else translate(language, gettext_noop("An owner of the portal"))
    )
    return translate(language, _MISSING_PERMISSION[permission], who=who)


def payment_method_text(language: str, method: Method | None, label: str) -> str:
    """How a payment was made: "Visa ending in 4242", or "Check" when staff recorded it without a number.

    Args:
        label: as the payment keeps it, in English.
    """
    name = translate(language, METHODS[method]) if method else ""
    if method and method in _RECORDED_BY_STAFF and label in ("", method.value.title()):
        return name
    return paid_with_text(language, label) if label else name


def adjustment_text(language: str, text: str) -> str:
    """The text of an adjustment's ledger entry, without the invoice number that stands beside it."""
    for written, msgid in _ADJUSTMENTS:
        if text.startswith(written) or text.endswith(written):
            return translate(language, msgid)
    return text


def transaction_status(language: str, row: Transaction) -> TransactionStatus:
    if isinstance(row.status, RefundStatus):
        return TransactionStatus(*refund_status(language, row.status))
    if row.status is None:
        return TransactionStatus("quiet", translate(language, gettext_noop("Posted")))
    tone, word = payment_status(language, row.status)
    detail = ""
    if row.status is PaymentStatus.FAILED:
        detail = short_decline(language, row.decline_code)
    elif row.can_post:
        detail = translate(language, "To be posted")
    elif row.refunded:
        detail = money_text(language, row.refunded)
    return TransactionStatus(tone, word, detail)


def refund_status(language: str, status: RefundStatus) -> Status:
    tone, msgid = _REFUND_STATUSES[status]
    return Status(tone, translate(language, msgid))


def invoice_status(language: str, status: InvoiceStatus, *, overdue: bool) -> Status:
    if overdue:
        return Status("late", translate(language, gettext_noop("Overdue")))
    tone, msgid = _INVOICE_STATUSES[status]
    return Status(tone, translate(language, msgid))


def short_day_and_time(language: str, moment: datetime) -> DayAndTime:
    """In the practice's time zone."""
    return DayAndTime(short_date_text(language, clock.local_date(moment)), time_text(language, moment))
