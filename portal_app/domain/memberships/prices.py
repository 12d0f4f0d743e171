"""What a period costs: age bands, family cap, coupons, and each member's exact part (PRICE and CPN cases)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal_app.domain.families import age_on, is_doubtful_birth_date
from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.errors import (
    BandsMissing,
    BandsUnordered,
    BirthDateMissing,
    CapBelowOnePrice,
    NoBandForAge,
    NobodyEnrolled,
    PriceNegative,
)
from portal_app.domain.memberships.types import PriceAudience
from portal_app.domain.money import Money, percent_of, split_by_largest_remainder, total


@dataclass(frozen=True, slots=True)
class Band:
    """The price of one period for a person younger than `below` years; None: for every age that is left."""

    name: str  # "child", "adult", "senior"
    below: int | None
    price: Money


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """What a plan costs from `first_day` on, and for whom."""

    id: str
    first_day: date
    bands: tuple[Band, ...]
    family_cap: Money | None = None
    audience: PriceAudience = PriceAudience.NEW_MEMBERSHIPS


@dataclass(frozen=True, slots=True)
class Member:
    """One enrolled person, as the price needs them. `id` is the enrolment's, or any key of the caller."""

    id: str
    name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class MemberPart:
    """A member's part of a period: the band's price, and what is charged after cap and coupons."""

    member_id: str
    band: str
    full: Money
    charged: Money


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a coupon takes off a period."""

    coupon_id: str
    code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PeriodPrice:
    """The price of one period. `full` is the sum of the bands; `saved_by_cap` and `reductions` are not negative."""

    parts: tuple[MemberPart, ...]
    full: Money
    saved_by_cap: Money
    reductions: tuple[Reduction, ...]
    amount: Money


def band_for_age(bands: Sequence[Band], age: int) -> Band | None:
    """The first band, by rising limit, that a person of that age is below; None when none fits."""
    fitting = (band for band in bands if band.below is None or age < band.below)
    return min(fitting, key=lambda band: (band.below is None, band.below or 0), default=None)


def band_of(member: Member, version: PriceVersion, day: date) -> Band:
    """The member's band by their age on `day`, the bill date. Raises: BirthDateMissing, NoBandForAge."""
    if member.birth_date is None or is_doubtful_birth_date(member.birth_date, day):
        raise BirthDateMissing(person=member.name)
    age = age_on(member.birth_date, day)
    band = band_for_age(version.bands, age)
    if band is None:
        raise NoBandForAge(age=age, person=member.name)
    return band


def price_period(
    members: Sequence[Member], version: PriceVersion, day: date, coupons: Sequence[Coupon] = ()
) -> PeriodPrice:
    """The price of the period that begins on the bill date `day`.

    In this order: bands, family cap, percent coupons, amount coupons; never below zero (CPN-1). Cap and coupons
    lower the members' parts in proportion to their band prices (largest remainder), so that they add up.
    Raises: NobodyEnrolled, BirthDateMissing, NoBandForAge.
    """
    if not members:
        raise NobodyEnrolled
    bands = [band_of(member, version, day) for member in members]
    full = total(band.price for band in bands)
    capped = full if version.family_cap is None else min(full, version.family_cap)
    left, reductions = capped, list[Reduction]()
    for coupon in sorted(coupons, key=lambda coupon: coupon.percent is None):
        off = min(left, percent_of(left, coupon.percent) if coupon.percent else coupon.amount or left.zero())
        left -= off
        reductions.append(Reduction(coupon.id, coupon.code, off))
    weights = [band.price.minor for band in bands]
    charged = split_by_largest_remainder(left, weights) if any(weights) else [full] * len(bands)
    parts = (
        MemberPart(member.id, band.name, band.price, part)
        for member, band, part in zip(members, bands, charged, strict=True)
    )
    return PeriodPrice(tuple(parts), full, full - capped, tuple(reductions), left)


def check_bands(bands: Sequence[Band], family_cap: Money | None) -> None:
    """Refuse bands and a cap that would give wrong or no prices.

    Raises: BandsMissing, PriceNegative, BandsUnordered, CapBelowOnePrice.
    """
    if not bands:
        raise BandsMissing
    if any(band.price.minor < 0 for band in bands):
        raise PriceNegative
    limits = [band.below for band in bands]
    closed = [limit for limit in limits if limit is not None]
    if None in limits[:-1] or closed != sorted(set(closed)) or (closed and closed[0] <= 0):
        raise BandsUnordered
    dearest = max(band.price for band in bands)
    if family_cap is not None and family_cap < dearest:
        raise CapBelowOnePrice(price=dearest)


@dataclass(frozen=True, slots=True)
class YearSaved:
    """What a person of one band saves in a year that is paid ahead."""

    band: str
    amount: Money


def saved_by_paying_a_year(yearly: PriceVersion, monthly: PriceVersion, months: int) -> list[YearSaved]:
    """What the yearly plan saves, band by band, against twelve months of the other; bands that save nothing are left out.

    Args:
        months: of the other plan's period.
    """
    found: list[YearSaved] = []
    for band in yearly.bands:
        same = next((b for b in monthly.bands if (b.name, b.below) == (band.name, band.below)), None)
        if same and same.price * (12 // months) > band.price:
            found.append(YearSaved(band.name, same.price * (12 // months) - band.price))
    return found


def is_above_monthly_limit(amount: Money, months: int, limit: Money) -> bool:
    """Whether an amount for `months` months is more than the limit of a month (direct primary care)."""
    return amount > limit * months
