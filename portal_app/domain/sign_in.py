"""The ways in, and for how long they hold (DOMAIN.md, Access)."""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal_app.domain.families import Person, is_child, may_sign_in
from portal_app.domain.ids import PatientId


class CodeWay(StrEnum):
    CONTACT = "contact"  # sent to an email or a phone
    DESK = "desk"  # printed by staff


class SessionScope(StrEnum):
    FULL = "full"
    EMBED = "embed"
    LINK = "link"  # one purpose


CODE_LIFE = timedelta(minutes=15)  # CODE-10
CODE_TRIES = 5  # CODE-7
BIRTH_DATE_TRIES = 3  # CODE-7
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
ABSOLUTE_IN_FRAME = timedelta(hours=1)
TICKET_LIFE = timedelta(seconds=60)
STAFF_STEP_LIFE = timedelta(minutes=10)  # time to install an authenticator app
STAFF_TRIES = 5
SET_UP_LINK_LIFE = timedelta(hours=48)  # of a first authenticator app
# Without letters and digits that look alike: it is compared by eye (CODE-9).
REFERENCE_LETTERS = "ACDEFHJKMNPQRTUVWXY3479"


class Match(StrEnum):
    """Who was born that day? What the birth date leads to."""

    OK = "come in"
    WRONG = "wrong"
    CHILD = "child"  # CODE-5
    FIRST_NAME = "first name"  # CODE-6
    CALL_US = "call us"  # CODE-6


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the household that a code was sent to."""

    person: Person
    given_name: str


def match_candidate(
    household: Iterable[Candidate], born: date, first_name: str, dependent_age: int, today: date
) -> tuple[Match, PatientId | None]:
    """The one of the household born that day (CODE-3, 5, 6)."""
    same_day = [m for m in household if m.person.birth_date == born]
    adults = [m for m in same_day if may_sign_in(m.person, dependent_age, today)]
    if not adults:
        child = any(is_child(m.person, dependent_age, today) for m in same_day)
        return (Match.CHILD if child else Match.WRONG), None
    if len(adults) > 1 and not first_name.strip():
        return Match.FIRST_NAME, None
    if len(adults) > 1:
        adults = [m for m in adults if is_called(m.given_name, first_name)]
    if len(adults) > 1:
        return Match.CALL_US, None
    return (Match.OK, adults[0].person.id) if adults else (Match.WRONG, None)


def is_called(given_name: str, typed: str) -> bool:
    """Without accents and case; of "María José", "maria" will do."""
    ours, theirs = plain(given_name), plain(typed)
    return bool(theirs) and (ours == theirs or ours.split()[:1] == [theirs])


def plain(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


def session_ref(value: str, scope: SessionScope = SessionScope.FULL) -> str:
    """What is kept of a cookie's value. It says whose cookie it is: one put in another's place fits nothing."""
    if scope is not SessionScope.EMBED:  # a link's session rides in the ordinary cookie
        return hashlib.sha256(value.encode()).hexdigest()
    return hmac.new(scope.value.encode(), value.encode(), hashlib.sha256).hexdigest()


def longest(scope: SessionScope) -> timedelta:
    """How long a session lasts whatever happens: in a frame, and by a link, an hour."""
    return ABSOLUTE if scope is SessionScope.FULL else ABSOLUTE_IN_FRAME


def still_holds(
    created_at: datetime, seen_at: datetime, now: datetime, scope: SessionScope = SessionScope.FULL
) -> bool:
    """A session ends after 15 minutes without activity, and after 12 hours (in a frame: one) whatever happens."""
    return now - seen_at < IDLE and now - created_at < longest(scope)


def lock_after(failures: int) -> timedelta:
    """How long staff wait after so many wrong passwords or codes: it doubles from the fifth on."""
    if failures < STAFF_TRIES:
        return timedelta()
    return min(timedelta(minutes=2 ** (failures - STAFF_TRIES)), timedelta(hours=1))
