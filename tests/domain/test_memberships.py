"""Memberships: which ones count as running, and the price of a band."""

import pytest

from portal_app.domain.memberships import RUNNING, MembershipStatus, price_for_age

BANDS = [
    {"name": "senior", "below": None, "minor": 20_00},
    {"name": "adult", "below": 65, "minor": 40_00},
    {"name": "child", "below": 18, "minor": 30_00},
]


def test_those_that_are_billed_now_or_later_run():
    assert sorted(RUNNING) == ["active", "pending"]
    assert set(MembershipStatus) - RUNNING == {MembershipStatus.ENDED, MembershipStatus.CANCELLED}


@pytest.mark.parametrize(("age", "minor"), [(0, 30_00), (17, 30_00), (18, 40_00), (64, 40_00), (65, 20_00)])
def test_the_first_band_that_somebody_is_below_says_the_price(age: int, minor: int):
    assert price_for_age(BANDS, age) == minor


def test_without_a_band_there_is_no_price():
    assert price_for_age([], 40) is None
    assert price_for_age([{"name": "child", "below": 18, "minor": 30_00}], 18) is None
