"""Why a credential (password, second factor, passkey, code of the front desk) is refused or not changed."""

from portal_app.domain.errors import UserError


class ReauthRequired(UserError):
    """The session is valid, but this change asks for re-authentication first: `start_reauth`, then `answer_challenge`."""

    code = "reauth.required"
    message = "Please confirm once more that it is you."


class WrongPassword(UserError):
    """Username unknown, password wrong, next try not due yet, or locked: the same answer for all."""

    code = "password.wrong"
    message = (
        "That username and password do not match, or there were too many tries. "
        "Wait a little and try again, or sign in with a code."
    )


class PasswordNeedsApp(UserError):
    """No contact to send a code to, so a password would have no second factor."""

    code = "password.needs_app"
    message = "Set up an authenticator app first: a password alone does not sign you in."


class UsernameTaken(UserError):
    code = "username.taken"
    message = "This username is taken. Choose another."
    field = "username"


class WrongCode(UserError):
    """Wrong, used before or expired: the same answer for all."""

    code = "second_factor.wrong_code"
    message = "That code is not right, was used before or is too old. Check it and try again."
    field = "code"


class ChallengeOver(UserError):
    """The challenge is unknown, expired or had too many wrong answers."""

    code = "second_factor.start_again"
    message = "That took too many tries or too long. Please start again."


class AppNotSetUp(UserError):
    code = "second_factor.app_not_set_up"
    message = "Set up an authenticator app first."


class AppIsOnlySecondFactor(UserError):
    """No contact to send a code to: without the app the password would have no second factor."""

    code = "second_factor.app_is_only_one"
    message = "Without the app nothing would be left to confirm your password with."


class TooManyPasskeys(UserError):
    """Value: `most`."""

    code = "passkey.too_many"
    message = "You have {most} passkeys. Remove one first."


class PasskeyRefused(UserError):
    """Unknown, removed, copied, expired or made for another site: the same answer for all."""

    code = "passkey.refused"
    message = "That passkey did not work. Try again, or sign in with a code."


class WrongDeskCode(UserError):
    """Code, birth date or initials wrong, or the code used or expired: the same answer for all."""

    code = "desk_code.wrong"
    message = "That does not match. Check the code, your date of birth and your initials, or ask at the desk."


class DeskCodeForDependent(UserError):
    code = "desk_code.for_dependent"
    message = "This patient does not sign in for themselves. A parent does."


class DeskCodeNeedsBirthDate(UserError):
    code = "desk_code.birth_date_missing"
    message = "Without a date of birth on file, a code cannot be used."


class NothingToReset(UserError):
    code = "sign_in_reset.nothing_to_reset"
    message = "There is nothing to reset: this patient signs in with a code."


class ResetAlreadyStarted(UserError):
    code = "sign_in_reset.already_started"
    message = "A reset is under way already."


class ResetLinkOver(UserError):
    """Unknown, or the reset has been carried out."""

    code = "sign_in_reset.link_no_longer_valid"
    message = "This link no longer works. Call us if something is wrong."
