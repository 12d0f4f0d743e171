"""Runs the jobs of the table in this process, each on its row's lease.

A tick is short: renew the leases of what runs here, take what is due, start it in a thread. Every served
process ticks; a job runs in the one that took its row. A process that is killed renews nothing, so its job
is due again for everybody when the lease ends: after LEASE + PAUSE at most, 35 seconds.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from portal_app.clock import real_now
from portal_app.db.tables.jobs import Job
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.jobs import may_claim
from portal_app.i18n import gettext_noop
from portal_app.services.jobs import leases
from portal_app.services.jobs.base import JobFailed, JobGateways, JobRun, LeaseLost, ScheduledJob
from portal_app.services.jobs.errors import JobRunning, JobUnknown
from portal_app.services.jobs.registry import JOBS

_log = logging.getLogger(__name__)
PAUSE = 5.0  # seconds between two ticks
SLOTS = 4  # jobs that run in one process at the same time; the others are left to other processes
_TICKS = system_principal("jobs")
_STOPPED = gettext_noop("Stopped by an error: {error}.")


class Runner:
    """The jobs of one process."""

    def __init__(
        self,
        jobs: Mapping[str, ScheduledJob],
        gateways: JobGateways,
        *,
        slots: int = SLOTS,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._jobs, self._gateways, self._slots, self._now = jobs, gateways, slots, now
        self._running: dict[str, leases.Claim] = {}
        # One thread more than jobs: a tick never waits for a job.
        self.threads = ThreadPoolExecutor(slots + 1, thread_name_prefix="jobs")

    def tick(self) -> list[Future[None]]:
        """Renew, take what is due, start it. The runs that were started."""
        self.renew()
        rows = leases.job_rows(_TICKS)
        if missing := self._jobs.keys() - rows.keys():
            leases.add_missing_rows(_TICKS, sorted(missing), self._now())
            rows = leases.job_rows(_TICKS)
        at = leases.moment_at(self._now())
        due = [
            row
            for name, row in rows.items()
            if name in self._jobs
            and name not in self._running
            and may_claim(leases.state_of(row), self._jobs[name].schedule, at)
        ]
        free = max(0, self._slots - len(self._running))
        longest_due = sorted(due, key=lambda row: (row.next_run, row.name))[:free]
        return [started for row in longest_due if (started := self._start(row)) is not None]

    def renew(self) -> None:
        """Hold on to what runs here."""
        for name, held in tuple(self._running.items()):
            if not leases.renew(_TICKS, held, self._now()) and name in self._running:
                _log.warning("job %s: its lease ended, another process has it", name)

    def start_now(self, name: str) -> Future[None] | None:
        """Start it whether it is due or not; None when somebody works on it."""
        leases.add_missing_rows(_TICKS, [name], self._now())
        row = leases.job_rows(_TICKS)[name]
        return None if leases.state_of(row).is_held(self._now()) else self._start(row)

    def close(self) -> None:
        """Start nothing more. What runs goes on until it ends, or until its lease does."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, row: Job) -> Future[None] | None:
        job = self._jobs[row.name]
        held = leases.claim(_TICKS, job, row, self.holder, leases.moment_at(self._now()))
        if held is None:
            return None
        self._running[job.name] = held
        return self.threads.submit(self._work, held)

    def _work(self, held: leases.Claim) -> None:
        name = held.job.name
        try:
            ending = self._run(held)
            if ending is None or not leases.give_back(_TICKS, held, ending, self._now()):
                _log.warning("job %s: another process took it over before it ended here", name)
        except Exception as trouble:  # the database is away: the lease ends, and somebody takes the job over
            _log.error("job %s: its result could not be kept (%s)", name, type(trouble).__name__)
        finally:
            self._running.pop(name, None)

    def _run(self, held: leases.Claim) -> leases.Ending | None:
        """Run the job; None when the run noticed that another process has it."""
        begun, name = time.monotonic(), held.job.name
        run = JobRun(
            system_principal(name),
            self._gateways,
            cursor=held.cursor,
            keep_cursor=lambda cursor: leases.keep_cursor(_TICKS, held, cursor),
        )

        def ending(message: str, values: Mapping[str, object], error: str = "") -> leases.Ending:
            return leases.Ending(message, values, round((time.monotonic() - begun) * 1000), error)

        try:
            result = held.job.function(run)
        except LeaseLost:
            return None
        except JobFailed as reason:
            _log.warning("job %s failed: %s", name, reason.message)
            return ending(reason.message, reason.values, type(reason).__name__)
        except Exception as bug:  # whatever it is, the job is tried again and the other jobs go on
            _log.error("bug in job %s: %s", name, type(bug).__name__, exc_info=bug)
            return ending(_STOPPED, {"error": type(bug).__name__}, type(bug).__name__)
        return ending(result.message, result.values)


async def run_jobs_forever(runner: Runner, *, pause: float = PAUSE) -> None:
    """Tick for the server's lifespan, for the first time after one pause: by then the server answers."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            await asyncio.sleep(pause)
            try:
                await loop.run_in_executor(runner.threads, runner.tick)
            except Exception as trouble:  # a database away for a minute must not end the loop
                _log.error("the jobs could not be looked at (%s)", type(trouble).__name__)
    finally:
        runner.close()


def run_job_now(
    principal: Principal, name: str, *, gateways: JobGateways, jobs: Mapping[str, ScheduledJob] = JOBS
) -> None:
    """Run one job to its end in this process, whether it is due or not.

    How it ended is in its row (`list_jobs`).

    Raises:
        JobUnknown: there is no such job.
        JobRunning: it runs now, in this or another process.
    """
    principal.require(Permission.MANAGE_SETTINGS)
    if name not in jobs:
        raise JobUnknown(name=name, names=", ".join(jobs))
    runner = Runner(jobs, gateways)
    try:
        started = runner.start_now(name)
        if started is None:
            raise JobRunning(name=name)
        while not wait([started], timeout=PAUSE).done:
            runner.renew()
    finally:
        runner.close()
