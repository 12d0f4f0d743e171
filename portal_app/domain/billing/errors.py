"""Why a rule of billing refuses. The code is the part that tests and other programs rely on."""

from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId


class InvoiceHeld(UserError):
    """A payment whose outcome is not known yet blocks the invoice (ALL-13); it may be continued or cancelled."""

    code = "invoice.held"
    message = "We are checking your last payment."

    def __init__(self, payment_id: PaymentId, *, can_continue: bool) -> None:
        super().__init__()
        self.payment_id = payment_id
        self.can_continue = can_continue


class InvoiceClosed(UserError):
    """A draft, void or written-off invoice never receives money (ALL-14)."""

    code = "invoice.closed"
    message = "This invoice cannot be paid."


class InvoiceAlreadyPaid(UserError):
    """Nothing is left to pay: it is paid, or payments on their way cover it."""

    code = "invoice.already_paid"
    message = "This invoice is already paid."


class OnlinePaymentsOff(UserError):
    """The practice has turned off payments through the portal."""

    code = "payment.online_off"
    message = "Online payments are turned off. Call us to pay."


class BelowProcessorMinimum(UserError):
    """What is due is less than the card processor takes (PART-4)."""

    code = "payment.below_processor_minimum"
    message = "Amounts under {least} cannot be paid online. You can pay {amount} at the practice."


class PaymentTooLarge(UserError):
    code = "payment.amount_too_large"
    message = "You can pay up to {amount}"
    field = "amount"


class AboveProcessorMaximum(UserError):
    """More than one payment can be: nothing larger is charged, and nothing larger is recorded by mistake."""

    code = "payment.above_maximum"
    message = "One payment can be at most {amount}. Pay in several payments."
    field = "amount"


class AmountNotInSteps(UserError):
    """The card processor moves this currency in steps only: 5.000 or 5.010 KWD, not 5.005."""

    code = "payment.not_in_steps"
    message = "Cards and bank accounts take amounts in steps of {step} only. Enter {below} or {above}."
    field = "amount"


class AmountAboveLastStep(AmountNotInSteps):
    """The same, where the step above is more than is due."""

    code = "payment.above_last_step"
    message = "Cards and bank accounts take amounts in steps of {step} only. Enter {below}."


class CreditCoversAll(UserError):
    """The account's credit pays it whole: a card is not charged (CRED-6)."""

    code = "payment.credit_covers_all"
    message = "Your credit covers this. Use your credit: no card is charged."


class CreditComesFirst(UserError):
    """A card pays at most what the account's credit does not (CRED-6)."""

    code = "payment.credit_comes_first"
    message = "You have {credit} of credit. By card you can pay up to {amount}"
    field = "amount"


class DepositWarning(UserError):
    """Staff record more than is owed besides the credit: nothing is recorded until they confirm it."""

    code = "payment.deposit"
    message = "{excess} of this is more than what is owed. It is kept as credit. Record it?"


class PaymentTooSmall(UserError):
    """Less than the practice's or the processor's minimum (ALL-10)."""

    code = "payment.amount_too_small"
    message = "The smallest payment is {amount}"
    field = "amount"


class DuplicatePaymentWarning(UserError):
    """The same amount was paid minutes ago. Nothing was charged; sent again with `again=True` it is."""

    code = "payment.duplicate"
    message = "You paid {amount} {minutes} minutes ago. Pay again?"


class NothingToRefund(UserError):
    """The payment brought no money, or all of it was refunded already (REF-2)."""

    code = "refund.nothing_left"
    message = "There is nothing to refund. You can void the invoice or write it off."


class RefundTooLarge(UserError):
    """More than is left of the payment (REF-1)."""

    code = "refund.amount_too_large"
    message = "You can refund up to {amount}"
    field = "amount"


class RefundExceedsChosenInvoices(UserError):
    """The chosen invoices were paid with less of this payment than the refund takes back."""

    code = "refund.exceeds_chosen_invoices"
    message = "The invoices you chose hold less than that."


class OnlyPaymentMethod(UserError):
    """The last saved card or bank account cannot be removed (SRC-2)."""

    code = "payment_method.only_one"
    message = "This is your only way to pay on file. Add another first."


class NextDefaultNeeded(UserError):
    """Memberships are paid with the one that is removed: the payer names its successor (SRC-1)."""

    code = "payment_method.next_default_needed"
    message = "Choose which card or account is used from now on."


class PeriodReversed(UserError):
    """The first day of a period lies after its last (STMT-7)."""

    code = "statement.period_reversed"
    message = "The first day must not be after the last."
