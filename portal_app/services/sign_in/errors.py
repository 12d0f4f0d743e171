"""Why a sign-in of a patient or of staff is refused."""

from portal_app.domain.errors import UserError


class InvalidContact(UserError):
    code = "contact.invalid"
    message = "Enter an email address or a phone number, like name@example.com or 555 010 4477"
    field = "contact"


class TooManyAttempts(UserError):
    """Rate limit reached. Value: `minutes` until the next attempt is allowed."""

    code = "rate_limit.too_many_attempts"
    message = "You have tried often. Wait {minutes} min and try again."


class WrongSignInCode(UserError):
    """Value: `reference` of the message that holds the right code (CODE-9)."""

    code = "sign_in_code.wrong"
    message = "That is not the code of the message with reference {reference}"
    field = "code"


class SignInCodeOver(UserError):
    """Unknown, used, expired or tried too often (CODE-7): the same answer for all."""

    code = "sign_in_code.no_longer_valid"
    message = "This code no longer works. Ask for a new one."


class NeedsFirstName(UserError):
    """Two people who share the contact were born on the same day (CODE-6)."""

    code = "sign_in.first_name_missing"
    message = "Please add your first name."
    field = "first_name"


class AmbiguousPerson(UserError):
    """Birth date and first name still fit two people (CODE-6)."""

    code = "sign_in.ambiguous_person"
    message = "We cannot tell who you are from this. Please call the practice."


class ChildCannotSignIn(UserError):
    """The birth date is a dependent child's (CODE-5)."""

    code = "sign_in.child"
    message = "Ask a parent to sign in."


class WrongSignInBirthDate(UserError):
    code = "sign_in.wrong_birth_date"
    message = "That is not the date of birth we have. Check it and try again."


class WrongBirthDateOrFirstName(UserError):
    code = "sign_in.wrong_birth_date_or_first_name"
    message = "That is not the date of birth and first name we have. Check both and try again."


class WrongStaffPassword(UserError):
    """Email unknown, password wrong, or sign-in locked: the same answer for all."""

    code = "staff_sign_in.wrong_password"
    message = "The email or the password is wrong, or the sign-in is locked for a while."


class StaffSignInExpired(UserError):
    """The ten minutes after the password are over, or there were too many wrong codes."""

    code = "staff_sign_in.expired"
    message = "This took too long. Begin again with your password."


class WrongStaffCode(UserError):
    code = "staff_sign_in.wrong_code"
    message = "That is not the code your app shows now. Wait for the next one and try again."
    field = "code"


class WrongStaffProof(UserError):
    """Which of the two was wrong is not said: it may be asked by whoever found the screen open."""

    code = "staff_sign_in.wrong_proof"
    message = "The password or the code is not right, or the sign-in is locked for a while."


class StaffEmailTaken(UserError):
    code = "staff.email_taken"
    message = "There is somebody with this email already."
    field = "email"


class StaffEmailUnknown(UserError):
    code = "staff.email_unknown"
    message = "There is nobody with this email."
    field = "email"


class StaffAppAlreadySetUp(UserError):
    code = "set_up_link.app_already_set_up"
    message = "Their authenticator app is set up. To start over, use portal staff reset."


class SetUpLinkOver(UserError):
    """Unknown, used, replaced, expired, or of a member of staff who has an app: the same answer for all."""

    code = "set_up_link.no_longer_valid"
    message = "This link no longer works. Ask for a new one."


class NeedsSetUpLink(UserError):
    """The password is right, but there is no authenticator app yet; outside a demo only a link sets one up."""

    code = "set_up_link.missing"
    message = (
        "Your authenticator app is not set up yet. Ask whoever looks after the portal for a set-up link: "
        "portal staff reset prints one."
    )


class WrongSetUpPassword(UserError):
    code = "set_up_link.wrong_password"
    message = "The password is wrong, or the sign-in is locked for a while."
    field = "password"
