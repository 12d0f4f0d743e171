"""What households are told of their bills and cards before anybody has to ask. Amounts and dates, never what for."""

from portal_app.services.wording import WORDINGS, Wording, mark

MONEY_WORDINGS: dict[str, Wording] = {
    "invoice_issued": Wording(
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
    ),
    "due_soon": Wording(
        subject=mark("An invoice from {practice} is due soon"),
        body=mark(
            "Invoice {number} is due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}"
        ),
        sms=mark("{practice}: {amount} is due on {date}. See and pay it: {portal} Reply STOP to end texts."),
        needs=("amount",),
    ),
    "overdue": Wording(
        subject=mark("An invoice from {practice} is past due"),
        body=mark(
            "Invoice {number} was due on {date}. {amount} is still to pay.\n\n"
            "See and pay it in the portal: {portal}\n\n"
            "If you cannot pay it all now, pay a part, or call us."
        ),
        sms=mark("{practice}: {amount} was due on {date}. See and pay it: {portal} Reply STOP to end texts."),
        needs=("amount",),
    ),
    "card_expiring": Wording(
        subject=mark("Your card on file at {practice} expires soon"),
        body=mark(
            "{card} can be used until {date}.\n\nAdd your new card in the portal, so that payments go on: {portal}"
        ),
        sms=mark(
            "{practice}: your card on file expires on {date}. Add the new one: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("date",),
    ),
    "pay_link": Wording(
        subject=mark("A bill from {practice}"),
        body=mark(
            "{amount} is to pay. See and pay it here, without signing in: {link}\n\n"
            "We ask for your date of birth. The link works until {date} and is for you alone."
        ),
        sms=mark("{practice}: {amount} is to pay. Pay it here: {link} Reply STOP to end texts."),
        needs=("link",),
        secret=True,
    ),
    "money_news": Wording(
        subject=mark("News about your account at {practice}"),
        body=mark("{news}\n\nSee and pay your invoices in the portal: {portal}"),
        sms=mark(
            "{practice}: {count} notices about your account. See them in the portal: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("news",),
    ),
}
# One line each, where a household is told of several things at once.
LINES = {
    "invoice_issued": mark("New invoice {number}: {amount}, due {date}"),
    "due_soon": mark("Invoice {number}: {amount} is due on {date}"),
    "overdue": mark("Invoice {number}: {amount} was due on {date}"),
    "card_expiring": mark("{card} can be used until {date}"),
}
WORDINGS.update(MONEY_WORDINGS)
