"""Why a service of billing refuses. What rules of the domain refuse is in domain/billing/errors.py."""

from portal_app.domain.errors import UserError
from portal_app.i18n import gettext_noop

_PAY_AT_THE_PRACTICE = gettext_noop(
    "Paying online does not work just now. Nothing was charged. Pay at the practice."
)


class UnknownFilter(UserError):
    """The requested filter of the list of invoices does not exist."""

    code = "invoice.unknown_filter"
    message = "We could not find that."


class InvoiceWithoutLines(UserError):
    code = "invoice.no_lines"
    message = "Add a line first."


class InvoiceAboveMaximum(UserError):
    """Patients pay online, and no card is charged that much at once."""

    code = "invoice.above_maximum"
    message = "An invoice that is paid online can be at most {amount}. Check the amounts, or write several invoices."


class DueDateInPast(UserError):
    code = "invoice.due_date_in_past"
    message = "The due date must not be in the past."
    field = "due"


class InvoiceNotADraft(UserError):
    """Only a draft is sent; a void or written-off invoice is not."""

    code = "invoice.not_a_draft"
    message = "Only a draft can be sent."


class InvoiceHasPayments(UserError):
    """An invoice with money on it is not voided: the payment is refunded first."""

    code = "invoice.has_payments"
    message = "Money was paid on this invoice. Refund it first, or refund and void the charge."


class InvoiceAlreadyClosed(UserError):
    code = "invoice.already_closed"
    message = "This invoice is closed already."


class InvoiceNotOpen(UserError):
    """Only what is still due can be written off."""

    code = "invoice.not_open"
    message = "Only an open invoice can be written off."


class InvoiceHasPaymentOnItsWay(UserError):
    code = "invoice.payment_on_its_way"
    message = "A payment for this invoice is on its way. Wait until it has ended."


class NoCredit(UserError):
    code = "credit.none"
    message = "There is no credit to use."


class CreditFitsNoInvoice(UserError):
    """There is credit, and every open invoice has a payment on its way (CRED-5)."""

    code = "credit.fits_no_invoice"
    message = "There is no invoice that the credit could pay now."


class PaymentMethodMissing(UserError):
    """A payment needs a saved payment method or a new card, and not both."""

    code = "payment.no_method"
    message = "Choose a card or enter a new one."


class CardCannotBeSaved(UserError):
    """A payer of another adult's invoice cannot leave a card on that adult's account."""

    code = "payment.card_cannot_be_saved"
    message = "A card can be saved for your own invoices only."


class PaymentIdReused(UserError):
    """One form is one payment: its id came back with another amount or invoice (ALL-12)."""

    code = "payment.id_reused"
    message = "This payment was already sent with another amount. Check your payments."


class DeskMethodMissing(UserError):
    """A payment at the front desk is cash, a check, the terminal or something else."""

    code = "payment.desk_method_missing"
    message = "Choose how it was paid."
    field = "method"


class PaymentNotReceived(UserError):
    code = "payment.not_received"
    message = "Only payments that were received can be posted."


class PaymentDisputed(UserError):
    """A disputed payment is not refunded here: the bank has taken the money already."""

    code = "payment.disputed"
    message = "The payer disputes this payment with their bank. Answer it at the card processor."


class RefundIdReused(UserError):
    """One form is one refund: its id came back with another amount or payment (REF-7)."""

    code = "refund.id_reused"
    message = "This refund was already sent with another amount."


class RefundNotAccepted(UserError):
    code = "refund.not_accepted"
    message = "The card processor did not take this refund. Nothing was changed."


class ProcessorUnreachable(UserError):
    code = "processor.unreachable"
    message = "We cannot reach the card processor. Try again in a few minutes."


class OnlinePaymentsBroken(UserError):
    """The card processor refused the portal's own request: staff are told, the payer's bank was never asked."""

    code = "processor.refuses_us"
    message = "Paying online does not work just now. Nothing was charged. Call us at {phone}, or pay at the practice."

    def __init__(self, phone: str) -> None:
        if phone:
            super().__init__(phone=phone)
        else:
            super().__init__(_PAY_AT_THE_PRACTICE)


class PaymentMethodDeclined(UserError):
    """The bank declined the card that was to be saved; the message is that of its decline code."""

    code = "payment_method.declined"


class PaymentMethodNotSaved(UserError):
    code = "payment_method.not_saved"
    message = "This was not saved. Try again, or use another card or bank account."
