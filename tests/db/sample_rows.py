"""`People.create` once for each process: what it wrote is kept, and written again as plain rows for the next test."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlmodel import SQLModel, select

from portal_app import clock
from portal_app.db import engine as db_engine
from tests.people import People

_kept: dict[tuple[str, datetime], dict[str, list[dict[str, Any]]]] = {}


def create_people() -> People:
    """The same rows as `People.create`, which a test with other rows before it calls itself."""
    engine = db_engine.engine()
    key = (engine.dialect.name, clock.now())
    with engine.connect() as connection:
        others = any(connection.execute(select(table).limit(1)).first() for table in _written(key))
    if others:
        return People.create()
    if key not in _kept:
        people = People.create()
        with engine.connect() as connection:
            _kept[key] = _rows_of(connection)
        return people
    with engine.begin() as connection:
        for table in _written(key):
            connection.execute(table.insert(), _kept[key][table.name])
        if engine.dialect.name == "postgresql" and (entries := _kept[key].get("audit_entry")):
            after = text("SELECT setval(pg_get_serial_sequence('audit_entry', 'seq'), :last)")
            connection.execute(after, {"last": max(row["seq"] for row in entries)})
    return People()


def _written(key: tuple[str, datetime]) -> Iterable[Table]:
    """The tables that `People.create` writes into; all before that is known."""
    return [
        table for table in SQLModel.metadata.sorted_tables if key not in _kept or table.name in _kept[key]
    ]


def _rows_of(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in SQLModel.metadata.sorted_tables:
        if rows := connection.execute(select(table)).mappings().all():
            found[table.name] = [dict(row) for row in rows]
    return found
