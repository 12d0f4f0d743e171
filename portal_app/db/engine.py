"""The engines of this process, made when they are first needed (workers are forked after import)."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from portal_app.settings import settings

_engines: dict[tuple[int, str, bool], Engine] = {}
_bound: list[str] = []


def engine() -> Engine:
    return _of_this_process(reads=False)


def reading_engine() -> Engine:
    """For what changes nothing. On SQLite it has connections of its own, as many as are asked for: those of
    writers may all be waiting for their turn, and who reads waits for nobody.
    """
    return _of_this_process(reads=True)


@lru_cache(maxsize=64)
def beginning(made: Engine, may_write: bool) -> Engine:
    """The engine that says BEGIN rightly: making one for every transaction costs more than a query."""
    return made.execution_options(portal_writes=may_write)


def _url() -> str:
    return _bound[-1] if _bound else settings().database


def _of_this_process(*, reads: bool) -> Engine:
    url = _url()
    here = (os.getpid(), url, reads and _is_file(url))
    if here not in _engines:
        _engines[here] = _make(url, reads=here[2])
    return _engines[here]


@lru_cache(maxsize=64)
def _is_file(url: str) -> bool:
    made = make_url(url)
    return made.get_backend_name() == "sqlite" and made.database not in (None, "", ":memory:")


def bind(url: str) -> None:
    """Talk to this database from now on: for tests and for the command line's --database."""
    _bound[:] = [url]


def unbind() -> None:
    """Back to the database of the settings."""
    _bound.clear()


def is_reachable() -> bool:
    """Whether a connection to the database can be opened; it may be empty."""
    try:
        with reading_engine().connect():
            return True
    except SQLAlchemyError:
        return False


def bound() -> bool:
    """Was another database than that of the settings named?"""
    return bool(_bound)


def close() -> None:
    """End every connection; the engines stay, with the statements they have prepared."""
    for made in _engines.values():
        made.dispose()


def dispose() -> None:
    for made in _engines.values():
        made.dispose()
    _engines.clear()


def _make(url: str, *, reads: bool) -> Engine:
    # hide_parameters: no health data in the text of a database error.
    options: dict[str, Any] = {"hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, **options)
    if (file := make_url(url).database) and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    options |= {"max_overflow": -1} if reads else {}
    made = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **options)

    @event.listens_for(made, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see scope._begin
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute(f"PRAGMA query_only={'ON' if reads else 'OFF'}")

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that will write takes the write lock at once: an upgrade later would
        # fail with "database is locked" instead of waiting its turn.
        writes = connection.get_execution_options().get("portal_writes", True)
        # To the driver itself: every event of every page begins here.
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made
