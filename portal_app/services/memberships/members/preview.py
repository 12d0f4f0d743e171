"""What adding a member changes, before it is confirmed: from when, and the price line by line (MEM-1, PRICE-1)."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import Principal
from portal_app.domain.errors import UserError
from portal_app.domain.ids import MembershipId, PatientId
from portal_app.domain.memberships.adding import PriceChange, difference, price_change, with_member
from portal_app.domain.memberships.errors import BirthDateMissing, NoBandForAge
from portal_app.domain.memberships.prices import Member
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money, total
from portal_app.services.as_system import as_system
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.members.asked import first_day_of_new, require_own_membership
from portal_app.services.memberships.members.duplicates import Alike, find_alike
from portal_app.services.memberships.members.errors import NoPriceForAge, PriceUnknown
from portal_app.services.memberships.members.invoiced import invoiced_periods, price_now
from portal_app.services.memberships.members.patients import (
    is_asked_first,
    members_of,
    patient_to_add,
    require_no_member,
    require_not_on_plan,
    who_may_be_added,
)
from portal_app.services.memberships.members.person import NewPerson, check_person

_NEW = "new"  # the new member's key in a price


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One member's line: the price of their age band, before the family price and coupons."""

    name: str
    amount: Money
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class NewPrice:
    """When a new member starts and what the period then costs."""

    start: date
    change: PriceChange
    own_invoice: Money | None  # where that period's invoice was made ahead: the new member's own (MEM-3)

    @property
    def amount(self) -> Money:
        return self.change.after.amount


@dataclass(frozen=True, slots=True)
class AddPreview:
    """What the check page shows. Nothing is paid on the day itself."""

    membership_id: MembershipId
    plan: str
    period: Period
    name: str
    days: int  # until the start
    price: NewPrice
    lines: tuple[PriceLine, ...]
    saved_by_cap: Money
    saved_by_coupons: Money
    alike: tuple[Alike, ...] = ()  # those the owner may see: asked about first
    is_asked_first: bool = False  # an adult who has to agree themself


@dataclass(frozen=True, slots=True)
class PersonChoice:
    """A patient whom the owner may add."""

    id: PatientId
    name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class AddStart:
    """What the first step shows: to which membership, from when, and who is on file already."""

    membership_id: MembershipId
    plan: str
    start: date
    choices: tuple[PersonChoice, ...]


def begin_adding(principal: Principal, membership_id: MembershipId) -> AddStart:
    """What adding a member begins with: the first day and who may be added. Raises NotFound, and as `first_day_of_new`."""
    require_own_membership(principal, membership_id)
    with reading(as_system(principal)) as tx:
        membership = load_membership(tx, tx.get_or_404(Membership, membership_id))
        start = first_day_of_new(tx, membership)
        people = who_may_be_added(tx, principal, membership, start)
    choices = tuple(PersonChoice(one.id, one.full_name, one.birth_date) for one in people)
    return AddStart(membership_id, membership.plan.name, start, choices)


def preview_member(
    principal: Principal, membership_id: MembershipId, whom: NewPerson | PatientId
) -> AddPreview:
    """What adding somebody new, or a patient whom the owner may see, changes. Writes nothing.

    Raises: NotFound, what `check_person` and `first_day_of_new` raise, AlreadyAMember, AlreadyOnPlan,
        NoPriceForAge, PriceUnknown.
    """
    require_own_membership(principal, membership_id)
    with reading(as_system(principal)) as tx:
        membership = load_membership(tx, tx.get_or_404(Membership, membership_id))
        start = first_day_of_new(tx, membership)
        alike: tuple[Alike, ...] = ()
        asked = False
        if isinstance(whom, NewPerson):
            whom = check_person(tx, whom)
            require_no_member(tx, membership, whom)
            alike = alike_to(tx, principal, membership, whom, start)
            member = Member(_NEW, whom.name, whom.birth_date)
        else:
            patient = patient_to_add(tx, principal, whom)
            require_no_member(tx, membership, patient)
            require_not_on_plan(tx, principal, membership, patient, start)
            member, asked = member_of(patient), is_asked_first(principal, patient)
        price = new_price(tx, membership, member, start)
    after = price.change.after
    return AddPreview(
        membership_id=membership_id,
        plan=membership.plan.name,
        period=membership.plan.period,
        name=member.name,
        days=(start - today()).days,
        price=price,
        lines=_lines(membership, price, member),
        saved_by_cap=after.saved_by_cap,
        saved_by_coupons=total((off.amount for off in after.reductions), after.amount.currency),
        alike=tuple(one for one in alike if one.may_be_seen),
        is_asked_first=asked,
    )


def alike_to(
    tx: Tx, principal: Principal, membership: LoadedMembership, person: NewPerson, start: date
) -> tuple[Alike, ...]:
    """Everybody on file who may be this person; those whom the owner may not see are for staff alone."""
    names = (person.given_name, person.family_name)
    return find_alike(tx, principal, names, person.birth_date, members_of(membership, start))


def member_of(patient: Patient) -> Member:
    """A patient as a new member, for the rules of the price."""
    return Member(_NEW, patient.full_name, patient.birth_date)


def new_price(tx: Tx, membership: LoadedMembership, member: Member, start: date) -> NewPrice:
    """What the membership costs from `start` on with one more member.

    Raises: NoPriceForAge, PriceUnknown.
    """
    try:
        change = price_change(membership.agreed, member, start)
    except (BirthDateMissing, NoBandForAge) as refusal:
        raise _refused(refusal, member) from refusal
    own: Money | None = None
    for period in invoiced_periods(tx, membership.row, start):
        if period.start == start:
            with_them = with_member(membership.agreed, member, start)
            own = difference(price_now(with_them, period), period.amount)
    return NewPrice(start, change, own)


def _refused(refusal: BirthDateMissing | NoBandForAge, member: Member) -> UserError:
    if isinstance(refusal, NoBandForAge) and refusal.values["person"] == member.name:
        return NoPriceForAge(age=refusal.values["age"])
    return PriceUnknown()


def _lines(membership: LoadedMembership, price: NewPrice, member: Member) -> tuple[PriceLine, ...]:
    names = {one.member.id: one.member.name for one in membership.agreed.enrolled} | {member.id: member.name}
    return tuple(
        PriceLine(names[part.member_id], part.full, part.member_id == member.id)
        for part in price.change.after.parts
    )
