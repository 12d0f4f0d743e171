"""Why a link is not made or does not open."""

from portal_app.domain.errors import UserError


class LinkOver(UserError):
    """Unknown, expired, revoked, done, or tried with too many wrong birth dates: the same answer for all."""

    code = "link.no_longer_valid"
    message = "This link no longer works. Sign in, or ask us for a new one."


class WrongBirthDate(UserError):
    code = "link.wrong_birth_date"
    message = "That is not the date of birth we have. Please check it."


class LinkNeedsBirthDate(UserError):
    """A child, or a patient without a birth date on file: nobody could open the link."""

    code = "link.birth_date_missing"
    message = "Without a date of birth on file, a link cannot be opened."


class NoContactOnFile(UserError):
    code = "pay_link.no_contact"
    message = "There is no email and no phone on file. Show the QR code instead."
