"""Whose row is it? Said once on the table, kept by every read and every write.

A table belongs to an account (money), to a patient (health), to the portal itself
(sessions, codes, the audit trail) or to the house (what everybody may read, like the
practice's name). A transaction belongs to one principal, and what that principal may not
see does not exist in it: select, get, join, count, lazy load, bulk update and bulk
delete are all narrowed here. What cannot be narrowed (raw SQL, `__table__`, bulk insert)
is refused.
"""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Insert, Select, Table, bindparam, event, false, insert, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlmodel import Session

from portal_app.db.audit import note_changes
from portal_app.db.engine import beginning, engine, reading_engine
from portal_app.db.owned import Owned, tables
from portal_app.db.prepared_queries import Prepared
from portal_app.domain.access import EVERYONE, Principal, Side
from portal_app.domain.errors import NotFound

Row = TypeVar("Row", bound="Owned")
P = ParamSpec("P")
T = TypeVar("T")


class Tx(Session):
    """One transaction, through one principal's eyes."""

    principal: Principal
    narrowed: tuple[Any, ...]
    may_write: bool

    def add_as_system(self, row: Row) -> Row:
        """Keep a row of the portal's own (a message to send, a task for staff) in whoever's transaction.

        Write-only: the principal still cannot read such rows.
        """
        if row.seen_through != "portal":
            raise RuntimeError("only the portal's own rows are told")
        self.info.setdefault("added_as_system", []).append(row)
        self.add(row)
        return row

    def add_as_system_once(self, row: Owned) -> bool:
        """`add_as_system`, unless a row with the same unique name is there already; says whether it told."""
        try:
            with self.begin_nested():
                self.add_as_system(row)
        except IntegrityError:
            return False
        return True

    def add_if_absent(self, row: Owned) -> bool:
        """`add`, unless its id is taken, perhaps by somebody else's row; says whether it kept."""
        try:
            with self.begin_nested():
                self.add(row)
        except IntegrityError:
            return False
        return True

    def on_commit(self, call: Callable[[], None]) -> None:
        """Once this transaction is committed, and only then."""
        self.info.setdefault("on_commit", []).append(call)

    def get_or_404(self, table: type[Row], id_: str, *, lock: bool = False) -> Row:
        """The row, locked against others if asked; NotFound when absent or not theirs."""
        options: dict[str, Any] = {"populate_existing": True} if lock else {}
        row = self.get(table, id_, with_for_update=lock or None, **options)
        if row is None:
            raise NotFound
        return row

    def add(self, instance: Row, *, _warn: bool = True) -> Row:  # type: ignore[override]
        """As SQLAlchemy's `Session.add`, and returns the row."""
        super().add(instance, _warn=_warn)
        return instance

    def bulk_insert(self, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        """Many new rows at once. The importer's named door: only the portal's errands pass."""
        if self.principal.side is not Side.PORTAL or not self.may_write:
            raise RuntimeError("only an errand of the portal pours rows")
        if rows:
            _bulk_insert(self.connection(), insert(table.__table__), rows)  # type: ignore[attr-defined]

    def bulk_update(self, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        """Many rows changed at once, each by its `id`; all name the same columns. The importer's door too."""
        if self.principal.side is not Side.PORTAL or not self.may_write:
            raise RuntimeError("only an errand of the portal amends rows")
        if rows:
            columns = table.__table__.c  # type: ignore[attr-defined]
            changed = {
                name: bindparam(f"to_{name}", type_=columns[name].type) for name in rows[0] if name != "id"
            }
            statement = update(table.__table__).where(columns.id == bindparam("by_id")).values(changed)  # type: ignore[attr-defined]
            given = [
                {"by_id" if name == "id" else f"to_{name}": v for name, v in row.items()} for row in rows
            ]
            self.connection().execute(statement, given)


def _bulk_insert(connection: Connection, statement: Insert, rows: list[dict[str, Any]]) -> None:
    """As `execute(statement, rows)`, the values bound here: building each row's parameters took half the time."""
    made = statement.compile(dialect=connection.dialect, column_keys=sorted(rows[0]))
    if made.insert_prefetch:  # a column with a default of Python's that no row names
        connection.execute(statement, rows)
        return
    names = made.positiontup or sorted(rows[0])
    bound = [(name, made._bind_processors.get(name)) for name in names]
    if made.positiontup:
        values: list[Any] = [tuple(to(row[n]) if to else row[n] for n, to in bound) for row in rows]
    else:
        values = [{n: to(row[n]) if to else row[n] for n, to in bound} for row in rows]
    connection.exec_driver_sql(made.string, values)


class PreparedReading:
    """One moment of the database through one principal's eyes, for what is asked at every look."""

    def __init__(self, principal: Principal, connection: Connection) -> None:
        self._principal, self._connection = principal, connection
        self._narrowed = _narrowed_to(principal)

    def fetch(self, question: Any, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a question that is a constant of its module, narrowed as every other is."""
        ready = _prepared(question, self._narrowed, self._connection.dialect)
        lists: tuple[tuple[str, Any], ...] = (
            ("principal_accounts", self._principal.accounts),
            ("principal_patients", self._principal.patients),
        )
        mine = {name: list(ids) for name, ids in lists if name in ready.asks_for}
        return ready.run(self._connection, values | mine)


@contextmanager
def transaction(principal: Principal) -> Iterator[Tx]:
    """Commits when the block ends, rolls back when it raises. Nothing else commits."""
    with _opened(principal, may_write=True) as tx:
        yield tx
        tx.commit()
    for call in tx.info.get("on_commit", ()):
        call()


@contextmanager
def reading(principal: Principal) -> Iterator[Tx]:
    """Sees one moment of the database and changes nothing; waits for no writer."""
    with _opened(principal, may_write=False) as tx:
        yield tx


@contextmanager
def prepared_reading(principal: Principal) -> Iterator[PreparedReading]:
    """As `reading`, with questions made ready once: a session of the mapper costs more than they do."""
    with beginning(reading_engine(), False).connect() as connection, connection.begin():
        yield PreparedReading(principal, connection)


@contextmanager
def _opened(principal: Principal, *, may_write: bool) -> Iterator[Tx]:
    whose = beginning(engine() if may_write else reading_engine(), may_write)
    with Tx(whose, expire_on_commit=False, autoflush=may_write) as tx:
        tx.principal = principal
        tx.narrowed = _narrowed_to(principal)
        tx.may_write = may_write
        yield tx


def retried(service: Callable[P, T]) -> Callable[P, T]:
    """Run again, up to four times, what the database ended for a deadlock or a serialisation clash.

    Only for services whose whole work is one transaction: nothing outside has happened yet.
    """

    @functools.wraps(service)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(4):
            try:
                return service(*args, **kwargs)
            except OperationalError as clash:
                if getattr(clash.orig, "sqlstate", "") not in ("40P01", "40001"):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311
        return service(*args, **kwargs)

    return again


@event.listens_for(Tx, "do_orm_execute")
def _show_only_what_is_theirs(query: ORMExecuteState) -> None:
    tx = cast(Tx, query.session)
    if not tx.narrowed:
        return
    if query.is_insert or not query.is_orm_statement:
        raise RuntimeError("this cannot be narrowed to one principal")
    _asking.principal = tx.principal
    query.statement = _narrowed(query.statement, tx.narrowed)


@event.listens_for(Tx, "before_flush")
def _write_only_what_is_theirs(tx: Tx, *_: Any) -> None:
    changed = (*tx.new, *tx.dirty, *tx.deleted)
    if changed and not tx.may_write:
        raise RuntimeError("reading() changes nothing; use transaction()")
    for row in changed:
        if not row.belongs_to(tx.principal) and not any(
            row is told for told in tx.info.get("added_as_system", ())
        ):
            raise NotFound
    note_changes(tx, tx.principal, changed)


# Whose statement this thread is about to run: read when the statement's values are bound, at once.
_asking = threading.local()
_ready: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def _narrowed(statement: Any, criteria: tuple[Any, ...]) -> Any:
    """The statement with the criteria, made once for a statement that is a constant of its module."""
    made = _ready.setdefault(statement, {})
    if criteria not in made:
        made[criteria] = statement.options(*criteria)
    return made[criteria]


def _refuse_what_cannot_be_narrowed(question: Any) -> None:
    """Every part that reads a table itself must be the mapper's, which adds the criteria."""
    for part in visitors.iterate(question):
        if not isinstance(part, Select) or part._propagate_attrs.get("compile_state_plugin") == "orm":
            continue
        if any(isinstance(source, Table) for source in part.get_final_froms()):
            raise RuntimeError("this cannot be narrowed to one principal")


def _prepared(question: Any, criteria: tuple[Any, ...], dialect: Any) -> Prepared:
    made = _ready.setdefault(question, {})
    wanted = (criteria, dialect.name)
    if wanted not in made:
        if criteria:
            _refuse_what_cannot_be_narrowed(question)
        made[wanted] = Prepared(question.options(*criteria) if criteria else question, dialect)
    return made[wanted]


def _narrowed_to(principal: Principal) -> tuple[Any, ...]:
    if principal.side is Side.PORTAL:
        return ()
    return _narrowings(principal.accounts is EVERYONE, principal.patients is EVERYONE)


@cache
def _narrowings(all_accounts: bool, all_patients: bool) -> tuple[Any, ...]:
    """The loader criteria, the same for all who ask: whose lists count is bound when a statement runs."""
    lists = {
        "accounts": None if all_accounts else _listed("accounts"),
        "patients": None if all_patients else _listed("patients"),
    }
    made = []
    for table in tables():
        if table.seen_through == "portal":
            made.append(with_loader_criteria(table, false(), include_aliases=True))
        elif table.seen_through != "public":
            theirs = lists[table.seen_through]
            if theirs is not None:
                owner = getattr(table, table.owner)
                made.append(with_loader_criteria(table, owner.in_(theirs), include_aliases=True))
    return tuple(made)


def _listed(name: str) -> Any:
    return bindparam(
        f"principal_{name}", callable_=lambda: list(getattr(_asking.principal, name)), expanding=True
    )
