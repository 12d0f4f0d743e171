"""The database engines of this process, made on first use because workers are forked after import."""

import os
import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from portal_app.settings import settings

_PATIENCE = 30  # seconds to wait for SQLite's write lock
_engines: dict[tuple[int, str, bool], Engine] = {}
_bound: list[str] = []


def engine() -> Engine:
    """The engine for transactions that write."""
    return _engine_of_process(reads=False)


def reading_engine() -> Engine:
    """The engine for transactions that only read.

    On SQLite it has its own connections, as many as needed: all connections of writers may be waiting for the
    write lock, and a reader must not wait for them.
    """
    return _engine_of_process(reads=True)


@lru_cache(maxsize=64)
def begin_mode(base: Engine, may_write: bool) -> Engine:
    """The engine with the BEGIN of a writing or a reading transaction; cached: making one costs more than a query."""
    return base.execution_options(portal_writes=may_write)


def _url() -> str:
    return _bound[-1] if _bound else settings().database


def _engine_of_process(*, reads: bool) -> Engine:
    url = _url()
    key = (os.getpid(), url, reads and _is_sqlite_file(url))
    if key not in _engines:
        _engines[key] = _make(url, reads=key[2])
    return _engines[key]


@lru_cache(maxsize=64)
def _is_sqlite_file(url: str) -> bool:
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")


def bind(url: str) -> None:
    """Use this database from now on, for tests and the option --database of the command line."""
    _bound[:] = [url]


def unbind() -> None:
    """Use the database of the settings again."""
    _bound.clear()


def use_small_cache(connection: Connection) -> None:
    """Let this connection keep 16 MB of an SQLite file in memory from now on, instead of 64; elsewhere nothing.

    For an import, which appends: it needs the memory for rows that wait, and takes no longer.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA cache_size=-16384")


def is_reachable() -> bool:
    """Whether a connection to the database can be opened; it may be empty."""
    try:
        with reading_engine().connect():
            return True
    except SQLAlchemyError:
        return False


def is_writable() -> bool:
    """Whether the database answers and takes writes. It writes nothing and waits for no other writer."""
    try:
        with engine().connect() as connection:
            if connection.dialect.name == "sqlite":
                return _takes_write_lock(connection.connection.driver_connection)
            return connection.execute(text("SHOW transaction_read_only")).scalar() == "off"
    except SQLAlchemyError:
        return False


def _takes_write_lock(connection: Any) -> bool:
    """Whether SQLite opens a transaction that writes, or another one has just done so."""
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("BEGIN IMMEDIATE")  # a file that is read-only refuses only what comes next
        connection.execute("PRAGMA user_version=0")
    except sqlite3.OperationalError as trouble:
        return trouble.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")
    return True


def is_bound() -> bool:
    """Whether `bind` has named another database than that of the settings."""
    return bool(_bound)


def close() -> None:
    """Close all connections. The engines stay, with their cached statements."""
    for each in _engines.values():
        each.dispose()


def dispose() -> None:
    """Close all connections and forget the engines."""
    for each in _engines.values():
        each.dispose()
    _engines.clear()


def _make(url: str, *, reads: bool) -> Engine:
    # hide_parameters keeps health data out of the text of database errors.
    options: dict[str, Any] = {"hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, **options)
    if (file := make_url(url).database) and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    options |= {"max_overflow": -1} if reads else {}
    new_engine = create_engine(
        url, connect_args={"timeout": _PATIENCE, "check_same_thread": False}, **options
    )

    @event.listens_for(new_engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # `_begin` below sends BEGIN itself
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute(f"PRAGMA query_only={'ON' if reads else 'OFF'}")

    @event.listens_for(new_engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that will write takes the write lock at once: an upgrade later would
        # fail with "database is locked" instead of waiting.
        writes = connection.get_execution_options().get("portal_writes", True)
        # Straight to the driver, because every event of every page passes here.
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return new_engine
