"""Bill dates keep the anchor, periods tile time (MEM-9, BILL-1)."""

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.memberships.periods import BillDates, Span, add_months, term_of
from portal_app.domain.memberships.types import Period

DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
DATES = st.builds(BillDates, DAYS, st.sampled_from(Period), st.integers(-24, 24))


def first_dates(start: date, period: Period, count: int) -> list[date]:
    dates = BillDates(start, period)
    return list(islice(dates.between(start, date(2100, 1, 1)), count))


def test_mem_9_a_month_without_the_anchors_day_is_billed_on_its_last_day():
    expected = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert first_dates(date(2026, 1, 31), Period.MONTH, 5) == expected
    assert first_dates(date(2028, 1, 31), Period.MONTH, 2)[1] == date(2028, 2, 29)


def test_bill_1_quarters_are_counted_from_the_start_and_end_the_day_before_the_next():
    start = date(2025, 11, 30)
    expected = [start, date(2026, 2, 28), date(2026, 5, 30), date(2026, 8, 30), date(2026, 11, 30)]
    assert first_dates(start, Period.QUARTER, 5) == expected
    assert BillDates(start, Period.QUARTER).period_of(date(2026, 3, 9)) == Span(
        date(2026, 2, 28), date(2026, 5, 29)
    )


@given(DATES, DAYS)
def test_every_day_lies_in_one_period_and_periods_leave_no_gap(dates: BillDates, day: date):
    period = dates.period_of(day)
    assert day in period
    assert dates.includes(period.first)
    following = dates.period_of(period.last + timedelta(1))
    assert following.first == period.last + timedelta(1)
    assert dates.period_of(period.first) == dates.period_of(period.last) == period


@given(DATES, DAYS)
def test_bill_dates_rise_and_each_is_the_anchor_plus_whole_periods(dates: BillDates, day: date):
    some = list(islice(dates.between(day, date(2100, 1, 1)), 30))
    assert all(first < second for first, second in pairwise(some))
    for each in some:
        assert each.day == min(dates.anchor.day, (add_months(each.replace(day=1), 1) - timedelta(1)).day)


@pytest.mark.parametrize(
    ("first", "months", "anchor", "last"),
    [
        (date(2026, 7, 1), 12, date(2025, 7, 1), date(2027, 6, 30)),  # REN-2
        (date(2026, 2, 28), 6, date(2025, 8, 31), date(2026, 8, 30)),  # the anchor's day comes back
        (date(2026, 7, 9), 12, date(2026, 1, 1), date(2027, 7, 8)),  # an imported contract, on no bill date
        (date(2024, 2, 29), 12, date(2024, 2, 29), date(2025, 2, 27)),
    ],
)
def test_a_term_ends_on_the_eve_of_a_bill_date(first: date, months: int, anchor: date, last: date):
    assert term_of(first, months, anchor) == Span(first, last)
