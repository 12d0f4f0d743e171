"""Whether a database is a demo's: read from its installation row, or concluded from its content.

`portal migrate` writes the row. Without the row (a database older than the table, or made by other means) the
content decides, so that losing the row does not turn a practice into a demo. In plain SQL, because it is read
before the database has all tables.
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
_TABLES = ("practice", "patient", "staff_member")


def is_demo(connection: Connection, *, when_empty: bool) -> bool:
    """Whether this database is a demo's. `when_empty`: the answer for an empty one without the row."""
    recorded = _recorded(connection)
    return _conclude(connection, when_empty=when_empty) if recorded is None else recorded


def mark(connection: Connection, *, when_empty: bool) -> None:
    """Write the row, unless it exists or the database has no table for it yet."""
    if not _has_table(connection, "installation") or _recorded(connection) is not None:
        return
    demo = _conclude(connection, when_empty=when_empty)
    insert = text(
        "INSERT INTO installation (id, demo, created_at) VALUES (:id, :demo, :now) ON CONFLICT (id) DO NOTHING"
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    # In the form in which the ORM stores it: text on SQLite.
    connection.execute(insert, {"id": ROW, "demo": demo, "now": str(now) if _is_sqlite(connection) else now})


def is_empty(connection: Connection) -> bool:
    """Whether there is no practice, no patient and no staff member."""
    return not any(
        connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first()  # noqa: S608  (our own names)
        for table in _TABLES
        if _has_table(connection, table)
    )


def _conclude(connection: Connection, *, when_empty: bool) -> bool:
    if is_empty(connection):
        return when_empty
    return any(
        connection.execute(text(query), {"domain": _DEMO_DOMAIN}).first()
        for table, query in _DEMO_ROWS.items()
        if _has_table(connection, table)
    )


def _recorded(connection: Connection) -> bool | None:
    """What the row says; None without row or table."""
    if not _has_table(connection, "installation"):
        return None
    row = connection.execute(text("SELECT demo FROM installation WHERE id = :id"), {"id": ROW}).first()
    return None if row is None else bool(row[0])


def _has_table(connection: Connection, table: str) -> bool:
    return inspect(connection).has_table(table)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
