"""The rows of the jobs: taken, renewed and given back, each in one short transaction.

Every write names the `turn` that the writer took: a process that was too slow, and whose job another one
has taken over, changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import col, select, update

from portal_app.clock import now, zone
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.jobs import Job
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.ids import new_id
from portal_app.domain.jobs import TASK_AFTER, JobState, Moment, day_of_run, next_run
from portal_app.i18n import gettext_noop
from portal_app.services.jobs.base import ScheduledJob
from portal_app.services.live import announce

_DIED = gettext_noop("The process that ran it ended in the middle.")
_TASK = gettext_noop(
    "The background job {job} has failed {count} times in a row. It is tried again. "
    "Whoever looks after the server sees the reason with: portal doctor"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process took, and works on until its lease ends."""

    job: ScheduledJob
    turn: int
    day: date | None  # the practice's day that this run of a daily job is for
    failures: int  # in a row, before this run
    failing_since: datetime | None
    cursor: Mapping[str, Any]  # of a run that did not end


class Ending(NamedTuple):
    """How a run ended. `error` is the exception's name, "" when it did its work."""

    message: str
    values: Mapping[str, Any]
    duration_ms: int
    error: str = ""


def moment_at(real: datetime) -> Moment:
    """That real moment, with what the portal's clock says in the practice's time zone."""
    return Moment(real, now().astimezone(zone()))


def state_of(row: Job) -> JobState:
    """What the rules of a job's row need of it."""
    return JobState(
        created_at=row.created_at,
        next_run=row.next_run,
        lease_holder=row.lease_holder,
        lease_until=row.lease_until,
        last_day=row.last_day,
        succeeded_at=row.succeeded_at,
        failures=row.failures,
    )


def job_rows(principal: Principal) -> dict[str, Job]:
    """Every row by the job's name."""
    with reading(principal) as tx:
        return {row.name: row for row in tx.exec(select(Job)).all()}


def add_missing_rows(principal: Principal, names: Iterable[str], real: datetime) -> None:
    """A row for each job that has none yet, due at once. Another process may add it at the same moment."""
    for name in names:
        with transaction(principal) as tx:
            tx.add_if_absent(Job(name=name, created_at=real, next_run=real))


def claim(principal: Principal, job: ScheduledJob, seen: Job, holder: str, at: Moment) -> Claim | None:
    """Take the job as it was `seen`; None when another process was quicker.

    Whether it is due is asked before (`may_claim`). A run that a dead process left is counted as a failure.
    """
    died = bool(seen.lease_holder)
    taken: dict[str, Any] = {
        "turn": seen.turn + 1,
        "lease_holder": holder,
        "lease_until": at.real + job.lease,
        "started_at": at.real,
    }
    since = seen.failing_since or at.real
    if died:
        taken |= {"failures": seen.failures + 1, "failing_since": since, "message": _DIED, "result": {}}
    same = (col(Job.turn) == seen.turn, col(Job.lease_until).is_not_distinct_from(seen.lease_until))
    with transaction(principal) as tx:
        if not _write(tx, seen.name, *same, **taken):
            return None
        if died:
            _tell_staff(tx, seen.name, seen.failures + 1, since)
    day = day_of_run(job.schedule, at)
    failures = seen.failures + died
    return Claim(job, seen.turn + 1, day, failures, since if failures else None, dict(seen.cursor))


def renew(principal: Principal, held: Claim, real: datetime) -> bool:
    """Hold it for another lease from now; False when another process has it."""
    with transaction(principal) as tx:
        return _write(tx, held.job.name, *_still(held), lease_until=real + held.job.lease)


def keep_cursor(principal: Principal, held: Claim, cursor: Mapping[str, Any]) -> bool:
    """Note how far the run has come; False when another process has the job."""
    with transaction(principal) as tx:
        return _write(tx, held.job.name, *_still(held), cursor=dict(cursor))


def give_back(principal: Principal, held: Claim, ending: Ending, real: datetime) -> bool:
    """Note how the run ended and when the next one is due; False when another process has the job."""
    at = moment_at(real)
    failed = bool(ending.error)
    failures = held.failures + 1 if failed else 0
    day = None if failed else held.day
    written: dict[str, Any] = {
        "lease_holder": "",
        "lease_until": None,
        "finished_at": real,
        "duration_ms": ending.duration_ms,
        "message": ending.message,
        "result": dict(ending.values),
        "error": ending.error,
        "failures": failures,
        "failing_since": (held.failing_since or real) if failed else None,
        "next_run": next_run(held.job.schedule, at, failures=failures, ran_for=day),
    }
    if not failed:
        written |= {"succeeded_at": real, "cursor": {}}
    if day is not None:
        written["last_day"] = day
    with transaction(principal) as tx:
        if not _write(tx, held.job.name, *_still(held), **written):
            return False
        if failed:
            _tell_staff(tx, held.job.name, failures, held.failing_since or real)
    return True


def _still(held: Claim) -> tuple[Any, ...]:
    return (col(Job.turn) == held.turn, col(Job.lease_holder) != "")


def _write(tx: Tx, name: str, *conditions: Any, **values: Any) -> bool:
    changed = tx.exec(
        update(Job)
        .where(col(Job.name) == name, *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


def _tell_staff(tx: Tx, name: str, failures: int, since: datetime) -> None:
    """Once for each series of failures."""
    if failures < TASK_AFTER:
        return
    tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"job_failed:{name}:{since.isoformat()}",
            kind="job_failed",
            message=_TASK,
            values={"job": name, "count": failures},
            created_at=now(),
        )
    )
    tx.on_commit(lambda: announce("tasks", name))
