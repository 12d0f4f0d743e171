"""Why a new username or password is refused."""

from portal_app.domain.errors import UserError


class UsernameLength(UserError):
    """Values: `least` and `most`, in characters."""

    code = "username.length"
    message = "A username has {least} to {most} letters."
    field = "username"


class UsernameCharacters(UserError):
    code = "username.characters"
    message = "A username has letters, digits and . _ - @ + only."
    field = "username"


class PasswordTooShort(UserError):
    """Value: `least`, in characters."""

    code = "password.too_short"
    message = "Use at least {least} characters. A few words in a row are easy to remember."
    field = "password"


class PasswordTooLong(UserError):
    """Value: `most`, in characters."""

    code = "password.too_long"
    message = "Use at most {most} characters."
    field = "password"


class PasswordTooCommon(UserError):
    code = "password.too_common"
    message = "Too many people use this password. Choose another."
    field = "password"


class PasswordHasOwnName(UserError):
    """It consists mostly of the person's name, email, username or date of birth."""

    code = "password.has_own_name"
    message = "Leave your own name, email and username out of your password."
    field = "password"
