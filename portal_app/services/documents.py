"""Papers to keep: invoice and receipt as PDF, in the reader's language, with what the reader may see."""

from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound


def for_message(principal: Principal, document: str, id_: str, language: str) -> bytes:
    """What an outbox message names as its attachment. NotFound when there is no such thing."""
    raise NotFound
