"""Errors of the staff forms: what is missing or cannot be read before a service is asked."""

from portal_app.domain.errors import UserError

# Signing in and the sign-in settings


class EmailOrPasswordMissing(UserError):
    code = "staff_sign_in.email_or_password_missing"
    message = "Enter your email and your password"


class PasswordMissing(UserError):
    code = "staff_sign_in.password_missing"
    field = "password"
    message = "Enter your password"


class PasswordOrCodeMissing(UserError):
    code = "staff_reauthentication.password_or_code_missing"
    message = "Enter your password and the code of your app"


# Front desk and family files


class NoContactOnFile(UserError):
    code = "patient.no_contact_on_file"
    message = "There is no email and no phone on file. Print a code instead."


class RelationKindMissing(UserError):
    code = "relation.kind_missing"
    field = "kind"
    message = "Choose parent or guardian."


class AdultMissing(UserError):
    code = "relation.adult_missing"
    field = "adult"
    message = "Choose the adult."


# Billing


class NoPaymentSelected(UserError):
    code = "posting.no_payment_selected"
    message = "Select the payments to post first."


class DueDateMissing(UserError):
    code = "invoice.due_date_missing"
    field = "due"
    message = "Enter the due date."


class LineDescriptionMissing(UserError):
    """Values: `n`, the number of the line in the form; the same for the two below."""

    code = "invoice_line.description_missing"
    message = "Line {n}: say what it is for."


class LineQuantityInvalid(UserError):
    code = "invoice_line.quantity_invalid"
    message = "Line {n}: the quantity is a whole number, like 1."


class LineAmountInvalid(UserError):
    code = "invoice_line.amount_invalid"
    message = "Line {n}: enter an amount, like {example}"


class NotPublishable(UserError):
    """The page lists the places."""

    code = "agreement.not_publishable"
    message = "This text cannot be published yet. What is wrong is listed below."


class AudienceMissing(UserError):
    code = "agreement.audience_missing"
    message = "Find and choose the patient first."
    field = "who"


class NothingChosen(UserError):
    code = "agreement.nothing_chosen"
    message = "Choose at least one agreement."
    field = "chosen"
