"""Why the pages of patients refuse what was typed, before any service is asked."""

from portal_app.domain.errors import UserError


class UnreadableRequest(UserError):
    """An event whose arguments are not of the kind that its handler takes."""

    code = "request.unreadable"
    message = "We could not read that. Load the page again and try once more."


class ContactMissing(UserError):
    code = "contact.missing"
    message = "Enter your email address or phone number"
    field = "contact"


class NewContactMissing(UserError):
    code = "contact.new_missing"
    message = "Enter the new email or phone number"
    field = "new"


class CodeMissing(UserError):
    code = "code.missing"
    message = "Enter the code"
    field = "code"


class CodeNotSixDigits(UserError):
    code = "code.not_six_digits"
    message = "Enter the 6 digits of the code"
    field = "code"


class BirthDateIncomplete(UserError):
    code = "birth_date.incomplete"
    message = "Enter the month, day and year of birth"
    field = "born"


class BirthYearTooShort(UserError):
    code = "birth_date.year_too_short"
    message = "Enter the year with 4 digits, like 1980"
    field = "born"


class InvalidDate(UserError):
    code = "date.invalid"
    message = "That is not a date. Check the month, day and year"


class PasswordSignInIncomplete(UserError):
    code = "password_sign_in.incomplete"
    message = "Enter your username and your password"


class NoSecondFactor(UserError):
    """The password is right, and there is no address that a code could go to."""

    code = "second_factor.no_way"
    message = "We have no way to send you a code. Sign in another way, or call us."


class DeskCodeIncomplete(UserError):
    code = "desk_code.incomplete"
    message = "Enter the code and your initials"


class NoChangeChosen(UserError):
    code = "change_request.nothing_chosen"
    message = "Choose what should be changed."


class NothingToShareChosen(UserError):
    code = "grant.nothing_chosen"
    message = "Choose what you want to share."


class PeriodIncomplete(UserError):
    code = "statement.period_incomplete"
    message = "Choose both days of the period."


class NoInvoiceChosen(UserError):
    code = "payment.no_invoice_chosen"
    message = "Choose at least one invoice."


class NoPaymentMethodChosen(UserError):
    code = "payment.no_method_chosen"
    message = "Choose how you want to pay"


class ProcessorBusy(UserError):
    """So many payments wait for the card processor that no other one is begun."""

    code = "processor.busy"
    message = "Many people are paying at this moment, so this was not begun. Try again in a minute."


class NobodyChosen(UserError):
    """Neither somebody on file nor "somebody new"."""

    code = "member.nobody_chosen"
    message = "Choose who it is."
    field = "whom"
