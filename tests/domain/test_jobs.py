"""When a job is due, whose it is, and how long it waits: pure rules, told both clocks."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal_app.domain.jobs import (
    LATE_AFTER,
    LEASE,
    LONGEST_BACK_OFF,
    Daily,
    Every,
    JobState,
    Moment,
    Schedule,
    back_off,
    day_of_run,
    is_late,
    may_claim,
    next_run,
)

NEW_YORK = ZoneInfo("America/New_York")
REAL = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
MINUTELY = Every(60)
DAILY = Daily(time(9), time(20))
SECOND = timedelta(seconds=1)


def at(hour: int = 12, minute: int = 0, *, real: datetime = REAL, day: date = TODAY) -> Moment:
    return Moment(real, datetime.combine(day, time(hour, minute), tzinfo=NEW_YORK))


def state(**facts: object) -> JobState:
    return replace(JobState(created_at=REAL - timedelta(days=9), next_run=REAL), **facts)  # type: ignore[arg-type]


def held(until: datetime, **facts: object) -> JobState:
    return state(lease_holder="other", lease_until=until, **facts)


def test_it_is_due_at_its_next_run_and_not_before():
    assert may_claim(state(), MINUTELY, at())
    assert not may_claim(state(next_run=REAL + SECOND), MINUTELY, at())


def test_nobody_takes_what_another_process_holds():
    assert not may_claim(held(REAL + SECOND), MINUTELY, at())
    assert not may_claim(held(REAL + SECOND), DAILY, at())


def test_a_lease_of_up_to_two_minutes_holds_and_a_later_one_was_written_by_a_wrong_clock():
    two_minutes = REAL + timedelta(minutes=2)
    assert not may_claim(held(two_minutes, next_run=REAL), MINUTELY, at())
    assert may_claim(held(two_minutes + SECOND, next_run=REAL), MINUTELY, at())


def test_when_the_lease_has_ended_anybody_takes_it_whenever_it_was_due():
    assert may_claim(held(REAL, next_run=REAL + timedelta(minutes=10)), MINUTELY, at())
    assert may_claim(held(REAL), DAILY, at())


def test_a_dead_process_s_daily_job_is_not_taken_over_at_night():
    assert not may_claim(held(REAL), DAILY, at(20))
    assert not may_claim(held(REAL), DAILY, at(8, 59))


def test_a_job_that_ends_its_process_again_and_again_waits_like_one_that_fails():
    assert may_claim(held(REAL, failures=2), MINUTELY, at())
    assert not may_claim(held(REAL, failures=3), MINUTELY, at())
    later = REAL + back_off(MINUTELY, 3)
    assert may_claim(held(REAL, failures=3), MINUTELY, at(real=later))


@pytest.mark.parametrize("schedule", [Every(3600), MINUTELY])
def test_the_wait_of_a_deadly_job_ends_at_its_back_off(schedule: Schedule):
    waits = back_off(schedule, 4)
    assert not may_claim(held(REAL, failures=4), schedule, at(real=REAL + waits - SECOND))
    assert may_claim(held(REAL, failures=4), schedule, at(real=REAL + waits))


def test_what_a_wrong_clock_wrote_holds_nobody_off():
    years = REAL + timedelta(days=3000)
    assert may_claim(state(next_run=years), MINUTELY, at())
    assert may_claim(held(years), MINUTELY, at())
    assert may_claim(state(next_run=years, failures=1), DAILY, at())


@pytest.mark.parametrize(
    ("hour", "minute", "due"), [(8, 59, False), (9, 0, True), (19, 59, True), (20, 0, False)]
)
def test_a_daily_job_runs_between_its_hours_at_the_practice(hour: int, minute: int, due: bool):
    assert may_claim(state(), DAILY, at(hour, minute)) is due


def test_a_daily_job_runs_once_a_day():
    assert not may_claim(state(last_day=TODAY), DAILY, at())
    assert may_claim(state(last_day=TODAY - timedelta(days=1)), DAILY, at())


def test_a_clock_that_stands_still_lets_a_daily_job_run_once_and_the_others_on():
    later = at(real=REAL + timedelta(days=30))
    assert not may_claim(state(last_day=TODAY), DAILY, later)
    assert may_claim(state(), MINUTELY, later)
    assert may_claim(held(REAL), MINUTELY, later)


def test_a_daily_job_that_failed_waits_before_it_is_tried_again():
    failed = state(failures=1, next_run=REAL + timedelta(minutes=1))
    assert not may_claim(failed, DAILY, at())
    assert may_claim(failed, DAILY, at(real=REAL + timedelta(minutes=1)))


def test_a_run_counts_for_its_day_only_between_its_hours():
    assert day_of_run(DAILY, at()) == TODAY
    assert day_of_run(DAILY, at(7)) is None
    assert day_of_run(MINUTELY, at()) is None


def test_the_wait_after_failures_doubles_up_to_a_quarter_of_an_hour():
    waits = [back_off(MINUTELY, n).total_seconds() for n in (1, 2, 3, 4, 5, 60)]
    assert waits == [60, 120, 240, 480, 900, 900]
    assert back_off(Every(3600), 1) == back_off(Every(3600), 9) == timedelta(hours=1)
    assert back_off(DAILY, 1) == timedelta(minutes=1)
    assert back_off(DAILY, 60) == LONGEST_BACK_OFF


def test_the_next_run_of_an_interval_is_counted_from_the_end():
    assert next_run(MINUTELY, at(), failures=0, ran_for=None) == REAL + timedelta(seconds=60)
    assert next_run(MINUTELY, at(), failures=2, ran_for=None) == REAL + timedelta(seconds=120)


@pytest.mark.parametrize(
    ("hour", "ran_for", "hours"),
    [(12, TODAY, 21), (21, None, 12), (7, None, 2), (12, None, 0)],
    ids=["ran today", "closed", "not open yet", "open"],
)
def test_the_next_run_of_a_daily_job_is_the_next_opening(hour: int, ran_for: date | None, hours: int):
    assert next_run(DAILY, at(hour), failures=0, ran_for=ran_for) == REAL + timedelta(hours=hours)


def test_the_night_when_clocks_change_has_an_hour_less():
    before = at(12, day=date(2026, 3, 7))
    assert next_run(DAILY, before, failures=0, ran_for=date(2026, 3, 7)) == REAL + timedelta(hours=20)


def test_a_job_without_success_for_26_hours_is_late():
    assert not is_late(state(succeeded_at=REAL - LATE_AFTER), MINUTELY, at())
    assert is_late(state(succeeded_at=REAL - LATE_AFTER - SECOND), MINUTELY, at())
    assert is_late(state(), MINUTELY, at())
    assert not is_late(state(created_at=REAL - timedelta(hours=1)), MINUTELY, at())


def test_a_job_that_runs_rarely_is_late_after_two_intervals():
    weekly = Every(7 * 86_400)
    assert not is_late(state(succeeded_at=REAL - timedelta(days=13)), weekly, at())
    assert is_late(state(succeeded_at=REAL - timedelta(days=15)), weekly, at())


def test_a_daily_job_is_late_two_hours_after_it_should_have_run():
    yesterday = TODAY - timedelta(days=1)
    assert not is_late(state(last_day=yesterday), DAILY, at(11))
    assert is_late(state(last_day=yesterday), DAILY, at(11, 1))
    assert is_late(state(), DAILY, at())  # never, though its row is old


def test_the_26_hours_are_real_ones_in_the_night_when_clocks_change():
    assert not is_late(state(last_day=date(2026, 3, 7)), DAILY, at(12, day=date(2026, 3, 8)))
    assert is_late(state(last_day=date(2026, 3, 7)), DAILY, at(12, 1, day=date(2026, 3, 8)))


def test_a_daily_job_is_not_late_where_the_clock_stands_still():
    assert not is_late(state(last_day=TODAY), DAILY, at(real=REAL + timedelta(days=30)))


def test_a_lease_is_long_enough_to_be_renewed_and_short_enough_for_a_take_over():
    assert timedelta(seconds=20) <= LEASE <= timedelta(seconds=45)
