"""What it costs to bring a practice of 5,000 patients with 60,000 invoices in, and how much memory.

`python -m tests.bench.bench_import` prints it, with the ratio to a bare `executemany` of the rows that were written (other
programs on the machine slow down both). A number after it names other patients: 20000, with twelve invoices
each. DATABASE_URL names another database (empty, it is filled).
"""

import csv
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

PATIENTS, INVOICES = 5_000, 60_000
START = date(2021, 1, 4)


def _write(folder: Path, name: str, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header.split())
        out.writerows(rows)


def write_practice(folder: Path, patients: int = PATIENTS, invoices: int = INVOICES) -> None:
    """Families of three; every invoice two lines; four of five paid; six appointments a patient."""
    dice = random.Random(4)
    answering = [f"{n - n % 3}" for n in range(patients)]
    _write(
        folder,
        "patients",
        "chart_number guarantor_chart_number given_name family_name birth_date email phone line1 city",
        (
            (
                *(n, answering[n], f"Given{n}", f"Family{n // 3}", START - timedelta(days=2000 + n * 3)),
                *(f"p{n - n % 2}@example.com", f"(212) 555-{100 + n % 100:04}", f"{n} Alder Street", "NY"),
            )
            for n in range(patients)
        ),
    )
    days = [START + timedelta(days=dice.randrange(1900)) for _ in range(invoices)]
    whose = [dice.randrange(patients) for _ in range(invoices)]
    first = [dice.randrange(2000, 20000) for _ in range(invoices)]
    _write(
        folder,
        "invoices",
        "invoice_number guarantor_chart_number issue_date due_date total",
        (
            (
                f"N{n}",
                answering[whose[n]],
                days[n],
                days[n] + timedelta(days=30),
                f"{(first[n] + 1850) / 100:.2f}",
            )
            for n in range(invoices)
        ),
    )
    _write(
        folder,
        "invoice_lines",
        "invoice_number chart_number description unit_amount service_date",
        (
            (f"N{n}", whose[n], words, f"{minor / 100:.2f}", days[n])
            for n in range(invoices)
            for words, minor in (("Office visit", first[n]), ("Blood draw", 1850))
        ),
    )
    _write(
        folder,
        "payments",
        "payment_key invoice_number amount date method",
        (
            (f"P{n}", f"N{n}", f"{(first[n] + 1850) / 100:.2f}", days[n] + timedelta(days=9), "card")
            for n in range(invoices)
            if n % 5
        ),
    )
    _write(
        folder,
        "appointments",
        "appointment_key chart_number start provider status",
        (
            (f"A{n}", n % patients, f"{START + timedelta(days=n % 1900)} 10:20", "Dr. Okafor", "completed")
            for n in range(patients * 6)
        ),
    )


def measure(patients: int = PATIENTS) -> dict[str, float | int | bool]:
    """Imports a generated practice twice into the database of DATABASE_URL, else a new SQLite file."""
    os.environ.setdefault("PORTAL_MODE", "demo")
    os.environ.setdefault("PORTAL_DEMO_USES_ENV", "yes")
    from sqlmodel import SQLModel  # noqa: PLC0415  (after the environment is set)

    import portal_app.db.tables  # noqa: F401, PLC0415
    from portal_app.db.engine import bind, engine  # noqa: PLC0415
    from portal_app.domain.access import system_principal  # noqa: PLC0415
    from portal_app.services.imports.run import run_import  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        write_practice(Path(folder), patients, patients * 12)
        file = "" if os.environ.get("DATABASE_URL") else f"{folder}/bench.db"
        if file:
            bind(f"sqlite:///{file}")
        SQLModel.metadata.create_all(engine())
        seen: list[int] = []

        def watch(_: int, __: int) -> None:
            seen.append(_memory())

        begun, busy = time.perf_counter(), time.process_time()
        report = run_import(system_principal("import"), folder, progress=watch)
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        megabytes, peak = max(seen), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        bare = _bare_executemany(file, f"{folder}/bare.db") if file else 0.0
        again = time.process_time()
        unchanged = run_import(system_principal("import"), folder, progress=watch)
        again = time.process_time() - again
        rows = sum(count.rows for count in report.counts.values())
        return {
            "rows": rows,
            "seconds": round(seconds, 1),
            "cpu_seconds": round(busy, 1),
            "rows_a_cpu_second": round(rows / busy),
            "times_a_bare_executemany": round(busy / bare, 2) if bare else 0,
            "cpu_seconds_again": round(again, 1),
            "megabytes": megabytes,
            "peak_megabytes": peak,
            "progress_steps": len(seen),
            "set_aside": len(report.set_aside),
            "changed_again": unchanged.changes,
            "totals_agree": all(total.agree for total in report.totals.values()),
        }


def _memory() -> int:
    """Megabytes of this process alone, without files that it maps."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("RssAnon:")[2].split()[0]) // 1024


def _bare_executemany(file: str, copy: str) -> float:
    """Processor time of inserting the same rows into the same tables, with their indexes and foreign keys."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        tables = source.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        ).fetchall()
        target.execute("PRAGMA journal_mode=WAL")
        target.execute("PRAGMA synchronous=FULL")
        target.execute("PRAGMA cache_size=-65536")
        target.execute("PRAGMA foreign_keys=ON")
        for _, statement in tables:
            target.execute(statement)
        busy = 0.0
        for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            found = source.execute(f'SELECT * FROM "{name}" ORDER BY rowid')
            places = ", ".join("?" * len(found.description))
            while some := found.fetchmany(10_000):
                begun = time.process_time()
                with target:
                    target.executemany(f'INSERT INTO "{name}" VALUES ({places})', some)
                busy += time.process_time() - begun
        return busy


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.parametrize(("patients", "megabytes"), [(2_000, 300), (20_000, 500)])
def test_an_import_costs_a_few_times_a_bare_executemany_however_many_patients_there_are(
    patients: int, megabytes: int
):
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_import", str(patients)],
        capture_output=True,
        text=True,
        check=True,
    )
    print(made.stdout)
    found = json.loads(made.stdout)
    assert found["times_a_bare_executemany"] < 4
    assert found["peak_megabytes"] < megabytes
    assert found["totals_agree"]
    assert (found["set_aside"], found["changed_again"]) == (0, 0)


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:2])), indent=1))
