"""Why a message is not sent again, and why a practice's own text is refused."""

from portal_app.domain.errors import UserError


class CannotSendAgain(UserError):
    code = "message.cannot_send_again"
    message = "This message cannot be sent again."


class UnknownPlaceholder(UserError):
    """Value: `place`, in braces. `field` is the part: subject, body or sms; so it is for the next."""

    code = "template.unknown_placeholder"
    message = "This message has no placeholder {place}."


class PlaceholderMissing(UserError):
    """Value: `place`, in braces."""

    code = "template.placeholder_missing"
    message = "Your text leaves out {place}. The message needs it."
