"""Labels of invoices, payments and payment methods, in the reader's language."""

from datetime import date
from functools import lru_cache

from portal_app.clock import today
from portal_app.domain.billing.declines import decline_texts
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.i18n import date_text, gettext_noop, month_text, names_text, plural, translate
from portal_app.services.billing.views import InvoiceRow, InvoiceView, PaymentMethodView

_PAYMENTS = {
    PaymentStatus.PROCESSING: ("info", gettext_noop("On its way")),
    PaymentStatus.REQUIRES_ACTION: ("due", gettext_noop("Waiting for the bank")),
    PaymentStatus.SUCCEEDED: ("paid", gettext_noop("Received")),
    PaymentStatus.FAILED: ("late", gettext_noop("Declined")),
    PaymentStatus.CANCELLED: ("quiet", gettext_noop("Not completed")),
    PaymentStatus.PARTLY_REFUNDED: ("info", gettext_noop("Partly refunded")),
    PaymentStatus.REFUNDED: ("info", gettext_noop("Refunded")),
    PaymentStatus.DISPUTED: ("late", gettext_noop("Disputed")),
    PaymentStatus.LOST: ("late", gettext_noop("Taken back by the bank")),
}


def why_declined(language: str, code: str) -> str:
    """Why a card was declined, by the bank's code. That a card is reported lost or stolen is not told to the payer."""
    return (
        translate(language, decline_texts(code).for_payer) + " " + translate(language, "Nothing was charged.")
    )


def invoice_status(language: str, row: InvoiceRow | InvoiceView, year: int = 0) -> tuple[str, str]:
    """Tone and text of an invoice: "Due December 5", "Was due October 2", "Paid". `year`: this year, if known."""
    return status_of_invoice(language, row.status, row.due_date, row.overdue, year)


def status_of_invoice(
    language: str, status: InvoiceStatus, due_date: date, overdue: bool, year: int = 0
) -> tuple[str, str]:
    """The same, for those who have no row of the invoice."""
    if status is InvoiceStatus.PAID:
        return "paid", translate(language, "Paid")
    if status is InvoiceStatus.VOID:
        return "quiet", translate(language, "Cancelled")
    if status is InvoiceStatus.WRITTEN_OFF:
        return "quiet", translate(language, "Nothing to pay")
    return due_status(language, due_date, overdue=overdue, year=year)


def due_status(language: str, day: date, *, overdue: bool, year: int = 0) -> tuple[str, str]:
    """Tone and text of what is not paid: "Due December 5", "Was due October 2"."""
    return _due_words(language, day, overdue, year or today().year)


# A list has the same days again and again. The year is part of the key because it changes the text.
@lru_cache(maxsize=8192)
def _due_words(language: str, day: date, overdue: bool, _year: int) -> tuple[str, str]:
    if overdue:
        return "late", translate(language, "Was due {day}", day=day)
    return "due", translate(language, "Due {day}", day=day)


def payment_status(language: str, status: PaymentStatus) -> tuple[str, str]:
    """Tone and text of a payment: "Received", "Declined"."""
    tone, msgid = _PAYMENTS[status]
    return tone, translate(language, msgid)


def invoice_title(language: str, title: str, more_lines: int = 0) -> str:
    """The first line's description; "Services" where the viewer may not read it (DEP-4)."""
    if not title:
        return translate(language, "Services")
    if not more_lines:
        return title
    more = plural(language, "{n} more", "{n} more", more_lines)
    return f"{title} + {more}"


def for_whom(language: str, people: tuple[str, ...]) -> str:
    """ "For Eva and Ben"; "" for nobody."""
    return translate(language, "For {people}", people=names_text(language, people)) if people else ""


def invoice_about(language: str, row: InvoiceRow, year: int = 0) -> str:
    """The day and the people of an invoice: "November 3 · For Eva"."""
    return _about(language, row.issue_date, row.people, year or today().year)


@lru_cache(maxsize=8192)
def _about(language: str, day: date, people: tuple[str, ...], _year: int) -> str:
    parts = (date_text(language, day), for_whom(language, people))
    return " · ".join(part for part in parts if part)


def payment_method_note(language: str, method: PaymentMethodView) -> str:
    """The name that the payer gave it, and when the card expires: "Blue card · Expires March 2027"."""
    if not (method.exp_month and method.exp_year):
        return method.name
    month = month_text(language, method.exp_month, method.exp_year)
    if method.expired:
        return translate(language, "Expired {month}", month=month)
    if method.expiring:
        return translate(language, "Expires soon: {month}", month=month)
    expires = translate(language, "Expires {month}", month=month)
    return f"{method.name} · {expires}" if method.name else expires


def short_decline(language: str, code: str) -> str:
    """Why a card was declined, in a few words, for staff."""
    return translate(language, decline_texts(code).for_staff)
