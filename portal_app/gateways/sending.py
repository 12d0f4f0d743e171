"""The result of sending a message, the same for mail and SMS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from portal_app.gateways.signatures import InvalidSignature


@dataclass(frozen=True, slots=True)
class Sent:
    reference: str = ""  # what the carrier calls it


@dataclass(frozen=True, slots=True)
class Failed:
    permanent: bool  # trying again is of no use
    reason: str  # for staff and the log; never the message's text
    opted_out: bool = False  # the person has opted out of texts (STOP)
    ours: bool = (
        False  # the practice's own sender or sign-in is refused: never the recipient's mistake (PROC)
    )


def refused_sender(reason: str) -> Failed:
    """Our sender address, number or account is refused: the message waits until staff have put it right."""
    return Failed(permanent=False, reason=reason, ours=True)


Sending = Sent | Failed


class NotConfigured:
    """Used where a carrier's keys are missing: messages wait, and staff get a task in the end."""

    def send(self, *_: object, **__: object) -> Sending:
        return Failed(permanent=False, reason="not set up")

    def read_incoming(self, url: str, form: Mapping[str, str], signature: str) -> NoReturn:
        """Refuse every text: without keys nobody can have signed one."""
        raise InvalidSignature
