"""A process that runs two jobs of a test: `python -m tests.services.jobs.worker DATABASE FOLDER LEASE PAUSE`.

"steps" does five steps, each under a unique key and with a cursor; the first process that comes to the third
one stops there and waits to be killed. "often" notes its beginning and its end.
"""

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from portal_app.clock import real_now
from portal_app.db import engine
from portal_app.db.scope import transaction
from portal_app.db.tables.staff import Task
from portal_app.domain.ids import new_id
from portal_app.domain.jobs import Every
from portal_app.services.jobs.base import JobResult, JobRun, ScheduledJob
from portal_app.services.jobs.runner import Runner, run_jobs_forever
from tests.services.jobs.helpers import fake_gateways

STEPS = 5


def note(folder: Path, file: str, word: object) -> None:
    with (folder / file).open("a") as lines:  # one short write of a file opened for appending is whole
        lines.write(f"{os.getpid()} {word}\n")


def main(database: str, folder: Path, lease: float, pause: float) -> None:
    engine.bind(database)

    def steps(run: JobRun) -> JobResult:
        for step in range(int(run.cursor.get("done", 0)), STEPS):
            note(folder, "steps", step)
            with transaction(run.principal) as tx:
                name = f"step:{step}"
                tx.add_as_system_once(
                    Task(id=new_id("tsk"), once=name, kind="step", message=name, created_at=real_now())
                )
            if step == 2 and not (folder / "reached").exists():
                (folder / "reached").write_text(str(os.getpid()))
                while True:
                    time.sleep(60)
            run.save_cursor({"done": step + 1})
        return JobResult("done", {"steps": STEPS})

    def often(_: JobRun) -> JobResult:
        note(folder, "often", "begins")
        note(folder, "often", "ends")
        return JobResult("done")

    held_for = timedelta(seconds=lease)
    jobs = {
        "steps": ScheduledJob("steps", steps, Every(3600), held_for),
        "often": ScheduledJob("often", often, Every(1), held_for),
    }
    asyncio.run(run_jobs_forever(Runner(jobs, fake_gateways()), pause=pause))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
