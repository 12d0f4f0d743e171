"""The amount of a period, and what a plan includes, in lines that people read."""

from portal_app.db.tables.memberships import Plan
from portal_app.domain.memberships.prices import PeriodPrice
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.views.types import CouponLine, PriceLine, PriceLines


def price_lines(membership: LoadedMembership, price: PeriodPrice) -> PriceLines:
    """Each member's band price, what the family price saves, each coupon, and the amount."""
    names = {each.member.id: each.member.name for each in membership.agreed.enrolled}
    return PriceLines(
        tuple(PriceLine(names[part.member_id], part.full) for part in price.parts),
        price.saved_by_cap,
        tuple(CouponLine(reduction.code, reduction.amount) for reduction in price.reductions),
        price.amount,
    )


def includes_of(plan: Plan) -> tuple[str, ...]:
    """What the plan includes, one thing a line."""
    return tuple(line.strip() for line in plan.description.splitlines() if line.strip())
