"""What Stripe and Twilio sign is checked before anything reads it."""

import re

_ID = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidSignature(Exception):
    """A webhook that its sender did not sign, or signed too long ago."""


class MalformedWebhook(Exception):
    """A webhook that is signed and cannot be read: repeating it changes nothing."""


def webhook_id(value: object) -> str:
    """An id or a kind in a webhook: printable ASCII without spaces. Raises MalformedWebhook for anything else."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise MalformedWebhook
