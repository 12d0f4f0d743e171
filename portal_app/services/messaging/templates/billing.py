"""About invoices, payments and cards. Amounts and dates, never what for."""

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice, PaymentSource
from portal_app.domain.billing.paying import payable
from portal_app.domain.billing.sources import last_day, shown
from portal_app.domain.billing.words import PAYABLE
from portal_app.domain.money import Money
from portal_app.services.billing.books import attempts_on
from portal_app.services.messaging.templates.types import Template, Values
from portal_app.speech import mark


def _invoice_is_current(tx: Tx, invoice_id: str) -> bool:
    """Something of it is still to pay, besides what payments on their way cover."""
    return tx.find(Invoice, invoice_id).status in PAYABLE and bool(_left(tx, invoice_id))


def _invoice_values(tx: Tx, invoice_id: str) -> Values:
    invoice = tx.find(Invoice, invoice_id)
    return {"number": invoice.number, "amount": _left(tx, invoice_id), "date": invoice.due_date}


def _left(tx: Tx, invoice_id: str) -> Money:
    invoice = tx.find(Invoice, invoice_id)
    in_flight = attempts_on(tx, [invoice.id]).get(invoice.id, ())
    return payable(invoice.due, (attempt.amount for attempt in in_flight))


def _card_is_current(tx: Tx, source_id: str) -> bool:
    """It is on file, and its last day is known."""
    card = tx.find(PaymentSource, source_id)
    return card.removed_at is None and last_day(card.exp_month, card.exp_year) is not None


def _card_values(tx: Tx, source_id: str) -> Values:
    card = tx.find(PaymentSource, source_id)
    return {
        "card": shown(card.brand, card.last4, card.kind),
        "date": last_day(card.exp_month, card.exp_year),
    }


BILLING: dict[str, Template] = {
    "invoice_issued": Template(
        subject=mark("A new invoice from {practice}"),
        body=mark(
            "There is a new invoice for you: number {number}, {amount}, due {date}.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=mark(
            "{practice}: you have a new invoice, {amount}, due {date}. See and pay it: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("amount",),
        name=mark("New invoice"),
        editable=True,
        digest_line=mark("New invoice {number}: {amount}, due {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "due_soon": Template(
        subject=mark("An invoice from {practice} is due soon"),
        body=mark(
            "Invoice {number} is due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=mark("{practice}: {amount} is due on {date}. See and pay it: {portal} Reply STOP to end texts."),
        needs=("amount",),
        name=mark("Due soon"),
        editable=True,
        digest_line=mark("Invoice {number}: {amount} is due on {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "overdue": Template(
        subject=mark("An invoice from {practice} is past due"),
        body=mark(
            "Invoice {number} was due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you cannot pay it all now, pay a part, or call us."
        ),
        sms=mark("{practice}: {amount} was due on {date}. See and pay it: {portal} Reply STOP to end texts."),
        needs=("amount",),
        name=mark("Past due"),
        editable=True,
        digest_line=mark("Invoice {number}: {amount} was due on {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "money_news": Template(
        subject=mark("News about your account at {practice}"),
        body=mark("{news}\n\nSee and pay your invoices in the portal: {portal}"),
        sms=mark(
            "{practice}: {count} notices about your account. See them in the portal: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("news",),
        name=mark("Several notices"),
        editable=True,
    ),
    "pay_link": Template(
        subject=mark("A bill from {practice}"),
        body=mark(
            "{amount} is to pay. See and pay it here, without signing in: {link}\n\n"
            "We ask for your date of birth. The link works until {date} and is for you alone."
        ),
        sms=mark("{practice}: {amount} is to pay. Pay it here: {link} Reply STOP to end texts."),
        needs=("link",),
        secret=True,
        name=mark("Pay link"),
        editable=True,
    ),
    "receipt": Template(
        subject=mark("Your receipt {number} from {practice}"),
        body=mark(
            "We received your payment of {amount} on {date}. Thank you.\n\n"
            "Your receipt number is {number}. The receipt is attached.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=mark("{practice}: we received your payment of {amount}. Receipt {number}. {portal}"),
        needs=("amount",),
        name=mark("Receipt"),
        editable=True,
    ),
    "payment_failed": Template(
        subject=mark("Your payment to {practice} did not go through"),
        body=mark(
            "Your payment of {amount} on {date} did not go through. You were not charged.\n\n"
            "Try again or use another card: {portal}"
        ),
        sms=mark("{practice}: your payment of {amount} did not go through. Try again: {portal}"),
        needs=("amount",),
        name=mark("Payment failed"),
        editable=True,
    ),
    "refund": Template(
        subject=mark("Your refund from {practice}"),
        body=mark(
            "We sent back {amount} on {date}. It can take up to 5 business days to reach you.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=mark("{practice}: we sent back {amount}. It can take up to 5 business days."),
        needs=("amount",),
        name=mark("Refund of a payment"),
        editable=True,
    ),
    "card_expiring": Template(
        subject=mark("Your card on file at {practice} expires soon"),
        body=mark(
            "{card} can be used until {date}.\n\nAdd your new card in the portal, so that payments go on: {portal}"
        ),
        sms=mark(
            "{practice}: your card on file expires on {date}. Add the new one: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("date",),
        name=mark("Card expires"),
        editable=True,
        digest_line=mark("{card} can be used until {date}"),
        is_still_current=_card_is_current,
        current_values=_card_values,
    ),
    "statement": Template(
        subject=mark("Your statement from {practice}"),
        body=mark(
            "Your statement from {first} to {last} is attached. "
            "The balance on the last day is {amount}.\n\n"
            "What each line is for is in the portal: {portal}"
        ),
        sms=mark("{practice}: your statement is ready in the portal: {portal}"),
        needs=("amount",),
    ),
}
