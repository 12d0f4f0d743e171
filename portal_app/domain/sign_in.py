"""Sign-in by code and sessions: who matches, what is valid, and for how long (DOMAIN.md, Access)."""

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
    """How a sign-in code reaches the patient."""

    CONTACT = "contact"  # sent to an email or a phone
    DESK = "desk"  # printed by staff
    JOIN = "join"  # as CONTACT, asked for by somebody who wants to join online


class SessionScope(StrEnum):
    """What a session may be used for."""

    FULL = "full"
    EMBED = "embed"  # inside a frame on the practice's site: invoices and paying
    LINK = "link"  # the one purpose of an action link


CODE_LIFE = timedelta(minutes=15)  # CODE-10
JOIN_LIFE = timedelta(hours=2)  # how long joining may take after the code
CODE_TRIES = 5  # CODE-7
BIRTH_DATE_TRIES = 3  # CODE-7
IDLE = timedelta(minutes=15)  # a session ends after this time without activity
ABSOLUTE = timedelta(hours=12)  # and after this time in any case
ABSOLUTE_IN_FRAME = timedelta(hours=1)
TICKET_LIFE = timedelta(seconds=60)
STAFF_STEP_LIFE = timedelta(minutes=10)  # from the password to the code: time to install an authenticator app
STAFF_TRIES = 5
SET_UP_LINK_LIFE = timedelta(hours=48)  # of the link that sets up a first authenticator app
# Without letters and digits that look alike: people compare the reference by eye (CODE-9).
REFERENCE_LETTERS = "ACDEFHJKMNPQRTUVWXY3479"


class Match(StrEnum):
    """What a birth date leads to. The values are part of actions in the audit trail."""

    OK = "come in"
    WRONG = "wrong"
    CHILD = "child"  # CODE-5
    FIRST_NAME = "first name"  # CODE-6: several match, the first name is needed
    CALL_US = "call us"  # CODE-6: several match, by first name too


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the people who share the contact that a code was sent to."""

    person: Person
    given_name: str


def match_candidate(
    candidates: Iterable[Candidate], birth_date: date, first_name: str, dependent_age: int, today: date
) -> tuple[Match, PatientId | None]:
    """The candidate with this birth date who may sign in; the id only with Match.OK (CODE-3, 5, 6).

    Args:
        first_name: as typed; used only when several candidates were born that day.
        dependent_age: years; younger people do not sign in themselves.
    """
    same_day = [c for c in candidates if c.person.birth_date == birth_date]
    adults = [c for c in same_day if may_sign_in(c.person, dependent_age, today)]
    if not adults:
        child = any(is_child(c.person, dependent_age, today) for c in same_day)
        return (Match.CHILD if child else Match.WRONG), None
    if len(adults) > 1 and not first_name.strip():
        return Match.FIRST_NAME, None
    if len(adults) > 1:
        adults = [c for c in adults if is_same_first_name(c.given_name, first_name)]
    if len(adults) > 1:
        return Match.CALL_US, None
    return (Match.OK, adults[0].person.id) if adults else (Match.WRONG, None)


def is_same_first_name(given_name: str, typed: str) -> bool:
    """Whether a typed first name is the recorded one, whatever its accents and case.

    The first of several given names is enough: "maria" for "María José".
    """
    recorded, entered = comparable_name(given_name), comparable_name(typed)
    return bool(entered) and (recorded == entered or recorded.split()[:1] == [entered])


def comparable_name(name: str) -> str:
    """A name without accents, in lower case, with single spaces."""
    without_accents = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(without_accents.casefold().split())


def session_ref(value: str, scope: SessionScope = SessionScope.FULL) -> str:
    """The hash of a session cookie's value, which is all that the database keeps of it.

    A frame and an action link have cookies of their own. Their hashes are keyed with the scope, so that a value
    moved from one cookie to the other finds no session.
    """
    if scope is SessionScope.FULL:
        return hashlib.sha256(value.encode()).hexdigest()
    return hmac.new(scope.value.encode(), value.encode(), hashlib.sha256).hexdigest()


def longest_life(scope: SessionScope) -> timedelta:
    """How long a session lasts at most: twelve hours; one hour in a frame and by an action link."""
    return ABSOLUTE if scope is SessionScope.FULL else ABSOLUTE_IN_FRAME


def is_session_valid(
    created_at: datetime, seen_at: datetime, now: datetime, scope: SessionScope = SessionScope.FULL
) -> bool:
    """Whether a session that was not revoked is neither idle for 15 minutes nor past its longest life."""
    return now - seen_at < IDLE and now - created_at < longest_life(scope)
