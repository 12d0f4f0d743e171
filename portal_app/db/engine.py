"""The one engine of this process, made when it is first needed (workers are forked after import)."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from portal_app.settings import settings

_engines: dict[tuple[int, str], Engine] = {}
_bound: list[str] = []


def engine() -> Engine:
    url = _bound[-1] if _bound else settings().database
    here = (os.getpid(), url)
    if here not in _engines:
        _engines[here] = _make(url)
    return _engines[here]


def bind(url: str) -> None:
    """Talk to this database from now on: for tests and for the command line's --database."""
    _bound[:] = [url]


def unbind() -> None:
    """Back to the database of the settings."""
    _bound.clear()


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


def _make(url: str) -> Engine:
    # hide_parameters: no health data in the text of a database error.
    options: dict[str, Any] = {"hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, **options)
    if (file := make_url(url).database) and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **options)

    @event.listens_for(made, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see scope._begin
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_size=-65536")

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that will write takes the write lock at once: an upgrade later would
        # fail with "database is locked" instead of waiting its turn.
        writes = connection.get_execution_options().get("portal_writes", True)
        # To the driver itself: every event of every page begins here.
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made
