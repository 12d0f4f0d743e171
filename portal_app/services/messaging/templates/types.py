"""What every kind of message brings: its texts, and which of its notices are still current."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from portal_app.db.scope import Tx

Values: TypeAlias = dict[str, Any]
INVOICE_PAGE = "/invoices/{about}"


def _always(_tx: Tx, abouts: Sequence[str]) -> dict[str, Values]:
    """What happened stays true, and its text names nothing."""
    return {about: {} for about in abouts}


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
    # For kinds that wait for the daily digest.
    digest_line: str = ""  # what it says where there are several notices
    # Of the ids that notices are about: those which are still current, each with what its text names, as of now.
    current_values: Callable[[Tx, Sequence[str]], dict[str, Values]] = _always
    # The page that {portal} opens, after signing in: "{about}" is the id of what the message is about.
    opens: str = "/"


def opened_page(template: Template, about: str) -> str:
    """The path of the page that a message of this kind opens; the list of such things where it is about several."""
    return template.opens.replace("{about}", about).rstrip("/?") or "/"


Registry: TypeAlias = Mapping[str, Template]
