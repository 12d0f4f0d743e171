"""Who sees whom (DOMAIN.md, "Who sees whom"; VIS and DEP cases)."""

from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum

from portal_app.domain.ids import AccountId, PatientId

ADULT_AGE = 18
_SIMILAR = 0.75


class PatientStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"
    MERGED = "merged"


class ContactKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class RelationKind(StrEnum):
    PARENT = "parent"
    GUARDIAN = "guardian"


class GrantKind(StrEnum):
    PAY = "pay"
    CONTACT = "contact"
    APPOINTMENTS_AND_FORMS = "appointments_and_forms"


def full_name(given_name: str, family_name: str) -> str:
    """A person's whole name as it is shown and written: the given name first."""
    return f"{given_name} {family_name}"


def is_similar_name(one: str, other: str) -> bool:
    """Whether two given or two family names may be one name, written differently.

    Args:
        one, other: their keys (`name_key`): "ANNA", "ANNA MARIA". Equal, one the beginning of the other, or three
            quarters of their letters in the same order.
    """
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) > 1 and longer.startswith(shorter):
        return True
    return one == other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= _SIMILAR


def is_usable_contact(kind: ContactKind, may_text: bool) -> bool:
    """Whether messages may be sent to a contact: an email, or a phone whose owner has not stopped texts."""
    return kind is ContactKind.EMAIL or may_text


@dataclass(frozen=True, slots=True)
class Person:
    """What the rule needs to know of a patient; `guarantor` answers for their account."""

    id: PatientId
    birth_date: date | None = None
    guarantor: PatientId | None = None
    status: PatientStatus = PatientStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Bond:
    """`adult` answers for `patient`: a recorded relation, or a mark made by staff. `until` is its last day."""

    patient: PatientId
    adult: PatientId
    until: date | None = None

    def holds_on(self, today: date) -> bool:
        return self.until is None or today <= self.until


@dataclass(frozen=True, slots=True)
class Share:
    """`granter`, another adult, lets the viewer do one thing for them; `accounts`: those that the granter answers for."""

    granter: Person
    kind: GrantKind
    accounts: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """Everybody who could matter to one viewer, and what is recorded between them."""

    viewer: Person
    persons: tuple[Person, ...] = ()
    relations: tuple[Bond, ...] = ()
    marks: tuple[Bond, ...] = ()
    accounts: tuple[AccountId, ...] = ()  # those the viewer is guarantor of
    shares: tuple[Share, ...] = ()  # not withdrawn


@dataclass(frozen=True, slots=True)
class Seen:
    """What a viewer may see: whose charts, whose money, and what other adults share with them."""

    patients: frozenset[PatientId] = frozenset()
    accounts: frozenset[AccountId] = frozenset()
    granted_accounts: frozenset[AccountId] = frozenset()  # invoices they may pay for another adult
    granted_patients: frozenset[PatientId] = frozenset()  # whose appointments and forms alone


def birthday(born: date, years: int) -> date:
    """The day `years` are reached: for 29 February it is 1 March in a common year (VIS-6)."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def is_younger_than(born: date | None, years: int, today: date) -> bool:
    """Whether a person is younger than `years`. A birth date that is missing or ahead counts as an adult's (DEP-10)."""
    if born is None or born > today:
        return False
    return today < birthday(born, years)


def age_on(born: date, day: date) -> int:
    """Whole years lived on `day`."""
    years = day.year - born.year
    return years if birthday(born, years) <= day else years - 1


def is_doubtful_birth_date(born: date | None, today: date) -> bool:
    """Whether a birth date is missing or in the future: then nobody else has access, and staff get a task (DEP-10)."""
    return born is None or born > today


def is_child(person: Person, dependent_age: int, today: date) -> bool:
    """Whether they are younger than the age until which responsible adults act for them (a setting)."""
    return is_younger_than(person.birth_date, dependent_age, today)


def is_adult(person: Person, today: date) -> bool:
    """Whether a person is of age, or their birth date is not known."""
    return not is_younger_than(person.birth_date, ADULT_AGE, today)


def may_sign_in(person: Person, dependent_age: int, today: date) -> bool:
    """Whether a person may have a sign-in: not a child, and not merged, inactive or deceased."""
    return person.status is PatientStatus.ACTIVE and not is_child(person, dependent_age, today)


def seen_by(circle: Circle, dependent_age: int, today: date) -> Seen:
    """Whose charts and whose accounts the circle's viewer may see; nobody's if they may not sign in (VIS cases)."""
    viewer = circle.viewer
    if not may_sign_in(viewer, dependent_age, today):
        return Seen()
    if not is_adult(viewer, today):  # from dependent_age to 17 one sees only oneself
        return Seen(frozenset({viewer.id}), frozenset(circle.accounts))
    theirs = (p.id for p in circle.persons if _answers_for(circle, p, dependent_age, today))
    held = [share for share in circle.shares if _may_share(share.granter, today)]
    return Seen(
        patients=frozenset({viewer.id, *theirs}),
        accounts=frozenset(circle.accounts),
        granted_accounts=frozenset(
            a for share in held if share.kind is GrantKind.PAY for a in share.accounts
        ),
        granted_patients=frozenset(s.granter.id for s in held if s.kind is GrantKind.APPOINTMENTS_AND_FORMS),
    )


def _may_share(granter: Person, today: date) -> bool:
    """Whether what this person shared still counts: only while they are active and an adult."""
    return granter.status is PatientStatus.ACTIVE and is_adult(granter, today)


def _answers_for(circle: Circle, person: Person, dependent_age: int, today: date) -> bool:
    """Whether the viewer is a responsible adult of this person, who is a dependent."""
    if person.status is PatientStatus.MERGED:  # the chart lives on under another number
        return False
    me = circle.viewer.id
    if any(m.patient == person.id and m.adult == me and m.holds_on(today) for m in circle.marks):
        return True
    if not is_child(person, dependent_age, today):
        return False
    return person.guarantor == me or any(
        r.patient == person.id and r.adult == me and r.holds_on(today) for r in circle.relations
    )
