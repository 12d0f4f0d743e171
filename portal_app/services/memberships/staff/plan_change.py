"""Another plan, from the next bill date on."""

from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.memberships import Coupon, MembershipCoupon, MembershipTerm, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships.agreed import Term, price_for_new
from portal_app.domain.memberships.periods import ONE_DAY, term_of
from portal_app.domain.memberships.prices import PeriodPrice, is_above_monthly_limit
from portal_app.domain.memberships.types import EventKind, PlanStatus
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, read_plans
from portal_app.services.memberships.plans.errors import PlanRetired, PlanWithoutPrice
from portal_app.services.memberships.plans.read import monthly_limits
from portal_app.services.memberships.staff.errors import NothingBilledAhead, SamePlan
from portal_app.services.memberships.staff.open import (
    finish_change,
    open_membership,
    owner_name,
    refuse_on_plan,
    require_amount,
)


@dataclass(frozen=True, slots=True)
class PlanChangePreview:
    """The first period at the new plan, and what it was before."""

    owner: str
    plan: str
    first_day: date
    before: Money
    price: PeriodPrice
    contract_end: date | None
    above_limit: bool


@dataclass(frozen=True, slots=True)
class _Planned:
    preview: PlanChangePreview
    term: Term


def preview_plan_change(
    principal: Principal, membership_id: MembershipId, plan_id: PlanId
) -> PlanChangePreview:
    """What the change would cost. Raises as `change_plan`, but for StaleAmount."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        return _planned(tx, open_membership(tx, membership_id), plan_id).preview


@retried
def change_plan(principal: Principal, membership_id: MembershipId, plan_id: PlanId, *, shown: Money) -> None:
    """Begin a term of another plan on the first bill date that has no invoice; terms agreed for later days fall away.

    Args:
        shown: the amount of the first period on the page.

    Raises: PlanRetired, PlanWithoutPrice, SamePlan, NothingBilledAhead, AlreadyOnPlan, StaleAmount;
        BilledByPracticeSystem, MembershipNotRunning; BirthDateMissing, NoBandForAge, NobodyEnrolled; NotFound.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        planned = _planned(tx, membership, plan_id)
        require_amount(shown, planned.preview.price.amount)
        _write_terms(tx, membership, planned.term)
        row, first = membership.row, planned.term.first_day
        row.contract_end, row.renewal_price_id = planned.term.last_day, None
        if row.renews_automatically and planned.term.last_day is None:
            row.renews_automatically = False
        if first <= today():
            row.plan_id = plan_id
        _drop_coupons_of_other_plans(tx, membership_id, plan_id)
        add_event(
            tx,
            row,
            EventKind.PLAN_CHANGED,
            plan=planned.preview.plan,
            first_day=first,
            before=planned.preview.before,
            amount=planned.preview.price.amount,
        )
        finish_change(tx, row)


def _planned(tx: Tx, membership: LoadedMembership, plan_id: PlanId) -> _Planned:
    tx.get_or_404(Plan, plan_id)
    plan, agreed, row = read_plans(tx)[plan_id], membership.agreed, membership.row
    first = row.next_bill_date
    if first is None:
        raise NothingBilledAhead
    if plan.row.status is not PlanStatus.ACTIVE:
        raise PlanRetired
    if agreed.term_on(first).plan.id == plan_id:
        raise SamePlan
    version = price_for_new(plan.terms.versions, today())
    if version is None:
        raise PlanWithoutPrice
    refuse_on_plan(tx, plan_id, [e.patient_id for e in membership.enrolments], first, but=row.id)
    months = plan.row.contract_months
    last = term_of(first, months, row.anchor).last if months else None
    term = Term(new_id("trm"), first, last, plan.terms, version)
    kept = tuple(
        replace(each, last_day=min(each.last_day or first - ONE_DAY, first - ONE_DAY))
        for each in agreed.terms
        if each.first_day < first
    )
    price = replace(agreed, terms=(*kept, term)).price_on(first)
    people = agreed.members_on(first)
    limit = monthly_limits(tx).for_people(len(people))
    preview = PlanChangePreview(
        owner=owner_name(tx, row.account_id),
        plan=plan.row.name,
        first_day=first,
        before=agreed.price_on(first).amount,
        price=price,
        contract_end=last,
        above_limit=plan.row.direct_primary_care
        and is_above_monthly_limit(price.full - price.saved_by_cap, plan.row.period.months, limit),
    )
    return _Planned(preview, term)


def _write_terms(tx: Tx, membership: LoadedMembership, term: Term) -> None:
    for row in membership.terms:
        if row.first_day >= term.first_day:
            tx.delete(row)
        elif row.last_day is None or row.last_day >= term.first_day:
            row.last_day = term.first_day - ONE_DAY
    tx.flush()
    tx.add(
        MembershipTerm(
            id=term.id,
            account_id=membership.row.account_id,
            membership_id=membership.row.id,
            plan_id=PlanId(term.plan.id),
            price_id=term.price.id,
            first_day=term.first_day,
            last_day=term.last_day,
            agreed_at=now(),
            agreed_by=tx.principal.name,
        )
    )


def _drop_coupons_of_other_plans(tx: Tx, membership_id: MembershipId, plan_id: PlanId) -> None:
    held = (
        select(MembershipCoupon)
        .join(Coupon, col(Coupon.id) == col(MembershipCoupon.coupon_id))
        .where(
            MembershipCoupon.membership_id == membership_id,
            col(Coupon.plan_id).is_not(None),
            col(Coupon.plan_id) != plan_id,
        )
    )
    for row in tx.exec(held).all():
        tx.delete(row)
