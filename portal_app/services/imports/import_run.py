"""What one import remembers while it runs: who is who, what was set aside, what is reported."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from pydantic_core import PydanticUndefined
from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.owned import Owned
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.ids import AccountId, FamilyId, MembershipId, PatientId, PlanId, new_id
from portal_app.domain.imports import ImportOptions, ImportReport, Problem, SheetCount, Where
from portal_app.domain.money import Money
from portal_app.services.imports.files import Raw

T = TypeVar("T")
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Row:
    """A record whose every value could be read."""

    where: Where
    values: dict[str, Any]
    given: frozenset[str]  # the columns its file has: only these may change what is kept
    about: str = ""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


@dataclass(slots=True)
class Person:
    id: PatientId
    account_id: AccountId
    name: str


@dataclass(slots=True)
class ImportRun:
    """One run of the importer."""

    principal: Principal
    manner: ImportOptions
    check: bool
    report: ImportReport
    progress: Progress
    phone_country: str = "US"  # of numbers that are written without one
    expected: int = 0
    done: int = 0
    people: dict[str, Person] = field(default_factory=dict)  # by chart number
    accounts: dict[PatientId, AccountId] = field(default_factory=dict)  # by guarantor
    families: dict[str, FamilyId] = field(default_factory=dict)
    guarantors: dict[AccountId, PatientId] = field(default_factory=dict)  # by account
    plans: dict[str, PlanId] = field(default_factory=dict)
    memberships: dict[str, tuple[MembershipId, AccountId]] = field(default_factory=dict)
    set_aside: dict[str, Where] = field(default_factory=dict)  # chart numbers
    # Minor units: what the accepted rows say, what the portal keeps of them, what it entered new.
    source: int = 0
    ours: int = 0
    entered: int = 0
    aside_by_currency: dict[str, int] = field(default_factory=dict)

    def opened(self) -> AbstractContextManager[Tx]:
        return reading(self.principal) if self.check else transaction(self.principal)

    def count(self, sheet: str) -> SheetCount:
        return self.report.counts.setdefault(sheet, SheetCount())

    def aside(self, sheet: str, at: Row | Raw, column: str, reason: str) -> None:
        self.count(sheet).set_aside += 1
        self.report.problems.append(_problem(at, column, reason))

    def warn(self, at: Row | Raw, column: str, reason: str) -> None:
        self.report.problems.append(_problem(at, column, reason, warning=True))

    def came_in(self, minor: int) -> None:
        self.source += minor

    def lost(self, amount: Money, currency: str = "") -> None:
        """An amount of the source that was set aside."""
        code = currency or amount.currency
        self.aside_by_currency[code] = self.aside_by_currency.get(code, 0) + amount.minor

    def step(self, rows: int) -> None:
        self.done += rows
        self.progress(min(self.done, self.expected), self.expected)

    def person(self, sheet: str, row: Row, column: str) -> Person | None:
        """Whom the column names; a row about nobody we know is set aside."""
        chart = row[column]
        if found := self.people.get(chart):
            return found
        if first := self.set_aside.get(chart):
            self.aside(sheet, row, column, f"patient {chart} was set aside ({first.file}, line {first.line})")
        else:
            self.aside(sheet, row, column, f"there is no patient {chart}")
        return None

    def bulk_insert(self, tx: Tx, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        if not self.check:
            tx.bulk_insert(table, rows)

    def bulk_update(self, tx: Tx, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        if not self.check:
            tx.bulk_update(table, rows)

    def add_staff_task(self, tx: Tx, tasks: list[dict[str, Any]]) -> None:
        """Each trouble once, however often the same file comes."""
        if self.check or not tasks:
            return
        unique = {task["once"]: task for task in tasks}
        for some in chunks(unique.values(), 500):
            known = set(tx.exec(select(Task.once).where(col(Task.once).in_([t["once"] for t in some]))))
            tx.bulk_insert(Task, [task for task in some if task["once"] not in known])


def _problem(at: Row | Raw, column: str, reason: str, *, warning: bool = False) -> Problem:
    return Problem(at.where.file, at.where.line, column, reason, warning, at.about)


def task(once: str, kind: str, message: str, **facts: Any) -> dict[str, Any]:
    about = {name: facts.pop(name, None) for name in ("account_id", "patient_id")}
    return whole(
        Task,
        id=new_id("tsk"),
        once=once[:200],
        kind=kind,
        message=message,
        values=facts,
        created_at=now(),
        **about,
    )


def chunks(rows: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    following = iter(rows)
    while some := list(islice(following, size)):
        yield some


def keyed_id(prefix: str, noun: str, key: str) -> str:
    """The id of a thing that has no column for the practice's key: the same key, the same id."""
    return f"{prefix}_{hashlib.sha256(f'{noun}:{key}'.encode()).hexdigest()[:32]}"


@cache
def _defaults(table: Any) -> dict[str, Any]:
    return {
        name: field.default
        for name, field in table.model_fields.items()
        if field.default is not PydanticUndefined
    }


def whole(table: type[Owned], **values: Any) -> dict[str, Any]:
    """A row for a bulk insert: every column, so that thousands of rows are one statement."""
    return {**_defaults(table), **values}  # type: ignore[arg-type]


def noon(day: date, desk: ImportRun) -> datetime:
    """A moment for what the files date by day; never later than now."""
    return min(datetime.combine(day, time(12), desk.manner.zone), now())
