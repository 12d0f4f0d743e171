"""Transactions that are narrowed to what their principal may see.

The rows of a table belong to an account (money), to a patient (health data), to the
portal itself (sessions, codes, the audit trail) or are public (what everybody may read,
like the practice's name); the table says so once (owned.py). A transaction has one
principal, and for it rows that the principal may not see do not exist: select, get, join,
count, lazy load, bulk update and bulk delete are all narrowed here. What cannot be
narrowed (raw SQL, `__table__`, bulk insert) is refused.
"""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Select, Table, bindparam, event, false
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlmodel import Session

from portal_app.db.audit import add_change_entries
from portal_app.db.bulk import Columns, insert_columns, insert_rows, update_rows
from portal_app.db.engine import begin_mode, engine, reading_engine, use_small_cache
from portal_app.db.owned import Owned, tables
from portal_app.db.prepared_queries import PreparedQuery
from portal_app.domain.access import EVERYONE, Principal, Side
from portal_app.domain.errors import NotFound

Row = TypeVar("Row", bound="Owned")
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Attempt:
    """How a block of `Tx.unless_taken` ended: `taken` when nothing of it was written."""

    taken: bool = False


class Tx(Session):
    """One transaction, narrowed to what its principal may see."""

    principal: Principal
    narrowed: tuple[Any, ...]
    may_write: bool

    def add_as_system(self, row: Row) -> Row:
        """Add a row of the portal itself (a message to send, a task for staff) in any principal's transaction.

        The principal still cannot read such rows.
        """
        if row.access_list != "portal":
            raise RuntimeError("only rows of the portal itself can be added as system")
        self.info.setdefault("added_as_system", []).append(row)
        self.add(row)
        return row

    def add_as_system_once(self, row: Owned) -> bool:
        """`add_as_system`, unless a unique column of the row is taken; returns whether it was added."""
        try:
            with self.begin_nested():
                self.add_as_system(row)
        except IntegrityError:
            return False
        return True

    def add_if_absent(self, row: Owned) -> bool:
        """`add`, unless its id is taken, perhaps by another person's row; returns whether it was added."""
        try:
            with self.begin_nested():
                self.add(row)
        except IntegrityError:
            return False
        return True

    @contextmanager
    def unless_taken(self) -> Iterator["Attempt"]:
        """A block whose writes are undone, without an error, where a unique key of the database is taken."""
        attempt = Attempt()
        try:
            with self.begin_nested():
                yield attempt
        except IntegrityError:
            attempt.taken = True

    def on_commit(self, call: Callable[[], None]) -> None:
        """Call this after the transaction is committed, and only then."""
        self.info.setdefault("on_commit", []).append(call)

    def get_or_404(self, table: type[Row], id_: str, *, lock: bool = False) -> Row:
        """The row, with `lock` locked for update. Raises NotFound when absent or not the principal's."""
        options: dict[str, Any] = {"populate_existing": True} if lock else {}
        row = self.get(table, id_, with_for_update=lock or None, **options)
        if row is None:
            raise NotFound
        return row

    def use_small_cache(self) -> None:
        """As `engine.use_small_cache`, for the connection of this transaction."""
        use_small_cache(self.connection())

    def fetch(self, query: Any, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query with these values, as a `PreparedReading` gives them."""
        return list(self.exec(query, params=values).all())

    def prepared(self) -> "PreparedReading":
        """Prepared queries in this transaction: of the same moment as what else it reads."""
        return PreparedReading(self.principal, self.connection())

    def add(self, instance: Row, *, _warn: bool = True) -> Row:  # type: ignore[override]
        """SQLAlchemy's `Session.add`; returns the row."""
        super().add(instance, _warn=_warn)
        return instance

    def bulk_insert(self, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        """Insert many rows at once, for imports. Raises RuntimeError unless the principal is the system."""
        if self.principal.side is not Side.PORTAL or not self.may_write:
            raise RuntimeError("only the system principal inserts in bulk")
        if rows:
            insert_rows(self.connection(), table.__table__, rows)  # type: ignore[attr-defined]

    def bulk_insert_columns(self, table: type[Owned], columns: Columns, same: dict[str, Any]) -> None:
        """As `bulk_insert`, column by column; `same` is what all rows say. A row has all its columns in one of them."""
        if self.principal.side is not Side.PORTAL or not self.may_write:
            raise RuntimeError("only the system principal inserts in bulk")
        if any(columns.values()):
            insert_columns(self.connection(), table.__table__, columns, same)  # type: ignore[attr-defined]

    def bulk_update(self, table: type[Owned], rows: list[dict[str, Any]]) -> None:
        """Update many rows at once, each by its `id`; all name the same columns. For imports, as `bulk_insert`."""
        if self.principal.side is not Side.PORTAL or not self.may_write:
            raise RuntimeError("only the system principal updates in bulk")
        if rows:
            update_rows(self.connection(), table.__table__, rows)  # type: ignore[attr-defined]


class PreparedReading:
    """A read-only transaction for prepared queries, narrowed to what its principal may see."""

    def __init__(self, principal: Principal, connection: Connection) -> None:
        self._principal, self._connection = principal, connection
        self._narrowed = _narrowed_to(principal)

    def fetch(self, query: Any, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query that is a constant of its module, narrowed as every other query is."""
        prepared = _prepare(query, self._narrowed, self._connection.dialect)
        lists: tuple[tuple[str, Any], ...] = (
            ("principal_accounts", self._principal.accounts),
            ("principal_patients", self._principal.patients),
        )
        own_ids = {name: list(ids) for name, ids in lists if name in prepared.value_names}
        return prepared.run(self._connection, values | own_ids)


@contextmanager
def transaction(principal: Principal) -> Iterator[Tx]:
    """A transaction that may write: commits when the block ends, rolls back when it raises."""
    with _opened(principal, may_write=True) as tx:
        yield tx
        tx.commit()
    for call in tx.info.get("on_commit", ()):
        call()


@contextmanager
def reading(principal: Principal) -> Iterator[Tx]:
    """A transaction that sees one state of the database and cannot write; it waits for no writer."""
    with _opened(principal, may_write=False) as tx:
        yield tx


@contextmanager
def prepared_reading(principal: Principal) -> Iterator[PreparedReading]:
    """As `reading`, for prepared queries only: an ORM session would cost more than they do."""
    with begin_mode(reading_engine(), False).connect() as connection, connection.begin():
        yield PreparedReading(principal, connection)


@contextmanager
def _opened(principal: Principal, *, may_write: bool) -> Iterator[Tx]:
    own_engine = begin_mode(engine() if may_write else reading_engine(), may_write)
    with Tx(own_engine, expire_on_commit=False, autoflush=may_write) as tx:
        tx.principal = principal
        tx.narrowed = _narrowed_to(principal)
        tx.may_write = may_write
        yield tx


def retried(service: Callable[P, T]) -> Callable[P, T]:
    """Retry the service up to four times after a deadlock or a serialisation failure of the database.

    Only for services whose whole work is one transaction, so that nothing has happened outside yet.
    """

    @functools.wraps(service)
    def with_retries(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(4):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") not in ("40P01", "40001"):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311
        return service(*args, **kwargs)

    return with_retries


@event.listens_for(Tx, "do_orm_execute")
def _narrow_query(query: ORMExecuteState) -> None:
    tx = cast(Tx, query.session)
    if not tx.narrowed:
        return
    if query.is_insert or not query.is_orm_statement:
        raise RuntimeError("this cannot be narrowed to one principal")
    _current.principal = tx.principal
    query.statement = _narrowed(query.statement, tx.narrowed)


@event.listens_for(Tx, "before_flush")
def _refuse_foreign_rows(tx: Tx, *_: Any) -> None:
    changed = (*tx.new, *tx.dirty, *tx.deleted)
    if changed and not tx.may_write:
        raise RuntimeError("reading() changes nothing; use transaction()")
    for row in changed:
        if not row.belongs_to(tx.principal) and not any(
            row is added for added in tx.info.get("added_as_system", ())
        ):
            raise NotFound
    if any(row.written_once for row in (*tx.dirty, *tx.deleted) if tx.is_modified(row) or row in tx.deleted):
        raise RuntimeError("rows of this table are written once and never changed")
    add_change_entries(tx, tx.principal, changed)


# The principal whose statement this thread is about to run; read when the statement's values are bound.
_current = threading.local()
_cached: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def _narrowed(statement: Any, criteria: tuple[Any, ...]) -> Any:
    """The statement with the criteria; cached, for statements that are constants of their module."""
    by_criteria = _cached.setdefault(statement, {})
    if criteria not in by_criteria:
        by_criteria[criteria] = statement.options(*criteria)
    return by_criteria[criteria]


def _refuse_unnarrowable(query: Any) -> None:
    """Raise RuntimeError if a part of the query reads a table past the ORM, which adds the criteria."""
    for part in visitors.iterate(query):
        if not isinstance(part, Select) or part._propagate_attrs.get("compile_state_plugin") == "orm":
            continue
        if any(isinstance(source, Table) for source in part.get_final_froms()):
            raise RuntimeError("this cannot be narrowed to one principal")


def _prepare(query: Any, criteria: tuple[Any, ...], dialect: Any) -> PreparedQuery:
    by_key = _cached.setdefault(query, {})
    key = (criteria, dialect.name)
    if key not in by_key:
        if criteria:
            _refuse_unnarrowable(query)
        by_key[key] = PreparedQuery(query.options(*criteria) if criteria else query, dialect)
    return by_key[key]


def _narrowed_to(principal: Principal) -> tuple[Any, ...]:
    """The criteria that narrow queries to this principal; none for the system."""
    if principal.side is Side.PORTAL:
        return ()
    return _narrowings(principal.accounts is EVERYONE, principal.patients is EVERYONE)


@cache
def _narrowings(all_accounts: bool, all_patients: bool) -> tuple[Any, ...]:
    """The loader criteria, shared by all principals: each one's lists are bound when a statement runs."""
    lists = {
        "accounts": None if all_accounts else _listed("accounts"),
        "patients": None if all_patients else _listed("patients"),
    }
    criteria = []
    for table in tables():
        if table.access_list == "portal":
            criteria.append(with_loader_criteria(table, false(), include_aliases=True))
        elif table.access_list != "public":
            allowed = lists[table.access_list]
            if allowed is not None:
                owner = getattr(table, table.owner)
                criteria.append(with_loader_criteria(table, owner.in_(allowed), include_aliases=True))
    return tuple(criteria)


def _listed(name: str) -> Any:
    """A bound parameter with the current principal's list of this name."""
    return bindparam(
        f"principal_{name}", callable_=lambda: list(getattr(_current.principal, name)), expanding=True
    )
