"""About invoices, payments and cards. Amounts and dates, never what for."""

from collections.abc import Sequence
from functools import partial

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.domain.billing.payment_methods import display_name, last_valid_day
from portal_app.domain.billing.payments import payable_amount
from portal_app.domain.billing.types import PAYABLE
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.memberships.autopay.standing import invoices_in_retry
from portal_app.services.messaging.templates.types import INVOICE_PAGE, Template, Values


def _invoices_to_pay(tx: Tx, invoice_ids: Sequence[str]) -> dict[str, Values]:
    """Those of which something is still to pay, besides what payments on their way cover."""
    wanted = select(Invoice).where(col(Invoice.id).in_(invoice_ids), col(Invoice.status).in_(sorted(PAYABLE)))
    invoices = tx.exec(wanted).all()
    on_their_way = in_flight_payments(tx, [invoice.id for invoice in invoices])
    found: dict[str, Values] = {}
    for invoice in invoices:
        in_flight = on_their_way.get(invoice.id, ())
        if left := payable_amount(invoice.due, (attempt.amount for attempt in in_flight)):
            found[invoice.id] = {"number": invoice.number, "amount": left, "date": invoice.due_date}
    return found


def _overdue_invoices(tx: Tx, invoice_ids: Sequence[str]) -> dict[str, Values]:
    """Those that are still to pay, and that no scheduled try of automatic payment will pay."""
    found = _invoices_to_pay(tx, invoice_ids)
    accounts = columns(Invoice.account_id).where(col(Invoice.id).in_(found))
    in_retry = invoices_in_retry(tx, sorted(set(tx.exec(accounts))))
    return {id_: values for id_, values in found.items() if id_ not in in_retry}


def _cards_that_expire(tx: Tx, payment_method_ids: Sequence[str]) -> dict[str, Values]:
    """Those on file whose last day is known."""
    on_file = select(PaymentMethod).where(
        col(PaymentMethod.id).in_(payment_method_ids), col(PaymentMethod.removed_at).is_(None)
    )
    return {
        card.id: {"card": display_name(card.brand, card.last4, card.kind), "date": day}
        for card in tx.exec(on_file)
        if (day := last_valid_day(card.exp_month, card.exp_year)) is not None
    }


# Of one amount, which the practice's own texts must name.
_about_an_amount = partial(Template, needs=("amount",), editable=True)
# An invoice that is to pay: it waits for the daily digest, and is dropped when it was paid meanwhile.
_invoice_notice = partial(
    _about_an_amount,
    current_values=_invoices_to_pay,
    opens=INVOICE_PAGE,
)

BILLING: dict[str, Template] = {
    "invoice_issued": _invoice_notice(
        subject=gettext_noop("A new invoice from {practice}"),
        body=gettext_noop(
            "There is a new invoice for you: number {number}, {amount}, due {date}.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: you have a new invoice, {amount}, due {date}. See and pay it: {portal} "
            "Reply STOP to end texts."
        ),
        name=gettext_noop("New invoice"),
        digest_line=gettext_noop("New invoice {number}: {amount}, due {date}"),
    ),
    "due_soon": _invoice_notice(
        subject=gettext_noop("An invoice from {practice} is due soon"),
        body=gettext_noop(
            "Invoice {number} is due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {amount} is due on {date}. See and pay it: {portal} Reply STOP to end texts."
        ),
        name=gettext_noop("Due soon"),
        digest_line=gettext_noop("Invoice {number}: {amount} is due on {date}"),
    ),
    "overdue": _invoice_notice(
        subject=gettext_noop("An invoice from {practice} is past due"),
        body=gettext_noop(
            "Invoice {number} was due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you cannot pay it all now, pay a part, or call us."
        ),
        sms=gettext_noop(
            "{practice}: {amount} was due on {date}. See and pay it: {portal} Reply STOP to end texts."
        ),
        name=gettext_noop("Past due"),
        digest_line=gettext_noop("Invoice {number}: {amount} was due on {date}"),
        current_values=_overdue_invoices,
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
        opens="/invoices",
    ),
    "pay_link": Template(
        subject=gettext_noop("An invoice from {practice}"),
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
    "receipt": _about_an_amount(
        subject=gettext_noop("Your receipt {number} from {practice}"),
        body=gettext_noop(
            "We received your payment of {amount} on {date}. Thank you.\n\n"
            "Your receipt number is {number}. The receipt is attached.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: we received your payment of {amount}. Receipt {number}. {portal}"),
        name=gettext_noop("Receipt"),
        opens="/receipt?id={about}",
    ),
    "payment_failed": _about_an_amount(
        subject=gettext_noop("Your payment to {practice} did not go through"),
        body=gettext_noop(
            "Your payment of {amount} on {date} did not go through. You were not charged.\n\n"
            "Try again or use another card: {portal}"
        ),
        sms=gettext_noop("{practice}: your payment of {amount} did not go through. Try again: {portal}"),
        name=gettext_noop("Payment failed"),
        opens=INVOICE_PAGE,
    ),
    "payment_taken_back": Template(
        subject=gettext_noop("Your payment to {practice} was taken back"),
        body=gettext_noop(
            "Your bank has taken back {amount} of your payment of {date}. {due} is to pay again.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you did not ask your bank for this, or have questions, call us."
        ),
        sms=gettext_noop(
            "{practice}: your bank took back {amount} of your payment. {due} is to pay again: {portal}"
        ),
        needs=("amount", "due"),
        name=gettext_noop("Payment taken back by the bank"),
        editable=True,
        opens=INVOICE_PAGE,
    ),
    "invoice_again": _about_an_amount(
        subject=gettext_noop("An invoice from {practice} is to pay again"),
        body=gettext_noop(
            "Invoice {number} is to pay again: {amount}. Your bank took back a payment of it.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you cannot pay it all now, pay a part, or call us."
        ),
        sms=gettext_noop(
            "{practice}: {amount} of invoice {number} is to pay again. See and pay it: {portal}"
        ),
        name=gettext_noop("Invoice sent again"),
        opens=INVOICE_PAGE,
    ),
    "refund": _about_an_amount(
        subject=gettext_noop("Your refund from {practice}"),
        body=gettext_noop(
            "We sent back {amount} on {date}. It can take up to 5 business days to reach you.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: we sent back {amount}. It can take up to 5 business days. See it: {portal}"
        ),
        name=gettext_noop("Refund of a payment"),
        opens="/receipt?id={about}",
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
        current_values=_cards_that_expire,
        opens="/payment-options",
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
        opens="/statements?{about}",
    ),
}
