"""Bill dates, prices and ends of a whole membership (MEM, REN, PRICE-5, CPN cases)."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.memberships.agreed import Agreed, Enrolled, HeldCoupon, PlanTerms, Term, price_for_new
from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.ending import (
    contract_end_after_pause,
    end_of_period,
    moved_by_periods,
    unearned,
)
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.prices import Band, Member, PriceVersion
from portal_app.domain.memberships.types import Period, PriceAudience
from portal_app.domain.money import Money

ANA = Enrolled(Member("ana", "Ana", date(1985, 3, 1)), date(2026, 1, 15))
BEA = Enrolled(Member("bea", "Bea", date(2017, 3, 1)), date(2026, 1, 15))
CARA = Enrolled(Member("cara", "Cara", date(2018, 3, 1)), date(2026, 3, 15))


def version(id_: str, first: date, adult: int, audience: PriceAudience = PriceAudience.NEW_MEMBERSHIPS):
    bands = (Band("child", 18, Money(30_00)), Band("adult", None, Money(adult)))
    return PriceVersion(id_, first, bands, None, audience)


OLD = version("old", date(2020, 1, 1), 80_00)
RAISED = version("raised", date(2026, 5, 1), 90_00, PriceAudience.EVERYBODY)
FOR_NEW = version("for_new", date(2026, 4, 1), 95_00)


def membership(
    *versions: PriceVersion, last_day: date | None = None, start: date = date(2026, 1, 15), **more: object
) -> Agreed:
    plan = PlanTerms("pln_1", Period.MONTH, (OLD, *versions))
    term = Term("trm_1", start, last_day, plan, OLD)
    return Agreed(start, start, (term,), (ANA, BEA), **more)  # type: ignore[arg-type]


def amounts(agreed: Agreed, *days: date) -> list[int]:
    return [agreed.price_on(day).amount.minor // 100 for day in days]


def test_mem_1_a_member_who_starts_on_the_bill_date_is_in_that_price():
    agreed = replace(membership(), enrolled=(ANA, BEA, CARA))
    assert amounts(agreed, date(2026, 2, 15), date(2026, 3, 15)) == [110, 140]


def test_mem_4_the_next_bill_date_of_a_quarter():
    plan = PlanTerms("pln_1", Period.QUARTER, (OLD,))
    agreed = Agreed(
        date(2026, 2, 1), date(2026, 2, 1), (Term("t", date(2026, 2, 1), None, plan, OLD),), (ANA,)
    )
    assert agreed.next_bill_date(date(2026, 3, 3)) == date(2026, 5, 1)


def test_the_next_bill_date_is_today_until_todays_invoice_is_made():
    agreed, today = membership(), date(2026, 3, 15)
    assert agreed.next_bill_date(today) == today
    assert agreed.next_bill_date(today, {today}) == date(2026, 4, 15)
    assert agreed.next_bill_date(date(2026, 3, 8), {today}) == today  # made ahead: it does not move


def test_mem_6_an_ended_member_is_in_no_later_price_and_an_ended_membership_has_no_bill_date():
    agreed = replace(membership(), enrolled=(ANA, BEA, replace(CARA, last_day=date(2026, 4, 14))))
    assert end_of_period(agreed, date(2026, 3, 20)) == date(2026, 4, 14)
    assert amounts(agreed, date(2026, 3, 15), date(2026, 4, 15)) == [140, 110]
    ended = replace(membership(), ends_on=date(2026, 4, 14))
    assert list(ended.bill_dates(date(2026, 3, 1), date(2027, 1, 1))) == [date(2026, 3, 15)]
    assert ended.next_bill_date(date(2026, 3, 16)) is None


def test_mem_18_the_unearned_part_is_counted_by_days():
    period = Span(date(2026, 3, 15), date(2026, 4, 14))
    assert unearned(Money(110_00), period, date(2026, 3, 25)) == Money(70_97)
    assert unearned(Money(110_00), period, date(2026, 4, 14)) == Money(0)
    assert unearned(Money(110_00), period, date(2026, 3, 14)) == Money(110_00)
    assert unearned(Money(110_00), period, date(2026, 2, 1)) == Money(110_00)


def test_a_contract_that_ends_without_renewal_is_billed_no_more():
    agreed = membership(last_day=date(2026, 4, 14))
    assert list(agreed.bill_dates(date(2026, 1, 1), date(2026, 12, 31)))[-1] == date(2026, 3, 15)


def test_price_5_a_price_for_everybody_waits_for_the_contracts_end():
    days = date(2026, 4, 15), date(2026, 5, 15), date(2026, 6, 15)
    assert amounts(membership(RAISED), *days) == [110, 120, 120]
    contract = membership(RAISED, last_day=date(2026, 6, 14))
    plan = contract.terms[0].plan
    renewed = replace(
        contract, terms=(*contract.terms, Term("trm_2", date(2026, 6, 15), date(2027, 6, 14), plan, RAISED))
    )
    assert amounts(renewed, *days) == [110, 110, 120]


def test_a_plan_that_does_not_keep_prices_raises_a_running_contract_too():
    contract = membership(RAISED, last_day=date(2027, 1, 14))
    plan = replace(contract.terms[0].plan, keeps_price_in_term=False)
    assert amounts(replace(contract, terms=(replace(contract.terms[0], plan=plan),)), date(2026, 5, 15)) == [
        120
    ]


def test_mem_17_a_price_for_new_memberships_leaves_the_others_alone():
    assert amounts(membership(FOR_NEW), date(2026, 4, 15)) == [110]


def test_a_new_membership_has_the_version_that_began_last():
    versions = [OLD, FOR_NEW, RAISED]
    assert price_for_new(versions, date(2026, 3, 31)) is OLD
    assert price_for_new(versions, date(2026, 4, 1)) is FOR_NEW
    assert price_for_new(versions, date(2026, 5, 1)) is RAISED
    assert price_for_new([FOR_NEW], date(2026, 1, 1)) is None


def test_a_pause_skips_the_bill_dates_in_it_and_moves_the_contracts_end():
    pause = Span(date(2026, 3, 15), date(2026, 4, 15))
    agreed = membership(last_day=date(2026, 12, 14), pauses=(pause,))
    assert list(agreed.bill_dates(date(2026, 2, 1), date(2026, 6, 1))) == [
        date(2026, 2, 15),
        date(2026, 5, 15),
    ]
    assert contract_end_after_pause(agreed, pause) == date(2027, 2, 14)
    assert contract_end_after_pause(membership(), pause) is None


def test_a_longer_period_begins_on_its_first_day_and_keeps_the_anchors_day():
    start = date(2026, 1, 31)
    monthly, yearly = (PlanTerms(p.value, p, (OLD,)) for p in (Period.MONTH, Period.YEAR))
    terms = (
        Term("t1", start, date(2026, 2, 27), monthly, OLD),
        Term("t2", date(2026, 2, 28), None, yearly, OLD),
    )
    agreed = Agreed(start, start, terms, (ANA,))
    assert list(agreed.bill_dates(start, date(2028, 12, 31))) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]


def test_a_coupon_holds_from_its_first_period_for_its_number_of_periods():
    coupon = Coupon("c", "TEN", percent=10, periods=2)
    held = HeldCoupon(coupon, date(2026, 3, 15), used=1)
    agreed = membership(coupons=(held,))
    assert amounts(agreed, date(2026, 2, 15), date(2026, 4, 15)) == [110, 99]
    used_up = replace(agreed, coupons=(replace(held, used=2),))
    assert amounts(used_up, date(2026, 5, 15)) == [110]
    assert agreed.price_on(date(2026, 4, 15), without_coupons=True).amount == Money(110_00)


@given(
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.sampled_from(Period),
    st.one_of(st.none(), st.integers(1, 1500)),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 200)), max_size=3),
)
def test_whatever_its_dates_the_billed_periods_overlap_nowhere_and_lie_within_it(
    start: date, period: Period, length: int | None, pauses: list[tuple[int, int]]
):
    end = None if length is None else start + timedelta(length)
    spans = tuple(Span(start + timedelta(a), start + timedelta(a + b)) for a, b in pauses)
    plan = PlanTerms("p", period, (OLD,))
    agreed = Agreed(start, start, (Term("t", start, end, plan, OLD),), (ANA,), pauses=spans)
    dates = list(agreed.bill_dates(start - timedelta(400), start + timedelta(5 * 366)))
    periods = [agreed.period_of(day) for day in dates]
    assert [each.first for each in periods] == dates
    assert all(a.last < b.first for a, b in pairwise(periods))
    assert all(day >= start and (end is None or day <= end) for day in dates)
    assert not any(day in span for day in dates for span in spans)
    if not spans and end is None:  # without pauses they leave no gap
        assert all(a.last + timedelta(1) == b.first for a, b in pairwise(periods))


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 1, 15), date(2026, 12, 31)])
def test_before_its_start_the_first_bill_date_is_the_start(today: date):
    assert membership().next_bill_date(today) == max(
        date(2026, 1, 15), membership().next_bill_date(today) or today
    )


def test_a_long_pause_moves_the_end_over_bill_dates_that_fall_into_the_added_periods_too():
    """One period was left, so one is left after the pause."""
    agreed = membership(last_day=date(2026, 6, 14))
    pause = Span(date(2026, 5, 1), date(2026, 8, 31))
    assert contract_end_after_pause(agreed, pause) == date(2026, 10, 14)
    paused = replace(agreed, terms=(replace(agreed.terms[0], last_day=date(2026, 10, 14)),), pauses=(pause,))
    assert list(paused.bill_dates(date(2026, 5, 1), date(2027, 1, 1))) == [date(2026, 9, 15)]


def test_a_moved_bill_day_has_dates_of_its_own_and_the_days_between_are_free():
    agreed = membership()
    old = replace(agreed.terms[0], last_day=date(2026, 7, 14), anchor=date(2026, 1, 15))
    new = replace(agreed.terms[0], id="trm_2", first_day=date(2026, 7, 15))
    moved = replace(agreed, anchor=date(2026, 8, 1), terms=(old, new))
    assert list(moved.bill_dates(date(2026, 6, 1), date(2026, 9, 30))) == [
        date(2026, 6, 15),
        date(2026, 8, 1),
        date(2026, 9, 1),
    ]
    assert moved.period_of(date(2026, 6, 15)) == Span(date(2026, 6, 15), date(2026, 7, 14))
    assert moved.next_bill_date(date(2026, 6, 20)) == date(2026, 8, 1)


def test_a_contract_end_is_moved_by_periods_and_back():
    dates = membership().bill_dates_of(membership().terms[0])
    for periods, end in ((2, date(2026, 8, 14)), (0, date(2026, 6, 14)), (-1, date(2026, 5, 14))):
        assert moved_by_periods(dates, date(2026, 6, 14), periods) == end
    assert moved_by_periods(dates, date(2026, 6, 30), 1) == date(2026, 7, 31)  # imported: on no eve
