"""Why patients and staff are refused a change of contact details, sharing, relations or facts on file."""

from portal_app.domain.errors import UserError

# Contact details


class OnlyContact(UserError):
    code = "contact.only_one"
    message = "This is the only way to reach you here. Add another first."


class ContactIsNoEmail(UserError):
    code = "contact.no_email"
    message = "Enter an email address."
    field = "new"


class ContactIsNoPhone(UserError):
    code = "contact.no_phone"
    message = "Enter a phone number."
    field = "new"


class ContactOnFile(UserError):
    code = "contact.on_file"
    message = "We have this one already."
    field = "new"


class TooManyContacts(UserError):
    code = "contact.too_many"
    message = "That is the most we can keep. Remove one first."
    field = "new"


class AddressLineTooLong(UserError):
    """Value: `most`, in characters. `field` names the line."""

    code = "address.line_too_long"
    message = "A line of the address has at most {most} characters."


class NoWayChosen(UserError):
    code = "preferences.no_way_chosen"
    message = "Choose email, text messages or both, so that we can reach you."
    field = "by_email"


class NoContactForWay(UserError):
    """The chosen way has no contact on file."""

    code = "preferences.no_contact"
    message = "Add an email or a phone number first."
    field = "by_email"


class WishMissing(UserError):
    code = "change_request.wish_missing"
    message = "Please write what should be changed."
    field = "wish"


# Sharing


class NameIncomplete(UserError):
    code = "sharing.name_incomplete"
    message = "Please type the first and the last name."
    field = "given_name"


class NotAnAdult(UserError):
    code = "sharing.not_an_adult"
    message = "You can share with adults only."
    field = "born"


class SharingWithOneself(UserError):
    code = "sharing.with_oneself"
    message = "You cannot share with yourself."
    field = "given_name"


class TooMuchShared(UserError):
    code = "sharing.too_much"
    message = "That is the most you can share. Stop sharing something first."


class TooYoungToShare(UserError):
    code = "sharing.too_young"
    message = "You can share from the day you are 18."


# What staff do


class SearchTooShort(UserError):
    """Value: `least`, in characters."""

    code = "patient_search.too_short"
    message = "Type at least {least} letters of the name, or the chart number."
    field = "words"


class RequestAnswered(UserError):
    code = "change_request.answered"
    message = "Somebody has answered this request already."


class NewValueMissing(UserError):
    """`field` says which."""

    code = "change_request.value_missing"
    message = "Enter the new value."


class NewBirthDateUnusable(UserError):
    code = "change_request.birth_date_unusable"
    message = "Enter a date of birth that is not in the future."
    field = "birth_date"


class ChartNumberUnknown(UserError):
    code = "relation.chart_number_unknown"
    message = "There is no patient with this chart number."
    field = "chart"


class OwnDependent(UserError):
    code = "relation.own_dependent"
    message = "Nobody is their own dependent. Choose another adult."
    field = "adult"


class AdultUnusable(UserError):
    code = "relation.adult_unusable"
    message = "Choose an adult who is an active patient with a birth date on file."
    field = "adult"


class LastDayPast(UserError):
    code = "relation.last_day_past"
    message = "The last day cannot be in the past."
    field = "until"


# Chart numbers of patients who were added in the portal


class ChartNumberMissing(UserError):
    code = "chart_number.missing"
    message = "Enter the chart number, at most 80 characters."
    field = "chart_number"


class ChartNumberGiven(UserError):
    code = "chart_number.given"
    message = "This patient has the chart number {number} already."
    field = "chart_number"


class ChartNumberTaken(UserError):
    code = "chart_number.taken"
    message = "{number} is the chart number of {person}."
    field = "chart_number"
