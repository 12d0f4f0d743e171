"""A job's row is taken by one, renewed by its holder, and written by nobody whose turn is over."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlmodel import select

from portal_app.db.scope import transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.jobs import Job
from portal_app.db.tables.staff import Task
from portal_app.domain.jobs import LEASE, TASK_AFTER
from portal_app.services.jobs import leases
from portal_app.services.jobs.leases import Claim, Ending
from tests.services.jobs.helpers import PORTAL, START, HandClock, job, row

DONE = Ending("Messages sent: {count}.", {"count": 3}, 40)
FAILED = Ending("Stopped by an error: {error}.", {"error": "OSError"}, 40, "OSError")


@pytest.fixture
def clock(db: str) -> HandClock:
    assert db
    leases.add_missing_rows(PORTAL, ["probe"], START)
    return HandClock()


def take(clock: HandClock, holder: str = "one") -> Claim | None:
    return leases.claim(PORTAL, job(), row(), holder, leases.moment_at(clock()))


def taken(clock: HandClock, holder: str = "one") -> Claim:
    claim = take(clock, holder)
    assert claim
    return claim


def tasks() -> list[Task]:
    with transaction(PORTAL) as tx:
        return list(tx.exec(select(Task).where(Task.kind == "job_failed")).all())


def test_a_row_that_is_there_is_left_as_it_is(clock: HandClock):
    taken(clock)
    leases.add_missing_rows(PORTAL, ["probe"], clock())
    assert row().lease_holder == "one"


def test_of_two_who_saw_it_due_one_takes_it(clock: HandClock):
    seen, at = row(), leases.moment_at(clock())
    claims = [leases.claim(PORTAL, job(), seen, holder, at) for holder in ("one", "two")]
    assert [claim is not None for claim in claims] == [True, False]
    assert row().lease_holder == "one"
    assert row().lease_until == START + LEASE


def test_of_eight_who_take_it_at_the_same_moment_one_has_it(clock: HandClock):
    seen, at, gate = row(), leases.moment_at(clock()), Barrier(8)

    def go(number: int) -> bool:
        gate.wait(10)
        return leases.claim(PORTAL, job(), seen, str(number), at) is not None

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(go, range(8))) == 1
    assert row().turn == 1


def test_who_saw_it_before_it_was_given_back_does_not_take_it(clock: HandClock):
    claim = taken(clock)
    seen = row()
    assert leases.give_back(PORTAL, claim, DONE, clock())
    assert leases.claim(PORTAL, job(), seen, "two", leases.moment_at(clock())) is None


def test_who_saw_its_lease_end_does_not_take_it_when_it_was_renewed_meanwhile(clock: HandClock):
    claim = taken(clock)
    seen = row()
    clock.forward(seconds=31)
    assert leases.renew(PORTAL, claim, clock())
    assert leases.claim(PORTAL, job(), seen, "two", leases.moment_at(clock())) is None


def test_a_lease_is_renewed_from_the_moment_it_is_renewed(clock: HandClock):
    claim = taken(clock)
    clock.forward(seconds=10)
    assert leases.renew(PORTAL, claim, clock())
    assert row().lease_until == clock() + LEASE


def test_whose_turn_is_over_writes_nothing(clock: HandClock):
    slow = taken(clock)
    clock.forward(seconds=31)
    taken(clock, "two")
    assert not leases.renew(PORTAL, slow, clock())
    assert not leases.keep_cursor(PORTAL, slow, {"done": 9})
    assert not leases.give_back(PORTAL, slow, DONE, clock())
    assert (row().lease_holder, row().cursor, row().finished_at) == ("two", {}, None)


def test_after_it_is_given_back_its_claim_is_worth_nothing(clock: HandClock):
    claim = taken(clock)
    assert leases.give_back(PORTAL, claim, DONE, clock())
    assert not leases.renew(PORTAL, claim, clock())
    assert not leases.give_back(PORTAL, claim, DONE, clock())


def test_the_row_says_how_it_went(clock: HandClock):
    claim = taken(clock)
    clock.forward(seconds=2)
    leases.give_back(PORTAL, claim, DONE, clock())
    kept = row()
    assert (kept.message, kept.result, kept.duration_ms, kept.error) == (DONE.message, {"count": 3}, 40, "")
    assert (kept.finished_at, kept.succeeded_at) == (clock(), clock())
    assert (kept.lease_holder, kept.lease_until) == ("", None)
    assert (kept.next_run - clock()).total_seconds() == 60


def test_the_cursor_stays_until_a_run_succeeds(clock: HandClock):
    claim = taken(clock)
    assert leases.keep_cursor(PORTAL, claim, {"done": 2})
    leases.give_back(PORTAL, claim, FAILED, clock())
    second = taken(clock)
    assert second.cursor == {"done": 2}
    leases.give_back(PORTAL, second, DONE, clock())
    assert taken(clock).cursor == {}


def test_failures_are_counted_until_a_run_succeeds(clock: HandClock):
    first = clock()
    for count in (1, 2):
        leases.give_back(PORTAL, taken(clock), FAILED, clock())
        assert (row().failures, row().failing_since, row().error) == (count, first, "OSError")
        clock.forward(minutes=5)
    assert row().succeeded_at is None
    leases.give_back(PORTAL, taken(clock), DONE, clock())
    assert (row().failures, row().failing_since, row().error) == (0, None, "")


def test_a_process_that_died_is_a_failure_of_its_run(clock: HandClock):
    leases.keep_cursor(PORTAL, taken(clock), {"done": 1})
    clock.forward(seconds=31)
    second = taken(clock, "two")
    assert (second.failures, second.cursor) == (1, {"done": 1})
    assert (row().failures, row().message) == (1, "The process that ran it ended in the middle.")
    leases.give_back(PORTAL, second, DONE, clock())
    assert row().failures == 0


def test_staff_get_one_task_for_a_series_of_failures_and_another_for_the_next(clock: HandClock):
    def fail(times: int) -> None:
        for _ in range(times):
            leases.give_back(PORTAL, taken(clock), FAILED, clock())
            clock.forward(minutes=20)

    fail(TASK_AFTER - 1)
    assert tasks() == []
    fail(3)
    (task,) = tasks()
    assert task.values == {"job": "probe", "count": TASK_AFTER}
    leases.give_back(PORTAL, taken(clock), DONE, clock())
    fail(TASK_AFTER)
    assert len(tasks()) == 2


def test_processes_that_die_of_it_are_told_to_staff_too(clock: HandClock):
    for number in range(TASK_AFTER + 1):
        taken(clock, f"process {number}")
        clock.forward(hours=1)
    assert len(tasks()) == 1


def test_a_day_counts_as_done_by_a_run_between_the_hours_that_succeeded(clock: HandClock):
    claim = taken(clock)
    day = START.date()
    leases.give_back(PORTAL, replace(claim, day=day), FAILED, clock())
    assert row().last_day is None
    leases.give_back(PORTAL, replace(taken(clock), day=day), DONE, clock())
    assert row().last_day == day
    leases.give_back(PORTAL, replace(taken(clock), day=None), DONE, clock())
    assert row().last_day == day


def test_changes_of_a_job_leave_no_audit_entries(clock: HandClock):
    leases.give_back(PORTAL, taken(clock), DONE, clock())
    with transaction(PORTAL) as tx:
        assert tx.exec(select(AuditEntry)).all() == []
        assert tx.get(Job, "probe") is not None
