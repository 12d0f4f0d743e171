"""About invoices, payments and cards. Amounts and dates, never what for."""

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.domain.billing.payment_methods import display_name, last_valid_day
from portal_app.domain.billing.payments import payable_amount
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.money import Money
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.messaging.templates.types import Template, Values


def _invoice_is_current(tx: Tx, invoice_id: str) -> bool:
    """Something of it is still to pay, besides what payments on their way cover."""
    return tx.get_or_404(Invoice, invoice_id).status in PAYABLE and bool(_left(tx, invoice_id))


def _invoice_values(tx: Tx, invoice_id: str) -> Values:
    invoice = tx.get_or_404(Invoice, invoice_id)
    return {"number": invoice.number, "amount": _left(tx, invoice_id), "date": invoice.due_date}


def _left(tx: Tx, invoice_id: str) -> Money:
    invoice = tx.get_or_404(Invoice, invoice_id)
    in_flight = in_flight_payments(tx, [invoice.id]).get(invoice.id, ())
    return payable_amount(invoice.due, (attempt.amount for attempt in in_flight))


def _card_is_current(tx: Tx, payment_method_id: str) -> bool:
    """It is on file, and its last day is known."""
    card = tx.get_or_404(PaymentMethod, payment_method_id)
    return card.removed_at is None and last_valid_day(card.exp_month, card.exp_year) is not None


def _card_values(tx: Tx, payment_method_id: str) -> Values:
    card = tx.get_or_404(PaymentMethod, payment_method_id)
    return {
        "card": display_name(card.brand, card.last4, card.kind),
        "date": last_valid_day(card.exp_month, card.exp_year),
    }


BILLING: dict[str, Template] = {
    "invoice_issued": Template(
        subject=gettext_noop("A new invoice from {practice}"),
        body=gettext_noop(
            "There is a new invoice for you: number {number}, {amount}, due {date}.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: you have a new invoice, {amount}, due {date}. See and pay it: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("amount",),
        name=gettext_noop("New invoice"),
        editable=True,
        digest_line=gettext_noop("New invoice {number}: {amount}, due {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "due_soon": Template(
        subject=gettext_noop("An invoice from {practice} is due soon"),
        body=gettext_noop(
            "Invoice {number} is due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {amount} is due on {date}. See and pay it: {portal} Reply STOP to end texts."
        ),
        needs=("amount",),
        name=gettext_noop("Due soon"),
        editable=True,
        digest_line=gettext_noop("Invoice {number}: {amount} is due on {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "overdue": Template(
        subject=gettext_noop("An invoice from {practice} is past due"),
        body=gettext_noop(
            "Invoice {number} was due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you cannot pay it all now, pay a part, or call us."
        ),
        sms=gettext_noop(
            "{practice}: {amount} was due on {date}. See and pay it: {portal} Reply STOP to end texts."
        ),
        needs=("amount",),
        name=gettext_noop("Past due"),
        editable=True,
        digest_line=gettext_noop("Invoice {number}: {amount} was due on {date}"),
        is_still_current=_invoice_is_current,
        current_values=_invoice_values,
        opens_invoice=True,
    ),
    "money_news": Template(
        subject=gettext_noop("News about your account at {practice}"),
        body=gettext_noop("{news}\n\nSee and pay your invoices in the portal: {portal}"),
        sms=gettext_noop(
            "{practice}: {count} notices about your account. See them in the portal: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("news",),
        name=gettext_noop("Several notices"),
        editable=True,
    ),
    "pay_link": Template(
        subject=gettext_noop("A bill from {practice}"),
        body=gettext_noop(
            "{amount} is to pay. See and pay it here, without signing in: {link}\n\n"
            "We ask for your date of birth. The link works until {date} and is for you alone."
        ),
        sms=gettext_noop("{practice}: {amount} is to pay. Pay it here: {link} Reply STOP to end texts."),
        needs=("link",),
        secret=True,
        name=gettext_noop("Pay link"),
        editable=True,
    ),
    "receipt": Template(
        subject=gettext_noop("Your receipt {number} from {practice}"),
        body=gettext_noop(
            "We received your payment of {amount} on {date}. Thank you.\n\n"
            "Your receipt number is {number}. The receipt is attached.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: we received your payment of {amount}. Receipt {number}. {portal}"),
        needs=("amount",),
        name=gettext_noop("Receipt"),
        editable=True,
    ),
    "payment_failed": Template(
        subject=gettext_noop("Your payment to {practice} did not go through"),
        body=gettext_noop(
            "Your payment of {amount} on {date} did not go through. You were not charged.\n\n"
            "Try again or use another card: {portal}"
        ),
        sms=gettext_noop("{practice}: your payment of {amount} did not go through. Try again: {portal}"),
        needs=("amount",),
        name=gettext_noop("Payment failed"),
        editable=True,
    ),
    "refund": Template(
        subject=gettext_noop("Your refund from {practice}"),
        body=gettext_noop(
            "We sent back {amount} on {date}. It can take up to 5 business days to reach you.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: we sent back {amount}. It can take up to 5 business days."),
        needs=("amount",),
        name=gettext_noop("Refund of a payment"),
        editable=True,
    ),
    "card_expiring": Template(
        subject=gettext_noop("Your card on file at {practice} expires soon"),
        body=gettext_noop(
            "{card} can be used until {date}.\n\nAdd your new card in the portal, so that payments go on: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: your card on file expires on {date}. Add the new one: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("date",),
        name=gettext_noop("Card expires"),
        editable=True,
        digest_line=gettext_noop("{card} can be used until {date}"),
        is_still_current=_card_is_current,
        current_values=_card_values,
    ),
    "statement": Template(
        subject=gettext_noop("Your statement from {practice}"),
        body=gettext_noop(
            "Your statement from {first} to {last} is attached. "
            "The balance on the last day is {amount}.\n\n"
            "What each line is for is in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: your statement is ready in the portal: {portal}"),
        needs=("amount",),
    ),
}
