"""The runner of one process: what is due is started, held on to, and told."""

import asyncio
from datetime import time, timedelta
from threading import Event

import pytest

from portal_app import clock as portal_clock
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.jobs import LEASE, Daily
from portal_app.services.jobs import leases
from portal_app.services.jobs.base import JobFailed, JobResult, JobRun
from portal_app.services.jobs.errors import JobRunning, JobUnknown
from portal_app.services.jobs.runner import PAUSE, SLOTS, Runner, run_job_now, run_jobs_forever
from tests.people import People
from tests.services.jobs.helpers import PORTAL, HandClock, fake_gateways, job, nothing, row, runner, tick


@pytest.fixture
def clock(db: str) -> HandClock:
    assert db
    return HandClock()


class Slow:
    """A job that waits in the middle until the test lets it go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()
        self.runs = 0

    def __call__(self, run: JobRun) -> JobResult:
        self.runs += 1
        self.begun.set()
        assert self.go_on.wait(20)
        return nothing(run)


def test_a_new_job_runs_at_once_and_then_when_it_is_due(clock: HandClock):
    it = runner(job(), clock=clock)
    assert tick(it) == 1
    assert tick(it) == 0
    clock.forward(seconds=60)
    assert tick(it) == 1
    assert row().turn == 2


def test_a_job_of_two_processes_runs_in_one(clock: HandClock):
    slow = Slow()
    one, two = runner(job(slow), clock=clock), runner(job(slow), clock=clock)
    (started,) = one.tick()
    assert slow.begun.wait(20)
    assert two.tick() == []
    slow.go_on.set()
    started.result(20)
    assert (slow.runs, row().lease_holder) == (1, "")


def test_what_runs_long_is_held_on_to(clock: HandClock):
    slow = Slow()
    one, two = runner(job(slow), clock=clock), runner(job(slow), clock=clock)
    (started,) = one.tick()
    for _ in range(5):
        clock.forward(seconds=20)
        assert one.tick() == []
        assert two.tick() == []
    slow.go_on.set()
    started.result(20)
    assert slow.runs == 1
    assert row().failures == 0


def test_what_is_not_renewed_is_taken_over_and_told_by_the_new_holder_alone(clock: HandClock):
    slow, quick = Slow(), job()
    one, two = runner(job(slow), clock=clock), runner(quick, clock=clock)
    (started,) = one.tick()
    assert slow.begun.wait(20)
    clock.forward(seconds=31)  # the first process hangs: it does not tick
    assert tick(two) == 1
    finished = row().finished_at
    clock.forward(seconds=1)
    slow.go_on.set()
    started.result(20)
    assert row().finished_at == finished
    assert row().turn == 2


def test_a_process_whose_job_was_taken_over_takes_it_again_only_when_its_own_run_has_ended(clock: HandClock):
    slow = Slow()
    one, two = runner(job(slow), clock=clock), runner(job(), clock=clock)
    (started,) = one.tick()
    assert slow.begun.wait(20)
    clock.forward(seconds=31)
    assert tick(two) == 1
    clock.forward(seconds=60)
    assert one.tick() == []
    slow.go_on.set()
    started.result(20)
    assert tick(one) == 1


def test_a_run_that_was_taken_over_ends_where_it_notes_its_cursor(
    clock: HandClock, caplog: pytest.LogCaptureFixture
):
    at_work, go_on, went_on = Event(), Event(), Event()

    def stepwise(run: JobRun) -> JobResult:
        at_work.set()
        assert go_on.wait(20)
        run.save_cursor({"done": 1})
        went_on.set()
        return nothing(run)

    one, two = runner(job(stepwise), clock=clock), runner(job(), clock=clock)
    (started,) = one.tick()
    assert at_work.wait(20)
    clock.forward(seconds=31)
    assert tick(two) == 1
    go_on.set()
    started.result(20)
    assert not went_on.is_set()
    assert row().cursor == {}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_process_goes_on_with_the_cursor_of_the_one_before(clock: HandClock):
    seen = []

    def stepwise(run: JobRun) -> JobResult:
        seen.append(dict(run.cursor))
        run.save_cursor({"done": len(seen)})
        if len(seen) == 1:
            raise OSError
        return nothing(run)

    it = runner(job(stepwise), clock=clock)
    tick(it)
    clock.forward(seconds=60)
    tick(it)
    clock.forward(seconds=60)
    tick(it)
    assert seen == [{}, {"done": 1}, {}]


def test_a_failure_is_tried_again_later_and_later(clock: HandClock):
    def fails(_: JobRun) -> JobResult:
        raise JobFailed("The card processor did not answer.")

    it = runner(job(fails), clock=clock)
    for wait in (60, 120, 240):
        assert tick(it) == 1
        assert (row().next_run - clock()).total_seconds() == wait
        clock.forward(seconds=wait)
    assert (row().message, row().failures) == ("The card processor did not answer.", 3)


def test_a_bug_is_kept_by_its_name_alone_and_the_other_jobs_go_on(clock: HandClock):
    def breaks(_: JobRun) -> JobResult:
        raise ValueError("Maria Rivera, born 1984")

    assert tick(runner(job(breaks), job(name="other"), clock=clock)) == 2
    assert (row().error, row().result) == ("ValueError", {"error": "ValueError"})
    assert row("other").failures == 0


def test_no_more_run_at_once_than_there_are_slots(clock: HandClock):
    slow = Slow()
    it = runner(*(job(slow, name=f"job {n}") for n in range(3)), clock=clock, slots=2)
    started = it.tick()
    assert len(started) == 2
    assert it.tick() == []
    slow.go_on.set()
    for run in started:
        run.result(20)
    assert tick(it) == 1


def test_a_daily_job_runs_once_a_day_of_the_practice(clock: HandClock):
    it = runner(job(schedule=Daily(time(9), time(20))), clock=clock)
    assert tick(it) == 1
    assert row().last_day == portal_clock.today()
    clock.forward(hours=30)  # the practice's clock stands still
    assert tick(it) == 0
    with portal_clock.held_at(portal_clock.now() + timedelta(days=1)):
        assert tick(it) == 1


def test_rows_of_jobs_that_are_no_more_are_left_alone(clock: HandClock):
    leases.add_missing_rows(PORTAL, ["former"], clock())
    assert tick(runner(job(), clock=clock)) == 1
    assert row("former").turn == 0


async def test_the_loop_outlives_a_database_that_is_away(clock: HandClock):
    ticks = []

    class Flaky(Runner):
        def tick(self):
            ticks.append(1)
            if len(ticks) == 1:
                raise OSError
            return super().tick()

    ran = Event()

    def runs(run: JobRun) -> JobResult:
        ran.set()
        return nothing(run)

    it = Flaky({"probe": job(runs)}, fake_gateways(), now=clock)
    loop = asyncio.create_task(run_jobs_forever(it, pause=0.01))
    assert await asyncio.to_thread(ran.wait, 20)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    it.threads.shutdown(wait=True)


def test_a_job_is_run_by_hand_before_it_is_due(db: str):
    jobs = {"probe": job()}
    for turn in (1, 2):
        run_job_now(system_principal("test"), "probe", gateways=fake_gateways(), jobs=jobs)
        assert row().turn == turn


def test_a_job_that_runs_is_not_run_by_hand_beside_it(db: str):
    leases.add_missing_rows(PORTAL, ["probe"], portal_clock.real_now())
    assert leases.claim(PORTAL, job(), row(), "server", leases.moment_at(portal_clock.real_now()))
    with pytest.raises(JobRunning):
        run_job_now(PORTAL, "probe", gateways=fake_gateways(), jobs={"probe": job()})
    assert row().lease_holder == "server"


def test_a_job_that_does_not_exist_is_said(db: str):
    with pytest.raises(JobUnknown):
        run_job_now(PORTAL, "nothing", gateways=fake_gateways())


def test_who_may_not_change_settings_runs_no_job(sample_people: People):
    for who in (sample_people.dana, sample_people.nora, sample_people.maria):
        with pytest.raises(PermissionDenied):
            run_job_now(who, "drafts", gateways=fake_gateways())


def test_the_minute_holds():
    """A process that dies right after it renewed: its lease, a whole pause of the next process, and time to spare."""
    assert LEASE + timedelta(seconds=2 * PAUSE) < timedelta(seconds=60)
    assert timedelta(seconds=3 * PAUSE) <= LEASE  # one renewal that comes late loses nothing
    assert SLOTS < 15  # connections of the database's pool
