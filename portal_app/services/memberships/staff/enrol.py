"""Staff enrol a family: a new membership of an owner, with its members, start and coupon."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, or_, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PlanId
from portal_app.domain.memberships.agreed import price_for_new
from portal_app.domain.memberships.periods import add_months
from portal_app.domain.memberships.prices import (
    Member,
    PeriodPrice,
    PriceVersion,
    is_above_monthly_limit,
    price_period,
)
from portal_app.domain.memberships.types import (
    RUNNING,
    EndReason,
    PlanStatus,
)
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.memberships.billing_run import bill_one
from portal_app.services.memberships.creation import (
    MembershipToMake,
    contract_end_of,
    make_membership,
)
from portal_app.services.memberships.load import PlanWithPrices, read_plans, to_coupon
from portal_app.services.memberships.plans.coupons import take_up_coupon, usable_coupon
from portal_app.services.memberships.plans.errors import PlanRetired, PlanWithoutPrice
from portal_app.services.memberships.plans.read import monthly_limits
from portal_app.services.memberships.staff.errors import (
    MemberNotOfFamily,
    MembersMissing,
    StartOutOfRange,
)
from portal_app.services.memberships.staff.open import (
    finish_change,
    name_of,
    owner_name,
    refuse_on_plan,
    require_amount,
)


@dataclass(frozen=True, slots=True)
class NewMembership:
    account_id: AccountId  # the owner is its guarantor
    plan_id: PlanId
    members: tuple[PatientId, ...]
    start: date
    coupon: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom staff may make a member."""

    id: PatientId
    name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who would pay a membership, and who may be on it."""

    owner_id: PatientId
    owner: str
    people: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentPreview:
    """What a new membership costs, before it is made. `first` is the first invoice, with the fee."""

    owner: str
    plan: str
    names: tuple[str, ...]
    price: PeriodPrice
    fee: Money | None
    first: Money
    contract_end: date | None
    above_limit: bool  # direct primary care above what is allowed a month


def list_candidates(principal: Principal, account_id: AccountId) -> Candidates:
    """The owner's family and whom the account is for: active patients, the eldest first. Raises NotFound."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        owner_id = tx.get_or_404(Account, account_id).guarantor_id
        owner, people = name_of(tx, owner_id), _candidates(tx, account_id)
    ordered = sorted(people.values(), key=lambda person: (person.birth_date or date.max, person.full_name))
    found = tuple(Candidate(person.id, person.full_name, person.birth_date) for person in ordered)
    return Candidates(owner_id, owner, found)


def preview_enrolment(principal: Principal, new: NewMembership) -> EnrolmentPreview:
    """What it would cost. Raises as `start_membership`, but for StaleAmount."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        return _planned(tx, new).preview


@retried
def _write(principal: Principal, membership_id: MembershipId, new: NewMembership, shown: Money) -> bool:
    with transaction(as_system(principal)) as tx:
        lock_account(tx, new.account_id)
        if tx.get(Membership, membership_id) is not None:
            return False
        planned = _planned(tx, new)
        require_amount(shown, planned.preview.first)
        _add(tx, membership_id, new, planned)
        return True


def start_membership(
    principal: Principal, membership_id: MembershipId, new: NewMembership, *, shown: Money
) -> MembershipId:
    """Make the membership; what is due of it is billed at once. The same id again is the same membership.

    Args:
        shown: the first invoice's amount on the page.

    Raises: PlanRetired, PlanWithoutPrice, MembersMissing, MemberNotOfFamily, AlreadyOnPlan, StartOutOfRange,
        CouponUnknown, StaleAmount; BirthDateMissing, NoBandForAge; NotFound.
    """
    principal.require(Permission.MANAGE_PLANS)
    if _write(principal, membership_id, new, shown):
        bill_one(as_system(principal), membership_id)
    return membership_id


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: PlanWithPrices
    price: PriceVersion
    preview: EnrolmentPreview


def _planned(tx: Tx, new: NewMembership) -> _Planned:
    owner = tx.get_or_404(Account, new.account_id)
    tx.get_or_404(Plan, new.plan_id)
    plan = read_plans(tx)[new.plan_id]
    if plan.row.status is not PlanStatus.ACTIVE:
        raise PlanRetired
    first, last = today(), add_months(today(), 12)
    if not first <= new.start <= last:
        raise StartOutOfRange(first=first, last=last)
    price = price_for_new(plan.terms.versions, new.start)
    if price is None:
        raise PlanWithoutPrice
    people = _members(tx, new)
    refuse_on_plan(tx, new.plan_id, new.members, new.start)
    coupons = [to_coupon(usable_coupon(tx, new.coupon, new.plan_id))] if new.coupon.strip() else []
    members = [Member(person.id, person.full_name, person.birth_date) for person in people]
    period = price_period(members, price, new.start, coupons)
    fee = _fee(tx, owner.id, plan.row)
    limit = monthly_limits(tx).for_people(len(people))
    lasting = period.full - period.saved_by_cap
    return _Planned(
        plan,
        price,
        EnrolmentPreview(
            owner=owner_name(tx, owner.id),
            plan=plan.row.name,
            names=tuple(person.full_name for person in people),
            price=period,
            fee=fee,
            first=period.amount + fee if fee else period.amount,
            contract_end=contract_end_of(plan.row, new.start),
            above_limit=plan.row.direct_primary_care
            and is_above_monthly_limit(lasting, plan.row.period.months, limit),
        ),
    )


def _members(tx: Tx, new: NewMembership) -> list[Patient]:
    if not new.members:
        raise MembersMissing
    known = _candidates(tx, new.account_id)
    if len(set(new.members)) != len(new.members) or not set(new.members) <= known.keys():
        raise MemberNotOfFamily
    return [known[id_] for id_ in new.members]


def _candidates(tx: Tx, account_id: AccountId) -> dict[PatientId, Patient]:
    owner = tx.get_or_404(Patient, tx.get_or_404(Account, account_id).guarantor_id)
    wanted = select(Patient).where(
        or_(col(Patient.family_id) == owner.family_id, col(Patient.account_id) == account_id),
        Patient.status == PatientStatus.ACTIVE,
    )
    return {person.id: person for person in tx.exec(wanted)}


def _fee(tx: Tx, account_id: AccountId, plan: Plan) -> Money | None:
    """Once per owner; of who was a member before only if the practice says so, and none is running."""
    if not plan.enrolment_fee:
        return None
    had = tx.exec(select(Membership).where(Membership.account_id == account_id)).all()
    had = [row for row in had if row.end_reason is not EndReason.REFUSED]
    again = SETTINGS["membership_fee_on_rejoining"].read(tx.get_or_404(Practice, "practice"))
    if had and not (again and not any(row.status in RUNNING for row in had)):
        return None
    return plan.enrolment_fee


def _add(tx: Tx, membership_id: MembershipId, new: NewMembership, planned: _Planned) -> None:
    preview = planned.preview
    row = make_membership(
        tx,
        MembershipToMake(
            id=membership_id,
            account_id=new.account_id,
            plan=planned.plan.row,
            price_id=planned.price.id,
            start=new.start,
            members=new.members,
            names=preview.names,
            amount=preview.price.amount,
            fee_due=preview.fee,
        ),
    )
    if new.coupon.strip():
        take_up_coupon(tx, row, new.coupon, new.start)
    finish_change(tx, row)
