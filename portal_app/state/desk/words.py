"""What the desk calls things, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.words import InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.domain.errors import Refused
from portal_app.domain.money import Money
from portal_app.services.billing.persons import BilledInvoice
from portal_app.services.billing.transaction_rows import Kind, Transaction
from portal_app.services.billing.transactions import State
from portal_app.services.staff_tasks import who_can_allow
from portal_app.settings import settings
from portal_app.speech import mark, money_text, names_text, paid_with_text, say, short_date_text, time_text
from portal_app.state.base import in_thread
from portal_app.state.billing.words import payment_status, short_decline

KINDS = {
    Kind.PAYMENT: mark("Payment"),
    Kind.REFUND: mark("Refund of payment"),
    Kind.CHARGE: mark("Charge"),
    Kind.ADJUSTMENT: mark("Adjustment"),
}
STATES = {
    State.RECEIVED: mark("Received"),
    State.TO_POST: mark("To be posted"),
    State.ON_ITS_WAY: mark("On its way"),
    State.FAILED: mark("Declined"),
    State.REFUNDED: mark("Refunded"),
    State.DISPUTED: mark("Disputed"),
}
METHODS = {
    Method.CARD: mark("Card"),
    Method.BANK: mark("Bank account"),
    Method.CASH: mark("Cash"),
    Method.CHECK: mark("Check"),
    Method.TERMINAL: mark("Card terminal"),
    Method.OTHER: mark("Other"),
}
_REFUNDS = {
    RefundStatus.PROCESSING: ("info", mark("On its way")),
    RefundStatus.SUCCEEDED: ("info", mark("Sent back")),
    RefundStatus.FAILED: ("late", mark("Refund failed")),
}
_INVOICES = {
    InvoiceStatus.DRAFT: ("quiet", mark("Draft")),
    InvoiceStatus.OPEN: ("due", mark("Open")),
    InvoiceStatus.PARTLY_PAID: ("due", mark("Partly paid")),
    InvoiceStatus.PAID: ("paid", mark("Paid")),
    InvoiceStatus.VOID: ("quiet", mark("Voided")),
    InvoiceStatus.WRITTEN_OFF: ("quiet", mark("Written off")),
}
_BOOKS = (
    ("Charge voided", mark("Charge voided")),
    (" voided", mark("Voided")),
    (" written off", mark("Written off")),
    ("Refund that came back", mark("Refund that came back")),
    ("Amount corrected to what was received", mark("Amount corrected to what was received")),
    ("Payment that was never charged", mark("Payment that was never charged")),
)
_MAY = {
    Permission.REFUND: mark("You may not refund. {who} can allow it."),
    Permission.POST_TO_LEDGER: mark("You may not post or write off. {who} can allow it."),
    Permission.TAKE_PAYMENTS: mark("You may not take payments. {who} can allow it."),
    Permission.EXPORT: mark("You may not export. {who} can allow it."),
}


async def not_allowed(language: str, principal: Principal, permission: Permission) -> str:
    """Who can grant what is missing; "" when nothing is."""
    if principal.may(permission):
        return ""
    names = await in_thread(who_can_allow, principal)
    who = names_text(language, names) if names else say(language, mark("An owner of the portal"))
    return say(language, _MAY[permission], who=who)


def shown_with(language: str, method: Method | None, shown: str) -> str:
    """ "Visa ending in 4242", or how it was paid at the desk."""
    desk = (Method.CASH, Method.CHECK, Method.TERMINAL, Method.OTHER)
    if method and method in desk and shown in ("", method.value.title()):
        return say(language, METHODS[method])
    return paid_with_text(language, shown) if shown else (say(language, METHODS[method]) if method else "")


def entry_text(language: str, text: str) -> str:
    """What the books say of an adjustment; the bill's number stands beside it."""
    for written, msgid in _BOOKS:
        if text.startswith(written) or text.endswith(written):
            return say(language, msgid)
    return text


def transaction_status(language: str, row: Transaction) -> tuple[str, str, str]:
    """Tone, word, and what there is to add."""
    if isinstance(row.status, RefundStatus):
        tone, msgid = _REFUNDS[row.status]
        return tone, say(language, msgid), ""
    if row.status is None:
        return "quiet", say(language, mark("Posted")), ""
    tone, word = payment_status(language, row.status)
    if row.status is PaymentStatus.FAILED:
        return tone, word, short_decline(language, row.decline_code)
    if row.can_post:
        return tone, word, say(language, "To be posted")
    if row.refunded:
        return tone, word, money_text(language, row.refunded)
    return tone, word, ""


def refund_status(language: str, status: RefundStatus) -> tuple[str, str]:
    tone, msgid = _REFUNDS[status]
    return tone, say(language, msgid)


def billed_status(language: str, row: BilledInvoice) -> tuple[str, str]:
    if row.overdue:
        return "late", say(language, mark("Overdue"))
    tone, msgid = _INVOICES[row.status]
    return tone, say(language, msgid)


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
        raise Refused("That is not a date. Check the month, day and year") from None


def typed_reason(form: Mapping[str, str]) -> str:
    reason = " ".join(form.get("reason", "").split())
    if len(reason) < 3:
        raise Refused("Say why, in a few words.")
    return reason[:300]


def plain_amount(amount: Money) -> str:
    """As one would type it."""
    return f"{amount.minor // 100}.{amount.minor % 100:02d}"
