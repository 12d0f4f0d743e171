"""The ways in, and for how long they hold (DOMAIN.md, Access)."""

from datetime import datetime, timedelta
from enum import StrEnum


class CodeWay(StrEnum):
    CONTACT = "contact"  # sent to an email or a phone
    DESK = "desk"  # printed by staff


class SessionScope(StrEnum):
    FULL = "full"
    EMBED = "embed"


CODE_LIFE = timedelta(minutes=15)  # CODE-10
CODE_TRIES = 5  # CODE-7
BIRTH_DATE_TRIES = 3  # CODE-7
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
TICKET_LIFE = timedelta(seconds=60)


def still_holds(created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """A session ends after 15 minutes without activity, and after 12 hours whatever happens."""
    return now - seen_at < IDLE and now - created_at < ABSOLUTE
