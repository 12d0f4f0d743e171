"""What every kind of message brings: its texts, and its own check whether it is still current."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from portal_app.db.scope import Tx

Values: TypeAlias = dict[str, Any]


def _always(_tx: Tx, _about: str) -> bool:
    """What happened stays true."""
    return True


def _nothing(_tx: Tx, _about: str) -> Values:
    return {}


@dataclass(frozen=True, slots=True)
class Template:
    """The texts are msgids; places in braces are filled when the message is written."""

    subject: str
    body: str
    sms: str
    name: str = ""  # what staff see it called; "" for the many about sign-in and contact details
    needs: tuple[str, ...] = ()  # values without which the practice's own texts are of no use
    last_line: str = ""  # stays as it is, in every language
    secret: bool = False  # the outbox deletes the text once it is sent
    editable: bool = False  # the practice may write its own texts for it
    # For kinds that wait for the daily digest. All three are asked for the id that the notice is about.
    digest_line: str = ""  # what it says where there are several notices
    is_still_current: Callable[[Tx, str], bool] = _always
    current_values: Callable[[Tx, str], Values] = _nothing  # what its text names, as of now
    opens_invoice: bool = False  # the id is an invoice's: the message may link to it


Registry: TypeAlias = Mapping[str, Template]
