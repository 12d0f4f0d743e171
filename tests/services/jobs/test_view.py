"""What staff, `portal jobs` and `portal doctor` see of the jobs."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from portal_app import cli, clock
from portal_app.db import engine, migrations
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.installation import Installation
from portal_app.doctor import Verdict, examine
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.jobs import TASK_AFTER
from portal_app.services.jobs import leases
from portal_app.services.jobs.base import JobFailed, JobResult, JobRun
from portal_app.services.jobs.registry import JOBS
from portal_app.services.jobs.runner import run_job_now
from portal_app.services.jobs.view import JobCondition, JobView, list_jobs
from portal_app.services.staff.tasks import list_tasks
from tests.people import INVOICE, People
from tests.services.jobs.helpers import PORTAL, HandClock, fake_gateways, job, row, runner, tick


def fails(_: JobRun) -> JobResult:
    raise JobFailed("The card processor did not answer.")


def seen(clock: HandClock) -> JobView:
    (view,) = list_jobs(PORTAL, jobs={"probe": job()}, now=clock)
    return view


def test_a_job_that_never_ran_is_new(db: str):
    assert db
    assert [view.condition for view in list_jobs(PORTAL)] == [JobCondition.NEW] * len(JOBS)


def test_a_job_that_did_its_work_waits_for_the_next_time(db: str):
    clock = HandClock()
    tick(runner(job(), clock=clock))
    view = seen(clock)
    assert (view.condition, view.values, view.holder) == (JobCondition.WAITING, {"count": 0}, "")
    assert view.last_run == clock()
    assert view.next_run == clock() + timedelta(seconds=60)


def test_the_holder_is_shown_for_as_long_as_it_lives(db: str):
    clock = HandClock()
    leases.add_missing_rows(PORTAL, ["probe"], clock())
    assert leases.claim(PORTAL, job(), row(), "server:1:ab", leases.moment_at(clock()))
    assert (seen(clock).condition, seen(clock).holder) == (JobCondition.RUNNING, "server:1:ab")
    clock.forward(seconds=31)
    assert seen(clock).holder == ""


def test_failures_are_tried_again_and_then_they_are_trouble(sample_people: People):
    clock = HandClock()
    it = runner(job(fails), clock=clock)
    for count in range(1, TASK_AFTER + 1):
        tick(it)
        view = seen(clock)
        assert view.failures == count
        assert view.in_trouble is (count == TASK_AFTER)
        clock.forward(minutes=16)
    (task,) = list_tasks(sample_people.dana).rows
    assert task.values == {"job": "probe", "count": TASK_AFTER}


def test_a_job_that_has_not_succeeded_for_26_hours_is_late(db: str):
    clock = HandClock()
    tick(runner(job(), clock=clock))
    clock.forward(hours=26)
    assert seen(clock).condition is JobCondition.WAITING
    clock.forward(minutes=1)
    assert seen(clock).condition is JobCondition.LATE


def test_only_who_may_change_settings_sees_the_jobs(sample_people: People):
    assert len(list_jobs(sample_people.olga)) == len(JOBS)
    for who in (sample_people.dana, sample_people.nora, sample_people.maria):
        with pytest.raises(PermissionDenied):
            list_jobs(who)


# --- the command line -------------------------------------------------------------------------
def portal(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, words)
    return done.exit_code, done.output


def test_the_command_lists_every_job(sample_people: People):
    run_job_now(PORTAL, "drafts", gateways=fake_gateways())
    code, told = portal("jobs")
    assert code == 0
    (line,) = (line for line in told.splitlines() if line.startswith("drafts"))
    assert "waiting" in line
    assert line.endswith("Old drafts deleted: 0.")
    assert [line.split()[0] for line in told.splitlines()] == ["job", *JOBS]


@pytest.fixture
def demo_database(db: str) -> None:
    """The command line of a demo works on a demo's database only."""
    with transaction(PORTAL) as tx:
        tx.add(Installation(id="installation", demo=True, created_at=clock.now()))


@pytest.mark.usefixtures("demo_database")
def test_the_command_runs_one_job_now(sample_people: People):
    assert portal("jobs", "run", "drafts") == (0, "Old drafts deleted: 0.\n")
    assert row("drafts").turn == 1


@pytest.mark.usefixtures("demo_database")
def test_the_old_commands_do_the_jobs_work_beside_their_rows(sample_people: People):
    with transaction(PORTAL) as tx:
        invoice = tx.get_or_404(Invoice, INVOICE)
        invoice.due_date = clock.today() + timedelta(days=2)
        invoice.issue_date = clock.today() - timedelta(days=9)
    assert portal("notify")[1] == "Messages written: 2.\n"
    assert portal("deliver")[1] == "Messages sent: 2.\n"
    assert portal("export")[1] == "Entries brought to the practice's system: 0.\n"
    assert leases.job_rows(PORTAL) == {}


# --- the doctor -------------------------------------------------------------------------------
def told() -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.text) for finding in examine() if finding.about == "jobs"]


@pytest.fixture
def migrated(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A database as `portal migrate` makes it: the doctor looks at nothing else."""
    engine.bind(f"sqlite:///{tmp_path / 'portal.db'}")
    migrations.upgrade()
    yield
    engine.dispose()
    engine.unbind()


@pytest.mark.usefixtures("migrated")
def test_the_doctor_says_that_no_server_has_run():
    ((verdict, text),) = told()
    assert verdict is Verdict.NOTE
    assert "portal serve" in text


@pytest.mark.usefixtures("migrated")
def test_the_doctor_is_content_when_every_job_does_its_work():
    for name in JOBS:
        run_job_now(PORTAL, name, gateways=fake_gateways())
    assert told() == [(Verdict.GOOD, f"{len(JOBS)} jobs, none in trouble: portal jobs lists them")]


@pytest.mark.usefixtures("migrated")
def test_the_doctor_says_which_job_has_not_run_since_yesterday():
    yesterday = clock.real_now() - timedelta(hours=27)
    leases.add_missing_rows(PORTAL, JOBS, yesterday)
    for name in JOBS.keys() - {"reconcile"}:
        run_job_now(system_principal("test"), name, gateways=fake_gateways())
    assert told() == [(Verdict.BAD, "reconcile never succeeded: is the server running?")]


@pytest.mark.usefixtures("migrated")
def test_the_doctor_says_which_job_fails_and_why():
    now = clock.real_now()
    leases.add_missing_rows(PORTAL, ["reconcile"], now)
    ending = leases.Ending("The card processor did not answer.", {}, 1, "JobFailed")
    at = leases.moment_at(now)
    for _ in range(TASK_AFTER):
        held = leases.claim(PORTAL, JOBS["reconcile"], row("reconcile"), "x", at)
        assert held and leases.give_back(PORTAL, held, ending, now)
    ((verdict, text),) = told()
    assert verdict is Verdict.BAD
    assert "reconcile fails since" in text
    assert "The card processor did not answer. Tried again at" in text
