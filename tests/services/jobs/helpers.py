"""A clock that is moved by hand, gateways that are fakes, jobs that do what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal_app.domain.access import system_principal
from portal_app.domain.jobs import LEASE, Every, Schedule
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.practice_system_fake import FakePracticeSystem
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.jobs import leases
from portal_app.services.jobs.base import JobGateways, JobResult, JobRun, ScheduledJob
from portal_app.services.jobs.runner import Runner

PORTAL = system_principal("test")
START = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)  # noon in New York


@dataclass
class HandClock:
    """The real clock of a test."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


def fake_gateways() -> JobGateways:
    return JobGateways(FakeProcessor(), FakeMailer(), FakeTexter(), FakePracticeSystem())


def nothing(_: JobRun) -> JobResult:
    return JobResult("Messages sent: {count}.", {"count": 0})


def job(
    function: Callable[[JobRun], JobResult] = nothing,
    *,
    name: str = "probe",
    schedule: Schedule = Every(60),
    lease: timedelta = LEASE,
) -> ScheduledJob:
    return ScheduledJob(name, function, schedule, lease)


def runner(*jobs: ScheduledJob, clock: Callable[[], datetime], slots: int = 4) -> Runner:
    return Runner({each.name: each for each in jobs}, fake_gateways(), slots=slots, now=clock)


def tick(it: Runner) -> int:
    """One tick, and all that it started to its end. How many runs it started."""
    started = it.tick()
    for run in started:
        run.result(timeout=20)
    return len(started)


def row(name: str = "probe"):
    return leases.job_rows(PORTAL)[name]
