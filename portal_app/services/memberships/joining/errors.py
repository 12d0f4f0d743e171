"""Why joining online does not go on."""

from portal_app.domain.errors import UserError


class JoiningOff(UserError):
    """The practice has not turned it on, or takes no online payments just now."""

    code = "join.off"
    message = "You cannot join online at the moment. Please call us."


class PlanNotOffered(UserError):
    """Retired or taken off the page since it was opened, or never on it."""

    code = "join.plan_not_offered"
    message = "This plan is not offered any more. Choose another one."
    field = "plan"


class NobodyJoins(UserError):
    code = "join.nobody"
    message = "Choose at least one member: yourself, or somebody you add."
    field = "members"


class TooManyMembers(UserError):
    code = "join.too_many_members"
    message = "At most {most} people can join together here. Please call us."
    field = "members"


class MemberTwice(UserError):
    code = "join.member_twice"
    message = "{person} is on the list already."
    field = "given_name"


class OwnerBirthDateMissing(UserError):
    code = "join.owner_birth_date_missing"
    message = "Enter your date of birth: the price depends on it."
    field = "born"


class OwnerNotAdult(UserError):
    code = "join.owner_not_adult"
    message = "Whoever joins and pays has to be {age} or older. Ask an adult to join for you."
    field = "born"


class OwnerDetailsMissing(UserError):
    """The step with the legal name and the address was passed over."""

    code = "join.owner_details_missing"
    message = "Enter your name and address first."


class JoinOver(UserError):
    """The code is unknown, was never accepted, or was accepted too long ago."""

    code = "join.over"
    message = "Your visit has ended. Enter your email or phone again: what you typed is kept."


class ContactKnown(UserError):
    """Somebody has this contact by now: they sign in, and no second person is made (JOIN-2)."""

    code = "join.contact_known"
    message = "We have this contact on file. Sign in with it."


class AlreadyJoined(UserError):
    """Paid in another tab, or sent twice: nothing is charged again."""

    code = "join.already_joined"
    message = "You have joined already. Nothing was charged again."


class JoinPriceChanged(UserError):
    """The page shows an amount that is not so any more: nothing is charged."""

    code = "join.price_changed"
    message = (
        "The price has changed since you opened this page: the first invoice is now {amount}. "
        "Nothing was charged. Look again, then pay."
    )


class FirstInvoiceTooSmall(UserError):
    """Above zero, and below what the card processor takes."""

    code = "join.first_invoice_too_small"
    message = "The first invoice of {amount} is too small to pay online. Please call us."


class JoinAnswered(UserError):
    code = "join.answered"
    message = "This request to join was answered already."


class RefusalReasonMissing(UserError):
    code = "join.reason_missing"
    message = "Say why, in a few words, for your own record."
    field = "reason"


class RefundNotSent(UserError):
    """The membership is refused, and the card processor did not take the refund: staff have a task."""

    code = "join.refund_not_sent"
    message = "It is refused, but the card processor did not accept the refund of {amount}. Give it back another way."
