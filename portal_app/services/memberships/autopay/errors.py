"""Why automatic payment is refused."""

from portal_app.domain.errors import UserError


class AutopayNotBilledHere(UserError):
    """The portal charges only memberships that it bills."""

    code = "autopay.not_billed_here"
    message = "The practice bills this membership itself. Call us about how it is paid."


class AutopayMembershipEnded(UserError):
    code = "autopay.membership_ended"
    message = "This membership has ended."


class AutopayMethodUnsuitable(UserError):
    """Only a card or bank account that can be charged without its holder there."""

    code = "autopay.method_unsuitable"
    message = "Choose a card or a bank account for automatic payment."
    field = "payment_method"


class AutopayMethodExpired(UserError):
    code = "autopay.method_expired"
    message = "This card has expired. Choose another one."
    field = "payment_method"


class AutopayNothingOverdue(UserError):
    """The page that offered to pay is older than the payment."""

    code = "autopay.nothing_overdue"
    message = "Nothing of this membership is to be paid now."
