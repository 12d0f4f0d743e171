"""Plans: create, change, retire."""

from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships.errors import ContractLengthInvalid
from portal_app.domain.memberships.types import Period, PlanStatus, PriceAudience
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.live import announce
from portal_app.services.memberships.plans.errors import (
    EnrolmentFeeNegative,
    PlanDescriptionTooLong,
    PlanNameMissing,
    PlanNameTaken,
    PlanNotComparable,
    PlanPeriodInUse,
)
from portal_app.services.memberships.plans.prices import NewPrice, add_price_version

_LONGEST_NAME, _LONGEST_DESCRIPTION, _LONGEST_CONTRACT = 120, 2000, 120


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What staff say of a plan, prices aside. `contract_months` None: it runs until it is cancelled."""

    name: str
    period: Period
    description: str = ""  # one item a line
    contract_months: int | None = None
    enrolment_fee: Money | None = None
    renews_automatically: bool = False
    keeps_price_in_term: bool = True
    joined_online: bool = False
    direct_primary_care: bool = False
    compared_to: PlanId | None = None


@retried
def create_plan(principal: Principal, plan_id: PlanId, facts: PlanFacts, price: NewPrice) -> PlanId:
    """Create a plan with its first prices, for new memberships from `price.first_day`. The same id again is the same plan.

    Raises: PlanNameMissing, PlanNameTaken, PlanDescriptionTooLong, ContractLengthInvalid, EnrolmentFeeNegative,
        PlanNotComparable; BandsMissing, BandsUnordered, PriceNegative, CapBelowOnePrice.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        if tx.get(Plan, plan_id) is not None:
            return plan_id
        facts = _checked(tx, plan_id, facts)
        plan = tx.add(Plan(id=plan_id, name=facts.name, period=facts.period))
        _write(plan, facts)
        tx.flush()
        first = min(price.first_day, today())
        add_price_version(tx, plan_id, price, first_day=first, audience=PriceAudience.NEW_MEMBERSHIPS)
        tx.on_commit(lambda: announce("plans", plan_id))
    return plan_id


@retried
def change_plan_facts(principal: Principal, plan_id: PlanId, facts: PlanFacts) -> None:
    """Change what a plan says. Running terms keep their dates; a changed contract length is of the next terms.

    Raises: as `create_plan`, and PlanPeriodInUse.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        plan = tx.get_or_404(Plan, plan_id, lock=True)
        facts = _checked(tx, plan_id, facts)
        if facts.period is not plan.period and _is_used(tx, plan_id):
            raise PlanPeriodInUse
        _write(plan, facts)
        tx.on_commit(lambda: announce("plans", plan_id))


@retried
def retire_plan(principal: Principal, plan_id: PlanId, *, active: bool = False) -> None:
    """Retire a plan: memberships that have it go on, nobody new gets it. `active` takes that back.

    Raises: PlanNameTaken, where another plan has taken its name since.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        plan = tx.get_or_404(Plan, plan_id, lock=True)
        if active:
            _refuse_taken_name(tx, plan_id, plan.name)
        plan.status = PlanStatus.ACTIVE if active else PlanStatus.RETIRED
        tx.on_commit(lambda: announce("plans", plan_id))


def new_plan_id() -> PlanId:
    """An id for a plan that is about to be written."""
    return PlanId(new_id("pln"))


def _write(plan: Plan, facts: PlanFacts) -> None:
    plan.name, plan.description, plan.period = facts.name, facts.description, facts.period
    plan.contract_months, plan.enrolment_fee = facts.contract_months, facts.enrolment_fee
    plan.renews_automatically = facts.renews_automatically and facts.contract_months is not None
    plan.keeps_price_in_term, plan.joined_online = facts.keeps_price_in_term, facts.joined_online
    plan.direct_primary_care, plan.compared_to_id = facts.direct_primary_care, facts.compared_to


def _checked(tx: Tx, plan_id: PlanId, facts: PlanFacts) -> PlanFacts:
    """The facts with spaces put right. Raises what `create_plan` names."""
    name = " ".join(facts.name.split())
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise PlanNameMissing(most=_LONGEST_NAME)
    lines = [" ".join(line.split()) for line in facts.description.splitlines()]
    description = "\n".join(line for line in lines if line)
    if len(description) > _LONGEST_DESCRIPTION:
        raise PlanDescriptionTooLong(most=_LONGEST_DESCRIPTION)
    months = facts.contract_months
    if months is not None and not (0 < months <= _LONGEST_CONTRACT and months % facts.period.months == 0):
        raise ContractLengthInvalid(months=facts.period.months)
    if facts.enrolment_fee is not None and facts.enrolment_fee.minor < 0:
        raise EnrolmentFeeNegative
    _refuse_taken_name(tx, plan_id, name)
    _check_comparison(tx, facts)
    return PlanFacts(
        name,
        facts.period,
        description,
        months,
        facts.enrolment_fee or None,
        facts.renews_automatically,
        facts.keeps_price_in_term,
        facts.joined_online,
        facts.direct_primary_care,
        facts.compared_to,
    )


def _refuse_taken_name(tx: Tx, plan_id: PlanId, name: str) -> None:
    others = select(Plan).where(Plan.status == PlanStatus.ACTIVE, col(Plan.id) != plan_id)
    if any(other.name.casefold() == name.casefold() for other in tx.exec(others)):
        raise PlanNameTaken


def _check_comparison(tx: Tx, facts: PlanFacts) -> None:
    if facts.compared_to is None:
        return
    other = tx.get(Plan, facts.compared_to)
    if (
        facts.period is not Period.YEAR
        or other is None
        or other.period is Period.YEAR
        or other.status is not PlanStatus.ACTIVE
    ):
        raise PlanNotComparable


def _is_used(tx: Tx, plan_id: PlanId) -> bool:
    return tx.exec(select(Membership.id).where(Membership.plan_id == plan_id).limit(1)).first() is not None
