"""Plans as staff see them: prices by version, how many memberships have each, what a year paid ahead saves."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, func

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, PlanId
from portal_app.domain.memberships.agreed import price_for_new
from portal_app.domain.memberships.prices import (
    PriceVersion,
    YearSaved,
    is_above_monthly_limit,
    saved_by_paying_a_year,
)
from portal_app.domain.memberships.types import RUNNING, Period, PlanStatus
from portal_app.domain.money import Money, minor_digits
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.as_system import as_system
from portal_app.services.memberships.load import PlanWithPrices, read_plans
from portal_app.services.memberships.plans.edit import PlanFacts
from portal_app.services.memberships.plans.prices import earliest_first_day


@dataclass(frozen=True, slots=True)
class MonthlyLimits:
    """What direct primary care may cost a month, so that a health savings account stays allowed."""

    one: Money
    several: Money

    def for_people(self, count: int) -> Money:
        return self.one if count == 1 else self.several


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with its prices, the newest first. `now`: what a new membership costs today, None for nothing yet."""

    id: PlanId
    facts: PlanFacts
    active: bool
    versions: tuple[PriceVersion, ...]
    now: PriceVersion | None
    memberships: int  # running
    year_saves: tuple[YearSaved, ...]
    compared_to: str  # name of the plan that it is compared to
    above_limit_of_one: bool  # direct primary care: a person's price is above the monthly limit
    above_limit_of_several: bool  # the most that a family can pay is
    limits: MonthlyLimits
    earliest_price: date  # the first day that a new price may begin
    agreement_id: AgreementId | None  # what its owners sign


def list_plans(principal: Principal) -> tuple[PlanView, ...]:
    """All plans, active ones first, by name."""
    principal.require(Permission.VIEW_BILLING)
    with reading(as_system(principal)) as tx:
        views = _views(tx)
        return tuple(sorted(views, key=lambda view: (not view.active, view.facts.name.casefold())))


def view_plan(principal: Principal, plan_id: PlanId) -> PlanView:
    """One plan. Raises NotFound."""
    principal.require(Permission.VIEW_BILLING)
    with reading(as_system(principal)) as tx:
        found = next((view for view in _views(tx) if view.id == plan_id), None)
    if found is None:
        raise NotFound
    return found


def monthly_limits(tx: Tx) -> MonthlyLimits:
    """The limits of direct primary care, in the practice's currency (settings)."""
    row = tx.get_or_404(Practice, "practice")
    unit = 10 ** minor_digits(row.currency)

    def limit(of: str) -> Money:
        return Money(int(SETTINGS[f"membership_monthly_limit_of_{of}"].read(row)) * unit, row.currency)

    return MonthlyLimits(limit("one"), limit("several"))


def _views(tx: Tx) -> list[PlanView]:
    plans, limits, earliest = read_plans(tx), monthly_limits(tx), earliest_first_day(tx)
    counted = (
        columns(Membership.plan_id, func.count())
        .where(col(Membership.status).in_(sorted(RUNNING)))
        .group_by(col(Membership.plan_id))
    )
    running = dict(tx.exec(counted).all())
    return [_view(plan, plans, running.get(id_, 0), limits, earliest) for id_, plan in plans.items()]


def _view(
    plan: PlanWithPrices,
    plans: dict[PlanId, PlanWithPrices],
    running: int,
    limits: MonthlyLimits,
    earliest: date,
) -> PlanView:
    row, versions = plan.row, plan.terms.versions
    now = price_for_new(versions, today())
    other = plans.get(row.compared_to_id) if row.compared_to_id else None
    return PlanView(
        id=row.id,
        facts=to_facts(row),
        active=row.status is PlanStatus.ACTIVE,
        versions=tuple(reversed(versions)),
        now=now,
        memberships=running,
        year_saves=_year_saves(now, other, row.period),
        compared_to=other.row.name if other else "",
        above_limit_of_one=row.direct_primary_care and _one_above(now, row.period, limits),
        above_limit_of_several=row.direct_primary_care and _several_above(now, row.period, limits),
        limits=limits,
        earliest_price=earliest,
        agreement_id=row.agreement_id,
    )


def to_facts(row: Plan) -> PlanFacts:
    """A plan's facts as staff write them, from its row."""
    return PlanFacts(
        name=row.name,
        period=row.period,
        description=row.description,
        contract_months=row.contract_months,
        enrolment_fee=row.enrolment_fee,
        renews_automatically=row.renews_automatically,
        keeps_price_in_term=row.keeps_price_in_term,
        joined_online=row.joined_online,
        direct_primary_care=row.direct_primary_care,
        compared_to=row.compared_to_id,
    )


def _year_saves(
    now: PriceVersion | None, other: PlanWithPrices | None, period: Period
) -> tuple[YearSaved, ...]:
    shorter = price_for_new(other.terms.versions, today()) if other else None
    if now is None or other is None or shorter is None or period is not Period.YEAR:
        return ()
    return tuple(saved_by_paying_a_year(now, shorter, other.row.period.months))


def _one_above(now: PriceVersion | None, period: Period, limits: MonthlyLimits) -> bool:
    bands = now.bands if now else ()
    return any(is_above_monthly_limit(band.price, period.months, limits.one) for band in bands)


def _several_above(now: PriceVersion | None, period: Period, limits: MonthlyLimits) -> bool:
    """Whether the family price is above the limit. Without one each membership is asked, not the plan."""
    cap = now.family_cap if now else None
    return cap is not None and is_above_monthly_limit(cap, period.months, limits.several)
