"""What it costs to bill 20,000 memberships that are due on one day and to write their messages, and how much memory.

`python -m tests.bench.bench_billing` prints it, with the ratio to a bare `executemany` of the rows that were written
(other programs on the machine slow down both). A number after it names another count. DATABASE_URL names another
database (empty, it is filled).
"""

import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import func, select

from portal_app import clock
from portal_app.db import engine, migrations
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, InvoiceLine, LedgerEntry, PostingExport
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.db.tables.messages import BillingNotice, OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.memberships.billing_run import bill_memberships
from tests.bench.memberships_due import add_due_memberships

COUNT = 20_000
SYSTEM = system_principal("bench")
NOON = datetime(2026, 3, 15, 12, tzinfo=ZoneInfo("America/New_York"))
WRITTEN = (Invoice, InvoiceLine, MembershipInvoice, LedgerEntry, PostingExport, BillingNotice, OutboxMessage)


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time and by the clock on the wall."""

    processor: float
    wall: float


def cost_of(work: Callable[[], object]) -> Cost:
    processor, wall = time.process_time(), time.monotonic()
    work()
    return Cost(time.process_time() - processor, time.monotonic() - wall)


def peak_mb() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bare_insert(url: str, folder: Path) -> Cost:
    """A bare `executemany` of the rows that the run wrote, into an empty copy."""
    source = sqlite3.connect(url.removeprefix("sqlite:///"))
    with closing(source), closing(sqlite3.connect(folder / "bare.db")) as bare:
        bare.execute("PRAGMA foreign_keys=OFF")
        names = [str(table.__tablename__) for table in WRITTEN]
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for name in names:
            (made,) = source.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
            bare.execute(made)
            for (index,) in source.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL",
                (name,),
            ):
                bare.execute(index)
            rows[name] = source.execute(f"SELECT * FROM {name}").fetchall()

        def insert() -> None:
            for name in names:
                if rows[name]:
                    places = ",".join("?" * len(rows[name][0]))
                    bare.executemany(f"INSERT INTO {name} VALUES ({places})", rows[name])
            bare.commit()

        return cost_of(insert)


def measure(count: int, url: str, folder: Path) -> dict[str, float]:
    """Bill `count` memberships in the database at `url`, filled here, and write their messages."""
    engine.bind(url)
    migrations.upgrade()
    add_due_memberships(count)
    billing = cost_of(lambda: bill_memberships(SYSTEM))
    messages = cost_of(lambda: send_daily_digests(SYSTEM))
    peak = peak_mb()
    second = cost_of(lambda: (bill_memberships(SYSTEM), send_daily_digests(SYSTEM)))
    with reading(SYSTEM) as tx:
        for table in (Invoice, OutboxMessage):
            made = tx.exec(select(func.count()).select_from(table)).one()
            assert made == count, (table, made)
    found = {
        "memberships": count,
        "billing_processor_s": billing.processor,
        "billing_wall_s": billing.wall,
        "messages_processor_s": messages.processor,
        "messages_wall_s": messages.wall,
        "peak_mb": peak,
        "second_run_processor_s": second.processor,
        "second_run_wall_s": second.wall,
    }
    if url.startswith("sqlite"):
        bare = bare_insert(url, folder)
        found["ratio_to_bare"] = (billing.processor + messages.processor) / bare.processor
    engine.dispose()
    return {name: round(value, 2) for name, value in found.items()}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name, clock.held_at(NOON):
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'bench.db'}")
        print(json.dumps(measure(count, url, folder), indent=1))


if __name__ == "__main__":
    os.environ.setdefault("PORTAL_MODE", "demo")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
