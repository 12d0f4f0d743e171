"""The plans that are offered, and what joining costs, line by line, while somebody chooses."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.memberships import Plan
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.ids import PlanId
from portal_app.domain.memberships.agreed import price_for_new
from portal_app.domain.memberships.errors import NoBandForAge
from portal_app.domain.memberships.prices import Band, Member, PriceVersion, price_period
from portal_app.domain.memberships.types import Period, PlanStatus
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.creation import contract_end_of
from portal_app.services.memberships.joining.draft import JoinChoice, check_choice
from portal_app.services.memberships.joining.errors import JoiningOff, PlanNotOffered
from portal_app.services.memberships.load import PlanWithPrices, read_plans, to_coupon
from portal_app.services.memberships.members.errors import NoPriceForAge
from portal_app.services.memberships.plans.coupons import usable_coupon
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.practice.facts import joins_online
from portal_app.services.sign_in import rate_limits

_OWNER = "owner"  # their key in a price


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan that one may join. `includes`: what its description says, item by item."""

    id: PlanId
    name: str
    includes: tuple[str, ...]
    period: Period
    bands: tuple[Band, ...]
    family_cap: Money | None
    fee: Money | None
    contract_months: int | None
    renews_automatically: bool


@dataclass(frozen=True, slots=True)
class JoinLine:
    """One member's line: the price of their age band, and what is charged after the family price and the coupon.

    `name` is "" for the one who joins.
    """

    name: str
    amount: Money
    charged: Money


@dataclass(frozen=True, slots=True)
class JoinPrice:
    """What a period costs, and the first invoice, with the fee. `later`: a period after the coupon's last one."""

    plan: str
    period: Period
    lines: tuple[JoinLine, ...]
    saved_by_cap: Money
    saved_by_coupon: Money
    amount: Money
    fee: Money | None
    first: Money
    later: Money | None
    coupon_periods: int | None
    contract_end: date | None
    renews_automatically: bool
    price_id: str
    coupon_id: str | None


def require_joining_on(tx: Tx) -> None:
    """Refuse to join where the practice takes no new members online. Raises JoiningOff."""
    if not joins_online(tx.get_or_404(Practice, "practice")):
        raise JoiningOff


def list_join_plans(principal: Principal) -> tuple[PlanOffer, ...]:
    """The plans on the page for joining, by name. Raises: JoiningOff."""
    with reading(principal) as tx:
        require_joining_on(tx)
        return tuple(
            _offer(plan, price) for plan in read_plans(tx).values() if (price := _price_of(plan)) is not None
        )


def price_join(principal: Principal, choice: JoinChoice) -> JoinPrice:
    """What the choice costs today. Writes nothing.

    Raises: JoiningOff, PlanNotOffered, CouponUnknown, NoPriceForAge, TooManyAttempts, what `check_choice` raises.
    """
    with no_coupon_guessing(principal, choice), reading(as_system(principal)) as tx:
        require_joining_on(tx)
        return price_choice(tx, check_choice(tx, choice))


@contextmanager
def no_coupon_guessing(principal: Principal, choice: JoinChoice) -> Generator[None]:
    """Wherever a coupon is looked up for a stranger, the unknown ones are counted. Raises: TooManyAttempts."""
    if choice.coupon.strip():
        rate_limits.require_room("join coupon from", principal.ip)
    try:
        yield
    except CouponUnknown:
        rate_limits.count_attempt("join coupon from", principal.ip)
        raise


def price_choice(tx: Tx, choice: JoinChoice, request_id: str = "") -> JoinPrice:
    """The price of a choice that `check_choice` has checked, in a transaction that may read coupons.

    Args:
        request_id: whose own use of the coupon does not count against it; "" for nobody's.

    Raises: PlanNotOffered, CouponUnknown, NoPriceForAge.
    """
    plan = read_plans(tx).get(choice.plan_id)
    version = _price_of(plan) if plan else None
    if plan is None or version is None:
        raise PlanNotOffered
    code = choice.coupon.strip()
    coupon = usable_coupon(tx, code, plan.row.id, lock=tx.may_write, joining=request_id) if code else None
    people = [Member(str(place), one.name, one.birth_date) for place, one in enumerate(choice.members)]
    if choice.owner_is_member:
        people.insert(0, Member(_OWNER, "", choice.owner_birth_date))
    try:
        period = price_period(people, version, today(), [to_coupon(coupon)] if coupon else [])
    except NoBandForAge as refusal:
        raise NoPriceForAge(age=refusal.values["age"]) from refusal
    off = period.full - period.saved_by_cap - period.amount
    names = {person.id: person.name for person in people}
    fee = plan.row.enrolment_fee or None
    return JoinPrice(
        plan=plan.row.name,
        period=plan.row.period,
        lines=tuple(JoinLine(names[part.member_id], part.full, part.charged) for part in period.parts),
        saved_by_cap=period.saved_by_cap,
        saved_by_coupon=off,
        amount=period.amount,
        fee=fee,
        first=period.amount + fee if fee else period.amount,
        later=period.full - period.saved_by_cap if coupon and coupon.periods and off else None,
        coupon_periods=coupon.periods if coupon else None,
        contract_end=contract_end_of(plan.row, today()),
        renews_automatically=plan.row.renews_automatically,
        price_id=version.id,
        coupon_id=coupon.id if coupon else None,
    )


def _price_of(plan: PlanWithPrices) -> PriceVersion | None:
    """What a new membership costs today; None where the plan is not offered."""
    row: Plan = plan.row
    if row.status is not PlanStatus.ACTIVE or not row.joined_online:
        return None
    return price_for_new(plan.terms.versions, today())


def _offer(plan: PlanWithPrices, price: PriceVersion) -> PlanOffer:
    row = plan.row
    return PlanOffer(
        id=row.id,
        name=row.name,
        includes=tuple(line.strip() for line in row.description.splitlines() if line.strip()),
        period=row.period,
        bands=price.bands,
        family_cap=price.family_cap,
        fee=row.enrolment_fee or None,
        contract_months=row.contract_months,
        renews_automatically=row.renews_automatically,
    )
