"""What became of a message: two answers, the same for mail and SMS."""

from dataclasses import dataclass
from typing import NoReturn


class ForgedText(Exception):
    """A text that the carrier did not sign."""


@dataclass(frozen=True, slots=True)
class Sent:
    reference: str = ""  # what the carrier calls it


@dataclass(frozen=True, slots=True)
class Failed:
    permanent: bool  # trying again is of no use
    reason: str  # for staff and the log; never the message's text
    stopped: bool = False  # the person told us to stop texting


Sending = Sent | Failed


class NotSetUp:
    """Stands where a carrier's keys are missing: messages wait, and staff are told in the end."""

    def send(self, *_: object, **__: object) -> Sending:
        return Failed(permanent=False, reason="not set up")

    def heard(self, *_: object) -> NoReturn:
        """Without keys nobody can have signed anything."""
        raise ForgedText
