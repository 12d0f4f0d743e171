"""What the portal may answer instead of doing what was asked.

An error carries a stable code, the English text (the gettext msgid) with its placeholders, the values that
fill them, and the form field it is about. The outer layers translate it; the domain formats nothing.
"""

from typing import Any, ClassVar


class UserError(Exception):
    """The request is refused, in words for the person who reads it. Nothing was written.

    Each reason is a subclass with a `code` ("invoice.already_paid") and a `message`:

        class AlreadyPaid(UserError):
            code = "invoice.already_paid"
            message = "This invoice is already paid."

        raise AlreadyPaid
        raise AmountTooLarge(amount=owed)   # "You can pay up to {amount}"

    Args:
        message: the msgid, where it is not the class's own.
        field: name of the form field that the error is about; "" is the form as a whole.
        values: what fills the placeholders: text, numbers, Money, date or datetime, formatted for the reader later.
    """

    code: ClassVar[str] = ""
    message: str = ""
    field: str = ""

    def __init__(self, message: str = "", *, field: str = "", **values: Any) -> None:
        self.message = message or type(self).message
        self.field = field or type(self).field
        self.values = values
        super().__init__(self.message)


class NotFound(UserError):
    """Absent, or not the asker's: from outside the two look the same."""

    code = "not_found"
    message = "We could not find that."


class PermissionDenied(UserError):
    """Signed in, without the permission. It names the missing permission, so that one knows what to ask for."""

    code = "permission_denied"
    message = "You do not have access to this. Ask an owner of the portal for: {permission}"

    def __init__(self, permission: str) -> None:
        super().__init__(permission=permission)
        self.permission = permission


class ReasonMissing(UserError):
    """What is done needs a reason in words, for the audit trail or for the person concerned."""

    code = "reason.missing"
    message = "Say why, in a few words."
    field = "reason"


class TextTooLong(UserError):
    """What was typed is longer than what is stored. Value: `most`, in characters. `field` says which text."""

    code = "text.too_long"
    message = "That is too long: {most} characters at most."


class NotSignedIn(Exception):
    """Nobody is signed in on this side, or the session has ended."""
