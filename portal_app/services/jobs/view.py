"""What staff, `portal jobs` and `portal doctor` see of the jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal_app.clock import real_now
from portal_app.domain.access import Permission, Principal
from portal_app.domain.jobs import TASK_AFTER, is_late
from portal_app.services.as_system import as_system
from portal_app.services.jobs import leases
from portal_app.services.jobs.base import ScheduledJob
from portal_app.services.jobs.registry import JOBS


class JobCondition(StrEnum):
    NEW = "new"  # no process has run it yet
    WAITING = "waiting"  # its last run did its work
    RUNNING = "running"
    RETRYING = "retrying"  # its last run failed
    FAILING = "failing"  # so did several before: staff have a task
    LATE = "late"  # it has not succeeded for 26 hours


@dataclass(frozen=True, slots=True)
class JobView:
    """Moments are real ones, also in a demo whose clock is shifted."""

    name: str
    condition: JobCondition
    last_run: datetime | None = None  # when it ended
    duration_ms: int = 0
    message: str = ""  # msgid: how it ended
    values: Mapping[str, Any] | None = None
    next_run: datetime | None = None
    holder: str = ""  # the process that works on it: "machine:process:token"
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    succeeded_at: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        return self.condition in (JobCondition.FAILING, JobCondition.LATE)


def list_jobs(
    principal: Principal,
    *,
    jobs: Mapping[str, ScheduledJob] = JOBS,
    now: Callable[[], datetime] = real_now,
) -> tuple[JobView, ...]:
    """Every job of the table, in its order."""
    principal.require(Permission.MANAGE_SETTINGS)
    rows = leases.job_rows(as_system(principal))
    return tuple(_view(job, rows.get(job.name), now()) for job in jobs.values())


def _view(job: ScheduledJob, row: Any, real: datetime) -> JobView:
    if row is None:
        return JobView(job.name, JobCondition.NEW)
    return JobView(
        name=job.name,
        condition=_condition(job, row, real),
        last_run=row.finished_at,
        duration_ms=row.duration_ms,
        message=row.message,
        values=dict(row.result),
        next_run=row.next_run,
        holder=row.lease_holder if leases.state_of(row).is_held(real) else "",
        failures=row.failures,
        failing_since=row.failing_since,
        succeeded_at=row.succeeded_at,
    )


def _condition(job: ScheduledJob, row: Any, real: datetime) -> JobCondition:
    state = leases.state_of(row)
    if is_late(state, job.schedule, leases.moment_at(real)):
        return JobCondition.LATE
    if row.failures >= TASK_AFTER:
        return JobCondition.FAILING
    if state.is_held(real):
        return JobCondition.RUNNING
    if row.failures:
        return JobCondition.RETRYING
    return JobCondition.WAITING if row.succeeded_at else JobCondition.NEW
