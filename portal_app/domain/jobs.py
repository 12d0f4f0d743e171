"""When a job is due, who may work on it, and how long it waits after a failure.

Two clocks. Leases and intervals count real seconds (`clock.real_now`): a demo whose clock stands still
or is shifted must neither stop its jobs nor keep a dead process's lease. A daily job counts the days of
the practice (`clock.now` in the practice's time zone).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

LEASE = timedelta(seconds=30)
LONGEST_BACK_OFF = timedelta(minutes=15)
TASK_AFTER = 5  # failures in a row, then staff get a task
LATE_AFTER = timedelta(hours=26)  # a daily job that missed its day, with two hours to spare

_TAKEN_AT_ONCE = 3  # so often in a row; a job that ends its process each time then waits like one that fails
_DAILY_BACK_OFF = timedelta(minutes=1)
_LONGEST_LEASE = timedelta(minutes=2)  # a lease that ends later was written by a wrong clock


@dataclass(frozen=True, slots=True)
class Every:
    """So many seconds after the last run ended."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each day of the practice, between two local times."""

    opens: time
    closes: time


Schedule = Every | Daily


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks."""

    real: datetime  # aware
    practice: datetime  # aware, in the practice's time zone


@dataclass(frozen=True, slots=True)
class JobState:
    """What the job's row says."""

    created_at: datetime
    next_run: datetime
    lease_holder: str = ""  # "" when nobody works on it
    lease_until: datetime | None = None
    last_day: date | None = None  # the practice's day that a daily job last ran for
    succeeded_at: datetime | None = None
    failures: int = 0  # in a row

    def is_held(self, real: datetime) -> bool:
        """Whether a process works on it."""
        until = self.lease_until
        return bool(self.lease_holder) and until is not None and real < until <= real + _LONGEST_LEASE

    def holder_died(self, real: datetime) -> bool:
        """Whether a process began it and stopped renewing its lease."""
        return bool(self.lease_holder) and not self.is_held(real)


def may_claim(state: JobState, schedule: Schedule, at: Moment) -> bool:
    """Whether a process may begin it now, because it is due or because its holder died."""
    if state.is_held(at.real):
        return False
    waits = _waits(state, schedule, at.real)
    if isinstance(schedule, Daily):
        return _is_open(schedule, at.practice) and state.last_day != at.practice.date() and not waits
    return not waits


def day_of_run(schedule: Schedule, at: Moment) -> date | None:
    """Which day's run it is; None when the schedule knows no days, or at an hour outside its window."""
    return at.practice.date() if isinstance(schedule, Daily) and _is_open(schedule, at.practice) else None


def next_run(schedule: Schedule, at: Moment, *, failures: int, ran_for: date | None) -> datetime:
    """When it is due again, after a run that ended at `at` (real time)."""
    if failures:
        return at.real + back_off(schedule, failures)
    if isinstance(schedule, Every):
        return at.real + timedelta(seconds=schedule.seconds)
    opening = at.real + (_next_opening(schedule, at.practice, ran_for) - at.practice)
    return opening + timedelta(microseconds=-opening.microsecond % 1_000_000)  # the next whole second


def back_off(schedule: Schedule, failures: int) -> timedelta:
    """Doubles with each failure in a row, up to 15 minutes; a rarer job keeps its own interval."""
    first = timedelta(seconds=schedule.seconds) if isinstance(schedule, Every) else _DAILY_BACK_OFF
    return max(first, min(first * 2 ** (min(failures, 20) - 1), LONGEST_BACK_OFF))


def is_late(state: JobState, schedule: Schedule, at: Moment) -> bool:
    """Whether it has not succeeded for 26 hours, or for two intervals of a job that runs more rarely."""
    if isinstance(schedule, Daily) and state.last_day is not None:
        last = datetime.combine(state.last_day, schedule.opens, tzinfo=at.practice.tzinfo)
        return at.practice.astimezone(UTC) - last.astimezone(UTC) > LATE_AFTER
    longest = LATE_AFTER
    if isinstance(schedule, Every):
        longest = max(longest, timedelta(seconds=2 * schedule.seconds))
    return at.real - (state.succeeded_at or state.created_at) > longest


def _waits(state: JobState, schedule: Schedule, real: datetime) -> bool:
    if state.holder_died(real):
        wait = back_off(schedule, max(1, state.failures))
        if state.failures < _TAKEN_AT_ONCE or state.lease_until is None:
            return False
        return _is_ahead(state.lease_until + wait, real, _LONGEST_LEASE + wait)
    if isinstance(schedule, Daily):
        return bool(state.failures) and _is_ahead(state.next_run, real, LONGEST_BACK_OFF)
    return _is_ahead(state.next_run, real, max(timedelta(seconds=schedule.seconds), LONGEST_BACK_OFF))


def _is_ahead(moment: datetime, real: datetime, longest: timedelta) -> bool:
    """Still to come, and not further away than any wait: then a wrong clock wrote it."""
    return timedelta() < moment - real <= longest


def _is_open(schedule: Daily, practice: datetime) -> bool:
    return schedule.opens <= practice.time() < schedule.closes


def _next_opening(schedule: Daily, practice: datetime, ran_for: date | None) -> datetime:
    """In UTC, because two local times of one zone are subtracted without regard to the change of clocks."""
    day = practice.date()
    if day == ran_for or practice.time() >= schedule.closes:
        day += timedelta(days=1)
    return max(datetime.combine(day, schedule.opens, tzinfo=practice.tzinfo), practice).astimezone(UTC)
