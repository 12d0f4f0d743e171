"""Bands, family cap and coupons (PRICE and CPN cases); each member's part adds up to the whole."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.errors import UserError
from portal_app.domain.memberships.coupons import Coupon, CouponWindow, check_coupon
from portal_app.domain.memberships.errors import (
    BandsMissing,
    BandsUnordered,
    BirthDateMissing,
    CapBelowOnePrice,
    CouponAmountInvalid,
    CouponDaysReversed,
    CouponKindUnclear,
    CouponPercentInvalid,
    CouponPeriodsInvalid,
    NoBandForAge,
    NobodyEnrolled,
    PriceNegative,
)
from portal_app.domain.memberships.prices import Band, Member, PriceVersion, check_bands, price_period
from portal_app.domain.money import Money, total

CHILD, ADULT = Band("child", 18, Money(30_00)), Band("adult", None, Money(80_00))
VERSION = PriceVersion("ppr_1", date(2026, 1, 1), (CHILD, ADULT), Money(190_00))
JULY = date(2026, 7, 1)
ANA = Member("ana", "Ana", date(1985, 3, 1))
BEN = Member("ben", "Ben", date(1983, 3, 1))
CAL = Member("cal", "Cal", date(2017, 3, 1))
ELI = Member("eli", "Eli", date(2010, 6, 16))


def amount(*members: Member, day: date = JULY, coupons: tuple[Coupon, ...] = ()) -> Money:
    return price_period(members, VERSION, day, coupons).amount


def test_price_1_a_child_more_is_30_more():
    assert (amount(ANA, CAL), amount(ANA, CAL, ELI)) == (Money(110_00), Money(140_00))


def test_price_2_at_the_family_cap_the_price_stays():
    before, after = (
        price_period([ANA, BEN, CAL], VERSION, JULY),
        price_period([ANA, BEN, CAL, ELI], VERSION, JULY),
    )
    assert (before.amount, before.saved_by_cap) == (Money(190_00), Money(0))
    assert (after.amount, after.saved_by_cap) == (Money(190_00), Money(30_00))


def test_price_3_the_age_on_the_bill_date_decides():
    kai = Member("kai", "Kai", date(2008, 7, 1))
    assert amount(ANA, kai) == Money(160_00)
    assert amount(ANA, kai, day=date(2026, 6, 30)) == Money(110_00)


def test_cpn_1_percent_before_amount_and_after_the_cap():
    ten, twenty = Coupon("c1", "TEN", percent=10), Coupon("c2", "TWENTY", amount=Money(20_00))
    assert amount(ANA, CAL, coupons=(twenty, ten)) == Money(79_00)
    assert amount(ANA, BEN, CAL, ELI, coupons=(ten,)) == Money(171_00)


def test_a_coupon_never_takes_more_than_there_is():
    huge = price_period([CAL], VERSION, JULY, (Coupon("c", "ALL", amount=Money(999_00)),))
    assert huge.amount == Money(0)
    assert [part.charged for part in huge.parts] == [Money(0)]
    assert huge.reductions[0].amount == Money(30_00)


def test_a_member_without_a_usable_date_of_birth_has_no_price():
    for born in (None, date(2030, 1, 1)):
        with pytest.raises(BirthDateMissing) as refused:
            price_period([ANA, Member("x", "Xu", born)], VERSION, JULY)
        assert refused.value.values["person"] == "Xu"


def test_a_member_whom_no_band_fits_has_no_price():
    with pytest.raises(NoBandForAge):
        price_period([ANA], PriceVersion("p", JULY, (CHILD,)), JULY)
    with pytest.raises(NobodyEnrolled):
        price_period([], VERSION, JULY)


births = st.dates(date(1930, 1, 1), date(2026, 1, 1))
prices = st.integers(0, 500_00)


@given(
    st.lists(births, min_size=1, max_size=9),
    st.tuples(prices, prices, prices),
    st.one_of(st.none(), prices),
    st.one_of(st.none(), st.integers(1, 100)),
    st.one_of(st.none(), st.integers(1, 300_00)),
)
def test_the_parts_add_up_and_no_part_is_more_than_its_band(
    born: list[date], minors: tuple[int, int, int], cap: int | None, percent: int | None, off: int | None
):
    bands = tuple(Band(n, b, Money(m)) for n, b, m in zip("cas", (18, 65, None), minors, strict=True))
    version = PriceVersion("p", JULY, bands, None if cap is None else Money(cap))
    coupons = [Coupon("a", "A", percent=percent)] if percent else []
    coupons += [Coupon("b", "B", amount=Money(off))] if off else []
    members = [Member(str(n), "M", day) for n, day in enumerate(born)]
    priced = price_period(members, version, JULY, coupons)
    assert total(part.charged for part in priced.parts) == priced.amount >= Money(0)
    assert all(Money(0) <= part.charged <= part.full for part in priced.parts)
    assert priced.full - priced.saved_by_cap - total(r.amount for r in priced.reductions) == priced.amount


@pytest.mark.parametrize(
    ("bands", "cap", "error"),
    [
        ((), None, BandsMissing),
        ((Band("adult", None, Money(-1)),), None, PriceNegative),
        ((ADULT, CHILD), None, BandsUnordered),
        ((CHILD, Band("young", 18, Money(1)), ADULT), None, BandsUnordered),
        ((Band("none", 0, Money(1)), ADULT), None, BandsUnordered),
        ((CHILD, ADULT), Money(79_99), CapBelowOnePrice),
    ],
)
def test_wrong_bands_are_refused(bands: tuple[Band, ...], cap: Money | None, error: type[UserError]):
    with pytest.raises(error):
        check_bands(bands, cap)


def test_right_bands_are_taken():
    check_bands((CHILD, ADULT), Money(80_00))
    check_bands((CHILD,), None)


@pytest.mark.parametrize(
    ("coupon", "window", "error"),
    [
        (Coupon("c", "C", percent=101), CouponWindow(), CouponPercentInvalid),
        (Coupon("c", "C", percent=0), CouponWindow(), CouponPercentInvalid),
        (Coupon("c", "C", percent=-5), CouponWindow(), CouponPercentInvalid),
        (Coupon("c", "C", amount=Money(-5)), CouponWindow(), CouponAmountInvalid),
        (Coupon("c", "C"), CouponWindow(), CouponKindUnclear),
        (Coupon("c", "C", percent=5, amount=Money(5)), CouponWindow(), CouponKindUnclear),
        (Coupon("c", "C", percent=5, periods=0), CouponWindow(), CouponPeriodsInvalid),
        (Coupon("c", "C", percent=5), CouponWindow(uses_at_most=0), CouponPeriodsInvalid),
        (Coupon("c", "C", percent=5), CouponWindow(JULY, date(2026, 6, 30)), CouponDaysReversed),
    ],
)
def test_wrong_coupons_are_refused(coupon: Coupon, window: CouponWindow, error: type[UserError]):
    with pytest.raises(error):
        check_coupon(coupon, window)


def test_a_coupon_is_open_in_its_window_while_it_has_uses_left():
    window = CouponWindow(JULY, date(2026, 7, 31), 2)
    assert window.is_open(JULY, 1) and window.is_open(date(2026, 7, 31), 0)
    assert not window.is_open(JULY, 2)
    assert not window.is_open(date(2026, 6, 30), 0) and not window.is_open(date(2026, 8, 1), 0)
