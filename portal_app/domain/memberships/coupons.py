"""Coupons: percent or amount, for a number of periods, within a window, a number of times."""

from dataclasses import dataclass
from datetime import date

from portal_app.domain.memberships.errors import (
    CouponAmountInvalid,
    CouponDaysReversed,
    CouponKindUnclear,
    CouponPercentInvalid,
    CouponPeriodsInvalid,
)
from portal_app.domain.money import Money


@dataclass(frozen=True, slots=True)
class Coupon:
    """One reduction: `percent` (1 to 100) or `amount` of each period, for `periods` periods or all (None)."""

    id: str
    code: str
    percent: int | None = None
    amount: Money | None = None
    periods: int | None = None


@dataclass(frozen=True, slots=True)
class CouponWindow:
    """When and how often a coupon may be taken up; None is no limit. Days are the practice's, both included."""

    first_day: date | None = None
    last_day: date | None = None
    uses_at_most: int | None = None

    def is_open(self, today: date, uses: int) -> bool:
        """Whether it may be taken up on this day, after that many uses."""
        return (
            (self.first_day is None or today >= self.first_day)
            and (self.last_day is None or today <= self.last_day)
            and (self.uses_at_most is None or uses < self.uses_at_most)
        )


def check_coupon(coupon: Coupon, window: CouponWindow) -> None:
    """Refuse a coupon that takes off nothing, too much, or can never be used.

    Raises: CouponKindUnclear, CouponPercentInvalid, CouponAmountInvalid, CouponPeriodsInvalid, CouponDaysReversed.
    """
    if (coupon.percent is None) == (coupon.amount is None):
        raise CouponKindUnclear
    if coupon.percent is not None and not 1 <= coupon.percent <= 100:
        raise CouponPercentInvalid
    if coupon.amount is not None and coupon.amount.minor <= 0:
        raise CouponAmountInvalid
    if coupon.periods is not None and coupon.periods < 1:
        raise CouponPeriodsInvalid
    if window.uses_at_most is not None and window.uses_at_most < 1:
        raise CouponPeriodsInvalid(field="uses_at_most")
    if window.first_day and window.last_day and window.last_day < window.first_day:
        raise CouponDaysReversed
