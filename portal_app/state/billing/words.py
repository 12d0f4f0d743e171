"""What money's states are called, in the reader's language."""

from datetime import date

from portal_app.domain.billing import InvoiceStatus, PaymentStatus
from portal_app.services.billing.views import InvoiceRow, InvoiceView, SourceView
from portal_app.speech import date_text, mark, month_text, names_text, plural, say

CALL_BANK = mark("Your bank declined the card. Use another card, or call the number on its back.")
_DECLINES = {
    "insufficient_funds": mark(
        "There is not enough money on this card. Try another card or a smaller amount."
    ),
    "expired_card": mark("This card has expired. Use another card."),
    "incorrect_cvc": mark("The security code is not right. Check the card and try again."),
    "incorrect_number": mark("The card number is not right. Check the card and try again."),
    "incorrect_zip": mark("The ZIP code does not match the card. Check it and try again."),
    "card_velocity_exceeded": mark(
        "This payment is over the card’s limit. Use another card, or call your bank."
    ),
    "authentication_required": mark(
        "Your bank could not confirm that it was you. Try again, or use another card."
    ),
    "processing_error": mark("The bank did not answer as it should. Try again in a few minutes."),
    "card_not_supported": mark("This card cannot be used here. Use another card."),
}
_SHORT = {
    "insufficient_funds": mark("Not enough money"),
    "expired_card": mark("Card expired"),
    "incorrect_cvc": mark("Wrong security code"),
    "incorrect_number": mark("Wrong card number"),
    "incorrect_zip": mark("Wrong ZIP code"),
    "card_velocity_exceeded": mark("Over the card’s limit"),
    "authentication_required": mark("Not confirmed by the payer"),
    "processing_error": mark("The bank had trouble"),
    "card_not_supported": mark("Card not supported"),
}
_SAME_AS = {
    "invalid_cvc": "incorrect_cvc",
    "invalid_number": "incorrect_number",
    "incorrect_address": "incorrect_zip",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "withdrawal_count_limit_exceeded": "card_velocity_exceeded",
    "payment_intent_authentication_failure": "authentication_required",
    "authentication_not_handled": "authentication_required",
    "issuer_not_available": "processing_error",
    "try_again_later": "processing_error",
    "reenter_transaction": "processing_error",
    "currency_not_supported": "card_not_supported",
    "transaction_not_allowed": "card_not_supported",
}
_PAYMENTS = {
    PaymentStatus.PROCESSING: ("info", mark("On its way")),
    PaymentStatus.REQUIRES_ACTION: ("due", mark("Waiting for the bank")),
    PaymentStatus.SUCCEEDED: ("paid", mark("Received")),
    PaymentStatus.FAILED: ("late", mark("Declined")),
    PaymentStatus.CANCELLED: ("quiet", mark("Not completed")),
    PaymentStatus.PARTLY_REFUNDED: ("info", mark("Partly refunded")),
    PaymentStatus.REFUNDED: ("info", mark("Refunded")),
    PaymentStatus.DISPUTED: ("late", mark("Disputed")),
}


def why_declined(language: str, code: str) -> str:
    """By the bank's code; what it says of lost and stolen cards is not for the page."""
    msgid = _DECLINES.get(_SAME_AS.get(code, code), CALL_BANK)
    return say(language, msgid) + " " + say(language, "Nothing was charged.")


def invoice_status(language: str, row: InvoiceRow | InvoiceView) -> tuple[str, str]:
    """Tone and words: "Due December 5", "Was due October 2", "Paid"."""
    return bill_status(language, row.status, row.due_date, row.overdue)


def bill_status(language: str, status: InvoiceStatus, due_date: date, overdue: bool) -> tuple[str, str]:
    if status is InvoiceStatus.PAID:
        return "paid", say(language, "Paid")
    if status is InvoiceStatus.VOID:
        return "quiet", say(language, "Cancelled")
    if status is InvoiceStatus.WRITTEN_OFF:
        return "quiet", say(language, "Nothing to pay")
    return due_status(language, due_date, overdue=overdue)


def due_status(language: str, day: date, *, overdue: bool) -> tuple[str, str]:
    """ "Due December 5", "Was due October 2"."""
    if overdue:
        return "late", say(language, "Was due {day}", day=day)
    return "due", say(language, "Due {day}", day=day)


def payment_status(language: str, status: PaymentStatus) -> tuple[str, str]:
    tone, msgid = _PAYMENTS[status]
    return tone, say(language, msgid)


def invoice_title(language: str, title: str, more_lines: int = 0) -> str:
    """The first line's words; what one may not read is "Services" (DEP-4)."""
    if not title:
        return say(language, "Services")
    if not more_lines:
        return title
    more = plural(language, "{n} more", "{n} more", more_lines)
    return f"{title} + {more}"


def for_whom(language: str, people: tuple[str, ...]) -> str:
    return say(language, "For {people}", people=names_text(language, people)) if people else ""


def invoice_about(language: str, row: InvoiceRow) -> str:
    """ "November 3 · For Eva"."""
    parts = (date_text(language, row.issue_date), for_whom(language, row.people))
    return " · ".join(part for part in parts if part)


def source_note(language: str, source: SourceView) -> str:
    """When a card runs out, before it surprises anybody."""
    if not (source.exp_month and source.exp_year):
        return source.name
    month = month_text(language, source.exp_month, source.exp_year)
    if source.expired:
        return say(language, "Expired {month}", month=month)
    if source.expiring:
        return say(language, "Expires soon: {month}", month=month)
    said = say(language, "Expires {month}", month=month)
    return f"{source.name} · {said}" if source.name else said


def short_decline(language: str, code: str) -> str:
    """For the desk, in a few words."""
    return say(language, _SHORT.get(_SAME_AS.get(code, code), mark("Declined by the bank")))
