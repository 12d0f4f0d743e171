"""About the automatic payment of memberships. Amounts, dates and cards, never who is a member."""

from collections.abc import Sequence

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.memberships import Membership
from portal_app.domain.billing.payment_methods import display_name
from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template, Values


def _charges_ahead(tx: Tx, membership_ids: Sequence[str]) -> dict[str, Values]:
    """Of these memberships, where automatic payment is on, the announced charge that lies ahead."""
    wanted = (
        select(Membership, PaymentMethod)
        .join(PaymentMethod, col(PaymentMethod.id) == Membership.payment_method_id)
        .where(col(Membership.id).in_(membership_ids), col(Membership.announced_for) >= today())
    )
    return {
        row.id: {
            "card": display_name(card.brand, card.last4, card.kind),
            "amount": row.announced_amount,
            "date": row.announced_for,
        }
        for row, card in tx.exec(wanted)
    }


AUTOPAY: dict[str, Template] = {
    "autopay_on": Template(
        subject=gettext_noop("Automatic payment is on at {practice}"),
        body=gettext_noop(
            "Automatic payment of your membership is on. {card} will be charged {amount} on {date}. "
            "Credit on your account is used first.\n\n"
            "You can turn it off at any time in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: automatic payment is on. {card} will be charged {amount} on {date}. {portal}"
        ),
        needs=("amount", "date"),
        name=gettext_noop("Automatic payment on"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_on_later": Template(
        subject=gettext_noop("Automatic payment is on at {practice}"),
        body=gettext_noop(
            "Automatic payment of your membership is on, with {card}. Nothing is to be paid now; we tell you before "
            "each charge. Credit on your account is used first.\n\n"
            "You can turn it off at any time in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: automatic payment is on, with {card}. We tell you before each charge. {portal}"
        ),
        needs=("card",),
        name=gettext_noop("Automatic payment on, nothing due yet"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_off": Template(
        subject=gettext_noop("Automatic payment is off at {practice}"),
        body=gettext_noop(
            "Automatic payment of your membership was turned off on {date}. Your membership goes on, and its invoices "
            "are yours to pay.\n\n"
            "See your membership in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: automatic payment of your membership is off. {portal}"),
        needs=("date",),
        name=gettext_noop("Automatic payment off"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_announced": Template(
        subject=gettext_noop("Your next automatic payment to {practice}"),
        body=gettext_noop(
            "{card} will be charged {amount} on {date} for your membership.\n\n"
            "See it, or change how you pay, in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {card} will be charged {amount} on {date} for your membership. {portal} "
            "Reply STOP to end texts."
        ),
        needs=("amount", "date"),
        name=gettext_noop("Next automatic payment"),
        opens="/memberships",
        editable=True,
        digest_line=gettext_noop("{card} will be charged {amount} on {date} for your membership"),
        current_values=_charges_ahead,
    ),
    "autopay_receipt": Template(
        subject=gettext_noop("Your receipt {number} from {practice}"),
        body=gettext_noop(
            "{card} was charged {amount} on {date} for your membership. Thank you.\n\n"
            "Your receipt number is {number}. The receipt is attached.\n\n"
            "The next charge: {next_amount} on {next_date}, {next_card}.\n\n"
            "See it, or change how you pay, in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {card} was charged {amount}. Receipt {number}. Next: {next_amount} on {next_date}. {portal}"
        ),
        needs=("amount", "next_amount", "next_date"),
        name=gettext_noop("Receipt of an automatic payment"),
        opens="/receipt?id={about}",
        editable=True,
    ),
    "autopay_failed": Template(
        subject=gettext_noop("Your automatic payment to {practice} did not go through"),
        body=gettext_noop(
            "{card} could not be charged {amount} on {date} for your membership. You were not charged.\n\n"
            "We try again on {next}. If you pay before, that try falls away.\n\n"
            "Pay it now or use another card: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {card} could not be charged {amount}. We try again on {next}. Pay it now: {portal}"
        ),
        needs=("amount", "next"),
        name=gettext_noop("Automatic payment failed, another try follows"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_failed_last": Template(
        subject=gettext_noop("Your membership at {practice} is past due"),
        body=gettext_noop(
            "{card} could not be charged {amount} on {date} for your membership. We do not try again.\n\n"
            "Please pay it here, or use another card: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: {card} could not be charged {amount}. We do not try again. Please pay here: {portal}"
        ),
        needs=("amount",),
        name=gettext_noop("Automatic payment failed for the last time"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_card_refused": Template(
        subject=gettext_noop("Your automatic payment to {practice} needs another card"),
        body=gettext_noop(
            "{card} cannot be charged any more: {amount} on {date} for your membership did not go through. "
            "We do not try this card again.\n\n"
            "Please pay with another card: {portal}\n\n"
            "Then choose the new card for automatic payment under Memberships."
        ),
        sms=gettext_noop(
            "{practice}: {card} cannot be charged any more. Please pay {amount} with another card: {portal}"
        ),
        needs=("amount",),
        name=gettext_noop("Automatic payment needs another card"),
        opens="/memberships",
        editable=True,
    ),
    "autopay_confirm": Template(
        subject=gettext_noop("Your bank asks you to confirm a payment to {practice}"),
        body=gettext_noop(
            "Your bank wants you to confirm the payment of {amount} for your membership. You were not charged yet.\n\n"
            "Pay and confirm it here by {by}: {portal}\n\n"
            "We do not try again by ourselves."
        ),
        sms=gettext_noop(
            "{practice}: your bank asks you to confirm the payment of {amount}. Do it by {by}: {portal}"
        ),
        needs=("amount", "by"),
        name=gettext_noop("Automatic payment to be confirmed"),
        opens="/memberships",
        editable=True,
    ),
}
