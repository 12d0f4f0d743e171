"""What one import remembers while it runs: who is who, what was set aside, what is reported."""

import hashlib
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic_core import PydanticUndefined
from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.owned import Owned
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import (
    AccountId,
    FamilyId,
    InvoiceId,
    MembershipId,
    PatientId,
    PaymentId,
    PlanId,
    new_id,
    new_ids,
)
from portal_app.domain.imports.dates import NoValue
from portal_app.domain.imports.report import ImportReport, Problem, SheetCount, Where
from portal_app.domain.imports.sheets import SheetReader
from portal_app.domain.imports.values import ImportOptions
from portal_app.domain.money import Money
from portal_app.services.imports.files import Raw

T = TypeVar("T")
Progress = Callable[[int, int], None]


_ALL_THERE: Mapping[str, NoValue] = MappingProxyType({})


class RowShape(NamedTuple):
    """What the rows of one file have in common, or what is special about one row."""

    file: str
    kind: "type[Row]"
    given: frozenset[str]  # the columns its file has: only these may change what is kept
    about: str = ""
    without: Mapping[str, NoValue] = _ALL_THERE  # columns whose text stands for no value
    withdrawn: bool = False  # the source takes it back: entered in error


class Row(tuple[Any, ...]):
    """A record whose every value could be read; its columns are attributes.

    Small and quick: a million of them wait for the accounts they belong to, and are read three million times.
    """

    __slots__ = ()
    shape: RowShape
    line: int  # on which it starts

    if TYPE_CHECKING:

        def __getattr__(self, column: str) -> Any: ...

    @property
    def where(self) -> Where:
        return Where(self.shape.file, self.line)

    @property
    def given(self) -> frozenset[str]:
        return self.shape.given

    @property
    def values(self) -> tuple[Any, ...]:
        return self[2:]


def row_kind(reader: SheetReader) -> type[Row]:
    """The class of the rows of one sheet: columns that its records do not have are the same for all of them."""
    kept = namedtuple("kept", ["shape", "line", *reader.kept])  # type: ignore[misc]
    return type("SheetRow", (Row, kept), {"__slots__": (), **reader.defaults})


def row_of(
    shape: RowShape, raw: Raw, values: tuple[Any, ...], without: Mapping[str, NoValue] = _ALL_THERE
) -> Row:
    """The record as it waits for its turn."""
    if raw.about or without or raw.withdrawn or raw.file != shape.file:
        shape = shape._replace(file=raw.file, about=raw.about, without=without, withdrawn=raw.withdrawn)
    return tuple.__new__(shape.kind, (shape, raw.line, *values))


@dataclass(slots=True)
class Person:
    id: PatientId
    account_id: AccountId
    name: str
    born: date | None = None
    status: PatientStatus = PatientStatus.ACTIVE


_NO_ID = PaymentId("")


@dataclass(slots=True)
class PaymentRows:
    """One payment of the files: its rows, and its id here from the moment it is looked for."""

    rows: list[Row]
    id: PaymentId = _NO_ID

    @property
    def key(self) -> str:
        return self.rows[0].payment_key


@dataclass(slots=True)
class PaymentsSaid:
    """Which payments a complete set of files names."""

    keys: set[str]
    since: date  # the first day they cover
    gone: set[str] = field(default_factory=set[str])  # keys that the files say were never paid


@dataclass(slots=True)
class ImportRun:
    """One run of the importer."""

    principal: Principal
    options: ImportOptions
    check: bool
    report: ImportReport
    progress: Progress
    folder: Path = Path()  # of the files
    phone_country: str = "US"  # of numbers that are written without one
    expected: int = 0
    done: int = 0
    people: dict[str, Person] = field(default_factory=dict[str, Person])  # by chart number
    accounts: dict[PatientId, AccountId] = field(default_factory=dict[PatientId, AccountId])  # by guarantor
    families: dict[str, FamilyId] = field(default_factory=dict[str, FamilyId])
    guarantors: dict[AccountId, PatientId] = field(default_factory=dict[AccountId, PatientId])  # by account
    had_payments: bool = False  # an earlier import brought some
    older_payments: dict[str, PaymentId] = field(
        default_factory=dict[str, PaymentId]
    )  # see older_payments.py
    several: set[PatientId] = field(default_factory=set[PatientId])  # guarantors of more than one account
    plans: dict[str, PlanId] = field(default_factory=dict[str, PlanId])
    memberships: dict[str, tuple[MembershipId, AccountId]] = field(
        default_factory=dict[str, tuple[MembershipId, AccountId]]
    )
    set_aside: dict[str, Where] = field(default_factory=dict[str, Where])  # chart numbers
    survivors: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # merged chart → the one that answers for it
    # Rows that cannot come in and yet end something: a person's access, an invoice.
    endings: list[Row] = field(default_factory=list[Row])
    withdrawals: list[Row] = field(default_factory=list[Row])
    relations: set[str] = field(default_factory=set[str])  # ids of those that the files say
    related: set[str] = field(
        default_factory=set[str]
    )  # charts of which a FHIR RelatedPerson says all there is
    cancellations: list[Row] = field(default_factory=list[Row])  # of appointments
    doubted: dict[InvoiceId, Row] = field(default_factory=dict[InvoiceId, Row])  # more is due there than here
    illegible: set[str] = field(
        default_factory=set[str]
    )  # sheets with a row of which nobody can tell what it is
    payments_said: PaymentsSaid | None = None  # None: the files say nothing of payments, or not all
    # Minor units: what the accepted rows say, what the portal keeps of them, what it entered new.
    moved_accounts: int = 0  # to the survivor of a merged chart
    source: int = 0
    ours: int = 0
    entered: int = 0
    balance_there: int = 0  # the files' balance column, of the invoices that came in
    balance_here: int = 0  # what is due of the same invoices here
    balance_explained: int = 0  # what of the difference payments explain that the files do not know yet
    aside_by_currency: dict[str, int] = field(default_factory=dict[str, int])
    _ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # made, not used yet

    def next_id(self, prefix: str) -> str:
        """A new id after all that this import has taken, so that the database appends to its indexes."""
        made = self._ids.get(prefix)
        if not made:
            made = self._ids[prefix] = new_ids(prefix, 1000, now())[::-1]
        return made.pop()

    def next_ids(self, prefix: str, count: int) -> list[str]:
        """As `next_id`, many at once."""
        left = self._ids.setdefault(prefix, [])
        if len(left) < count:
            more = new_ids(prefix, count - len(left) + 1000, now())
            self._ids[prefix] = left = [*reversed(more), *left]
        self._ids[prefix], taken = left[: len(left) - count], left[len(left) - count :]
        return taken[::-1]

    @contextmanager
    def opened(self) -> Iterator[Tx]:
        """A transaction; with `check` one that only reads."""
        with reading(self.principal) if self.check else transaction(self.principal) as tx:
            tx.use_small_cache()
            yield tx

    def count(self, sheet: str) -> SheetCount:
        counts = self.report.counts
        return counts[sheet] if sheet in counts else counts.setdefault(sheet, SheetCount())

    def aside(self, sheet: str, at: Row | Raw, column: str, reason: str) -> None:
        self.count(sheet).set_aside += 1 + (at.unread if isinstance(at, Raw) else 0)
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
        chart: str = getattr(row, column)
        if found := self.people.get(chart):
            return found
        if first := self.set_aside.get(chart):
            self.aside(sheet, row, column, f"patient {chart} was set aside ({first.file}, line {first.line})")
        else:
            self.aside(sheet, row, column, f"there is no patient {chart}")
        return None

    def plain(self, minor: int) -> str:
        """An amount of the practice's currency as the files write it."""
        return Money(minor, self.options.currency).plain()

    def account_of(self, chart: str) -> AccountId | None:
        """The account that this chart answers for; of a merged chart its survivor's."""
        person = self.people.get(self.survivors.get(chart, chart))
        return self.accounts.get(person.id) if person else None

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
    about = at.about if isinstance(at, Raw) else at.shape.about
    return Problem(at.where.file, at.line, column, reason, warning, about)


def task(once: str, kind: str, message: str, **facts: Any) -> dict[str, Any]:
    about = {name: facts.pop(name, None) for name in ("account_id", "patient_id")}
    return full_row(
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


def full_row(table: type[Owned], **values: Any) -> dict[str, Any]:
    """A row for a bulk insert with every column, defaults included, so that thousands of rows are one statement."""
    return {**_defaults(table), **values}  # type: ignore[arg-type]


def shared_values(table: type[Owned], columns: Iterable[str], same: dict[str, Any]) -> dict[str, Any]:
    """The values that all rows of a bulk insert by columns share: `same`, and the default of every column not named."""
    return {name: v for name, v in _defaults(table).items() if name not in columns} | same  # type: ignore[arg-type]


def noon(day: date, run: ImportRun) -> datetime:
    """A moment for what the files date by day; never later than now."""
    if day < run.options.today:
        return _noon(day, run.options.zone)
    return min(_noon(day, run.options.zone), now())


@lru_cache(maxsize=20_000)
def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(12), zone).astimezone(UTC)
