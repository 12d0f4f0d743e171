"""What the desk calls things, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.domain.errors import UserError
from portal_app.domain.money import Money
from portal_app.i18n import (
    gettext_noop,
    money_text,
    names_text,
    paid_with_text,
    short_date_text,
    time_text,
    translate,
)
from portal_app.services.billing.staff.patient_billing import BilledInvoice
from portal_app.services.billing.staff.transaction_rows import Transaction, TransactionKind
from portal_app.services.billing.staff.transactions import TransactionFilter
from portal_app.services.staff.tasks import who_can_allow
from portal_app.settings import settings
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
    Method.CASH: gettext_noop("Cash"),
    Method.CHECK: gettext_noop("Check"),
    Method.TERMINAL: gettext_noop("Card terminal"),
    Method.OTHER: gettext_noop("Other"),
}
_REFUNDS = {
    RefundStatus.PROCESSING: ("info", gettext_noop("On its way")),
    RefundStatus.SUCCEEDED: ("info", gettext_noop("Sent back")),
    RefundStatus.FAILED: ("late", gettext_noop("Refund failed")),
}
_INVOICES = {
    InvoiceStatus.DRAFT: ("quiet", gettext_noop("Draft")),
    InvoiceStatus.OPEN: ("due", gettext_noop("Open")),
    InvoiceStatus.PARTLY_PAID: ("due", gettext_noop("Partly paid")),
    InvoiceStatus.PAID: ("paid", gettext_noop("Paid")),
    InvoiceStatus.VOID: ("quiet", gettext_noop("Voided")),
    InvoiceStatus.WRITTEN_OFF: ("quiet", gettext_noop("Written off")),
}
_BOOKS = (
    ("Charge voided", gettext_noop("Charge voided")),
    (" voided", gettext_noop("Voided")),
    (" written off", gettext_noop("Written off")),
    ("Refund that came back", gettext_noop("Refund that came back")),
    ("Amount corrected to what was received", gettext_noop("Amount corrected to what was received")),
    ("Payment that was never charged", gettext_noop("Payment that was never charged")),
)
_MAY = {
    Permission.REFUND: gettext_noop("You may not refund. {who} can allow it."),
    Permission.POST_TO_LEDGER: gettext_noop("You may not post or write off. {who} can allow it."),
    Permission.TAKE_PAYMENTS: gettext_noop("You may not take payments. {who} can allow it."),
    Permission.EXPORT: gettext_noop("You may not export. {who} can allow it."),
}


async def not_allowed(language: str, principal: Principal, permission: Permission) -> str:
    """Who can grant what is missing; "" when nothing is."""
    if principal.may(permission):
        return ""
    names = await in_thread(who_can_allow, principal)
    who = (
        names_text(language, names) if names else translate(language, gettext_noop("An owner of the portal"))
    )
    return translate(language, _MAY[permission], who=who)


def shown_with(language: str, method: Method | None, shown: str) -> str:
    """ "Visa ending in 4242", or how it was paid at the desk."""
    desk = (Method.CASH, Method.CHECK, Method.TERMINAL, Method.OTHER)
    if method and method in desk and shown in ("", method.value.title()):
        return translate(language, METHODS[method])
    return (
        paid_with_text(language, shown) if shown else (translate(language, METHODS[method]) if method else "")
    )


def entry_text(language: str, text: str) -> str:
    """What the books say of an adjustment; the bill's number stands beside it."""
    for written, msgid in _BOOKS:
        if text.startswith(written) or text.endswith(written):
            return translate(language, msgid)
    return text


def transaction_status(language: str, row: Transaction) -> tuple[str, str, str]:
    """Tone, word, and what there is to add."""
    if isinstance(row.status, RefundStatus):
        tone, msgid = _REFUNDS[row.status]
        return tone, translate(language, msgid), ""
    if row.status is None:
        return "quiet", translate(language, gettext_noop("Posted")), ""
    tone, word = payment_status(language, row.status)
    if row.status is PaymentStatus.FAILED:
        return tone, word, short_decline(language, row.decline_code)
    if row.can_post:
        return tone, word, translate(language, "To be posted")
    if row.refunded:
        return tone, word, money_text(language, row.refunded)
    return tone, word, ""


def refund_status(language: str, status: RefundStatus) -> tuple[str, str]:
    tone, msgid = _REFUNDS[status]
    return tone, translate(language, msgid)


def billed_status(language: str, row: BilledInvoice) -> tuple[str, str]:
    if row.overdue:
        return "late", translate(language, gettext_noop("Overdue"))
    tone, msgid = _INVOICES[row.status]
    return tone, translate(language, msgid)


def short_moment(language: str, moment: datetime) -> tuple[str, str]:
    """Day and time, apart: in a table they stand one above the other."""
    return short_date_text(language, clock.local_date(moment)), time_text(language, moment)


def typed_money(form: Mapping[str, str], name: str = "amount") -> Money:
    """What was typed: "25", "25.50" and "$25.50"."""
    text = form.get(name, "").strip().removeprefix("$").strip()
    return Money.parse(text, settings().currency)


def typed_day(form: Mapping[str, str], name: str) -> date | None:
    text = form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError("That is not a date. Check the month, day and year") from None


def typed_reason(form: Mapping[str, str]) -> str:
    reason = " ".join(form.get("reason", "").split())
    if len(reason) < 3:
        raise UserError("Say why, in a few words.")
    return reason[:300]


def plain_amount(amount: Money) -> str:
    """As one would type it."""
    return f"{amount.minor // 100}.{amount.minor % 100:02d}"
