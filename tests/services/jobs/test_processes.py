"""Real processes on PostgreSQL: a job runs in one of them, and goes on in the other when its own is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.staff import Task
from tests.servers import wait_until
from tests.services.jobs.helpers import PORTAL, row
from tests.services.jobs.worker import STEPS

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
LEASE, PAUSE = 2.0, 0.2  # seconds: shorter than those of the portal, whose sum test_runner.py checks


@contextmanager
def workers(database: str, folder: Path, count: int = 2) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    words = [database, str(folder), str(LEASE), str(PAUSE)]
    command = [sys.executable, "-m", "tests.services.jobs.worker", *words]
    started = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield {process.pid: process for process in started}
    finally:
        for process in started:
            process.kill()
            process.wait()


def lines(folder: Path, file: str) -> list[tuple[int, str]]:
    if not (folder / file).exists():
        return []
    return [
        (int(pid), word) for pid, word in (line.split() for line in (folder / file).read_text().splitlines())
    ]


def done_steps() -> list[str]:
    with reading(PORTAL) as tx:
        return sorted(tx.exec(select(Task.once).where(Task.kind == "step")).all())


def test_a_job_is_finished_by_the_other_process_when_its_own_is_killed(postgres_db: str, tmp_path: Path):
    with workers(postgres_db, tmp_path) as running:
        wait_until((tmp_path / "reached").exists, seconds=30, what="the middle of the job")
        first = int((tmp_path / "reached").read_text())
        turn = row("steps").turn
        renewed = row("steps").lease_until
        assert renewed
        wait_until(
            lambda: (row("steps").lease_until or renewed) > renewed, seconds=10, what="a renewal"
        )  # it is alive
        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: row("steps").succeeded_at is not None, seconds=30, what="the take-over")
        assert time.monotonic() - killed < LEASE + 2 * PAUSE + 3  # 3: two busy processors
    (second,) = running.keys() - {first}
    assert row("steps").turn == turn + 1
    assert lines(tmp_path, "steps") == [
        *((first, str(step)) for step in (0, 1, 2)),
        *((second, str(step)) for step in (2, 3, 4)),  # the third step was not in the cursor yet
    ]
    assert done_steps() == [f"step:{step}" for step in range(STEPS)]


def test_two_processes_never_run_the_same_job_at_once_and_both_may(postgres_db: str, tmp_path: Path):
    (tmp_path / "reached").touch()  # nobody stops in the middle
    with workers(postgres_db, tmp_path) as running:
        wait_until(lambda: len(lines(tmp_path, "often")) >= 8, seconds=60, what="four runs")
        wait_until(lambda: row("steps").succeeded_at is not None, seconds=30, what="the long job")
        assert {pid for pid, _ in lines(tmp_path, "often")} <= running.keys()
    noted = lines(tmp_path, "often")
    for begins, ends in list(pairwise(noted))[::2]:
        assert (begins[1], ends[1]) == ("begins", "ends")
        assert begins[0] == ends[0]
    assert [step for _, step in lines(tmp_path, "steps")] == [str(step) for step in range(STEPS)]
    assert len(noted) // 2 - row("often").turn in (-1, 0)  # one may have been cut off by the end of the test
