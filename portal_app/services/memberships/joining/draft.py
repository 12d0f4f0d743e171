"""What somebody who joins has chosen and typed: checked, never repaired, and kept in their request."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import JoinRequest, Plan
from portal_app.domain.credentials.names import name_key
from portal_app.domain.families import ADULT_AGE, age_on
from portal_app.domain.ids import PlanId
from portal_app.domain.memberships.adding import Relationship
from portal_app.services.memberships.joining.errors import (
    MemberTwice,
    NobodyJoins,
    OwnerBirthDateMissing,
    OwnerNotAdult,
    PlanNotOffered,
    TooManyMembers,
)
from portal_app.services.memberships.members.person import NewPerson, check_birth_date, check_person
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.patients.contact_details import Address

MOST_MEMBERS = 12
_LONGEST_COUPON = 60  # characters, more than any code has
_KEPT = ("given_name", "family_name", "sex", "relationship", "consent")


@dataclass(frozen=True, slots=True)
class JoinChoice:
    """Which plan for whom. `members`: everybody but the one who joins and pays, the owner."""

    plan_id: PlanId
    owner_is_member: bool = False
    owner_birth_date: date | None = None
    members: tuple[NewPerson, ...] = ()
    coupon: str = ""


@dataclass(frozen=True, slots=True)
class JoinOwner:
    """Who joins and pays, as they typed it."""

    given_name: str
    family_name: str
    birth_date: date
    sex: str
    address: Address

    def as_person(self) -> NewPerson:
        return NewPerson(
            self.given_name,
            self.family_name,
            self.birth_date,
            self.sex,
            Relationship.OTHER,
            consent=True,
            address=self.address,
        )


def check_choice(tx: Tx, choice: JoinChoice) -> JoinChoice:
    """Check the plan's members; returns the choice with single spaces in the names.

    Raises: PlanNotOffered, CouponUnknown, NobodyJoins, TooManyMembers, MemberTwice, OwnerBirthDateMissing,
        OwnerNotAdult, what `check_person` raises.
    """
    if tx.get(Plan, choice.plan_id) is None:
        raise PlanNotOffered
    if len(choice.coupon) > _LONGEST_COUPON:
        raise CouponUnknown
    people = tuple(check_person(tx, person) for person in choice.members)
    if not people and not choice.owner_is_member:
        raise NobodyJoins
    if len(people) + choice.owner_is_member > MOST_MEMBERS:
        raise TooManyMembers(most=MOST_MEMBERS)
    seen: set[tuple[str, str, date]] = set()
    for person in people:
        key = (name_key(person.given_name), name_key(person.family_name), person.birth_date)
        if key in seen:
            raise MemberTwice(person=person.name)
        seen.add(key)
    if choice.owner_birth_date is not None:
        _require_adult(choice.owner_birth_date)
    elif choice.owner_is_member:
        raise OwnerBirthDateMissing
    return replace(choice, members=people)


def check_owner(tx: Tx, owner: JoinOwner) -> JoinOwner:
    """Check who joins and pays; returns them with single spaces in name and address.

    Raises: OwnerNotAdult, what `check_person` raises.
    """
    person = check_person(tx, owner.as_person())
    _require_adult(person.birth_date)
    return replace(
        owner,
        given_name=person.given_name,
        family_name=person.family_name,
        address=person.address or owner.address,
    )


def check_owner_once(owner: JoinOwner, choice: JoinChoice) -> None:
    """Who joins and pays is not typed as a member too: nobody is made, or pays, twice. Raises: MemberTwice."""
    mine = (name_key(owner.given_name), name_key(owner.family_name), owner.birth_date)
    for person in choice.members:
        if mine == (name_key(person.given_name), name_key(person.family_name), person.birth_date):
            raise MemberTwice(person=person.name)


def _require_adult(born: date) -> None:
    check_birth_date(born)
    if age_on(born, today()) < ADULT_AGE:
        raise OwnerNotAdult(age=ADULT_AGE)


def read_choice(request: JoinRequest) -> JoinChoice | None:
    """The choice in the request; None where nothing was chosen yet."""
    if request.plan_id is None:
        return None
    draft = request.draft
    return JoinChoice(
        plan_id=request.plan_id,
        owner_is_member=draft.get("owner_is_member", False),
        owner_birth_date=_day(draft.get("owner_birth_date")),
        members=tuple(
            NewPerson(
                birth_date=date.fromisoformat(kept["birth_date"]), **{name: kept[name] for name in _KEPT}
            )
            for kept in draft.get("members", [])
        ),
        coupon=draft.get("coupon", ""),
    )


def read_owner(request: JoinRequest) -> JoinOwner | None:
    """Who joins and pays, from the request; None where they have not typed it yet."""
    kept = request.draft.get("owner")
    if not kept:
        return None
    given = {name: kept[name] for name in ("given_name", "family_name", "sex")}
    return JoinOwner(
        birth_date=date.fromisoformat(kept["birth_date"]), address=Address(**kept["address"]), **given
    )


def store_choice(request: JoinRequest, choice: JoinChoice) -> None:
    """Write a checked choice into the request, which the caller has locked."""
    members: list[dict[str, Any]] = [
        {**{name: getattr(person, name) for name in _KEPT}, "birth_date": person.birth_date.isoformat()}
        for person in choice.members
    ]
    born = choice.owner_birth_date
    request.plan_id = choice.plan_id
    request.draft = {
        **request.draft,
        "owner_is_member": choice.owner_is_member,
        "owner_birth_date": born.isoformat() if born else None,
        "members": members,
        "coupon": choice.coupon.strip(),
    }


def store_owner(request: JoinRequest, owner: JoinOwner) -> None:
    """Write the checked details into the request. Their date of birth replaces the one chosen before, for the price too."""
    born = owner.birth_date.isoformat()
    request.draft = {
        **request.draft,
        "owner": {**asdict(owner), "birth_date": born},
        "owner_birth_date": born,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
