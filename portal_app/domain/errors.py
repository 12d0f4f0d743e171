"""What the portal may answer instead of doing what was asked.

A refusal carries a message key (English text with named places, the gettext msgid)
and the values that fill them; the outer layers say it in the reader's language.
"""

from typing import Any


class UserError(Exception):
    """A business refusal, written for the person who reads it.

    `message` is the English msgid, like "You can pay up to {amount}"; `values` may hold
    Money, date and datetime: whoever speaks formats them for the reader's locale.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = values


class NotFound(UserError):
    """Absent, or not yours: from outside the two look the same."""

    def __init__(self) -> None:
        super().__init__("We could not find that.")


class PermissionDenied(UserError):
    """Signed in, without the permission. Says what is missing, so that one knows whom to ask."""

    def __init__(self, permission: str) -> None:
        super().__init__(
            "You do not have access to this. Ask an owner of the portal for: {permission}",
            permission=permission,
        )
        self.permission = permission


class NotSignedIn(Exception):
    """Nobody is signed in on this side, or the session has ended."""
