"""Whether a database is a demo's: read from its row, or found out from what it holds.

`portal migrate` writes the row. Without it (a database older than the table, or made by other means)
the content decides, so that a lost row opens nothing. Here in SQL, because it is asked before the
database has every table.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, text

ROW = "installation"
# The demo's own domain; `.example` belongs to nobody (RFC 2606), so no practice has it.
_DEMO_DOMAIN = "%@juniper.example"
_DEMO_ROWS = {
    "staff_member": "SELECT 1 FROM staff_member WHERE lower(email) LIKE :domain LIMIT 1",
    "practice": "SELECT 1 FROM practice WHERE lower(email) LIKE :domain LIMIT 1",
}
_HELD = ("practice", "patient", "staff_member")


def is_demo(connection: Connection, *, when_empty: bool) -> bool:
    """Whether this database is a demo's. `when_empty`: the answer for one that holds nothing and has no row."""
    marked = _marked(connection)
    return _found_out(connection, when_empty=when_empty) if marked is None else marked


def mark(connection: Connection, *, when_empty: bool) -> None:
    """Write the row, unless it is there or the database has no table for it yet."""
    if not _has(connection, "installation") or _marked(connection) is not None:
        return
    demo = _found_out(connection, when_empty=when_empty)
    insert = text(
        "INSERT INTO installation (id, demo, created_at) VALUES (:id, :demo, :now) ON CONFLICT (id) DO NOTHING"
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    # As the table's own columns keep it, on either kind of database.
    connection.execute(insert, {"id": ROW, "demo": demo, "now": str(now) if _is_sqlite(connection) else now})


def is_empty(connection: Connection) -> bool:
    """No practice, no patient, nobody who works there."""
    return not any(
        connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first()  # noqa: S608  (our own names)
        for table in _HELD
        if _has(connection, table)
    )


def _found_out(connection: Connection, *, when_empty: bool) -> bool:
    if is_empty(connection):
        return when_empty
    return any(
        connection.execute(text(query), {"domain": _DEMO_DOMAIN}).first()
        for table, query in _DEMO_ROWS.items()
        if _has(connection, table)
    )


def _marked(connection: Connection) -> bool | None:
    if not _has(connection, "installation"):
        return None
    kept = connection.execute(text("SELECT demo FROM installation WHERE id = :id"), {"id": ROW}).first()
    return None if kept is None else bool(kept[0])


def _has(connection: Connection, table: str) -> bool:
    return inspect(connection).has_table(table)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
