"""What one row costs does not grow with the number of patients: counted, not timed, so it is the same on any machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import SQLModel

from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from tests.invariants import check_billing_invariants
from tests.services.imports.import_helper import IMPORT, bring, write

FEW, MANY = 500, 2_000
AT_MOST = 1.3


@dataclass(slots=True)
class Work:
    """What an import did for each row of its files."""

    rows: int = 0
    statements: int = 0
    reading: int = 0  # hundreds of steps of SQLite's virtual machine in queries
    writing: int = 0  # and in all other statements
    calls: int = 0  # of Python functions

    def per_row(self) -> dict[str, float]:
        return {
            name: getattr(self, name) / self.rows for name in ("statements", "reading", "writing", "calls")
        }


def write_practice(folder: Path, patients: int) -> None:
    """Couples of whom one is the guarantor; each patient an invoice of two lines, a payment, one on account, a visit."""
    numbers, day = range(patients), date(2025, 1, 6)
    days = [day + timedelta(days=n * 7 % 400) for n in numbers]
    write(
        folder,
        "patients",
        "chart_number,guarantor_chart_number,given_name,family_name,birth_date,email",
        *(f"{n},{n - n % 2},Given{n},Family{n // 2},1980-02-03,p{n - n % 2}@example.com" for n in numbers),
    )
    write(
        folder,
        "invoices",
        "invoice_number,guarantor_chart_number,issue_date,due_date,total",
        *(f"N{n},{n - n % 2},{days[n]},{days[n] + timedelta(days=30)},120.00" for n in numbers),
    )
    write(
        folder,
        "invoice_lines",
        "invoice_number,chart_number,description,unit_amount",
        *(f"N{n},{n},{words}" for n in numbers for words in ("Visit,100.00", "Blood draw,20.00")),
    )
    write(
        folder,
        "payments",
        "payment_key,guarantor_chart_number,invoice_number,amount,date",
        *(f"P{n},,N{n},90.00,{days[n] + timedelta(days=9)}" for n in numbers),
        *(f"Q{n},{n - n % 2},,5.00,{days[n] + timedelta(days=20)}" for n in numbers),
    )
    write(
        folder,
        "appointments",
        "appointment_key,chart_number,start",
        *(f"A{n},{n},{days[n]} 10:20" for n in numbers),
    )


@contextmanager
def _counted(work: Work) -> Iterator[None]:
    reads = False

    def statement(_: Any, __: Any, text: str, *___: Any) -> None:
        nonlocal reads
        work.statements += 1
        reads = text.startswith("SELECT")

    def hundred_steps() -> int:
        work.reading += reads
        work.writing += not reads
        return 0

    def watch(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(hundred_steps, 100)

    def call(_: Any, what: str, __: Any) -> None:
        work.calls += what == "call"

    engines = (db_engine.engine(), db_engine.reading_engine())
    for each in engines:
        each.dispose()
        event.listen(each, "connect", watch)
        event.listen(each, "before_cursor_execute", statement)
    sys.setprofile(call)
    try:
        yield
    finally:
        sys.setprofile(None)


def _imported(folder: Path, patients: int, times: int) -> Work:
    """The work of the last of so many imports of the same files into a database of their own."""
    folder.mkdir()
    db_engine.bind(f"sqlite:///{folder}/portal.db")
    SQLModel.metadata.create_all(db_engine.engine())
    write_practice(folder, patients)
    for _ in range(times - 1):
        bring(folder)
    work = Work()
    with _counted(work):
        report = bring(folder)
    assert not report.set_aside
    work.rows = sum(count.rows for count in report.counts.values())
    assert report.changes == (work.rows if times == 1 else 0)
    return work


@pytest.mark.parametrize("times", [1, 2], ids=["new", "unchanged"])
def test_a_row_costs_the_same_in_a_practice_of_500_and_of_2000_patients(
    sqlite_db: str, tmp_path: Path, times: int
):
    _imported(tmp_path / "first", 10, times)  # statements are compiled once for the process
    few, many = (_imported(tmp_path / str(n), n, times).per_row() for n in (FEW, MANY))
    if times == 1:
        with reading(IMPORT) as tx:
            check_billing_invariants(tx)
    assert {what: many[what] / few[what] for what in few if many[what] > AT_MOST * few[what]} == {}
