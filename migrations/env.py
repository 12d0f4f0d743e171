"""How alembic reaches the portal's database and what it compares."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import portal_app.db.tables
from portal_app.db import engine as db_engine
from portal_app.db.types import Code, MoneyColumn, UtcDateTime

assert portal_app.db.tables  # the metadata is whole


def plain_type(_kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain types: our own may change their names, what is in the database does not."""
    if isinstance(value, MoneyColumn):
        return "sa.BigInteger()"
    if isinstance(value, UtcDateTime):
        return "sa.DateTime()"
    if isinstance(value, Code):
        return "sa.String(length=40)"
    if type(value).__module__.startswith("sqlmodel"):
        return "sa.String()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        render_item=plain_type,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_without_foreign_keys(connection: Connection) -> None:
    """SQLite alters a table by copying and dropping it, which foreign keys of other tables would forbid.

    They are checked afterwards instead. Raises RuntimeError when a row then refers to nothing.
    """
    database: Any = connection.connection.dbapi_connection
    database.execute("PRAGMA foreign_keys=OFF")  # outside of a transaction, or SQLite ignores it
    try:
        migrate(connection)
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        database.execute("PRAGMA foreign_keys=ON")
    if broken:
        tables = sorted({str(row[0]) for row in broken})
        raise RuntimeError(f"rows of these tables refer to nothing after the migration: {', '.join(tables)}")


with db_engine.engine().connect() as opened:
    if opened.dialect.name == "sqlite":
        migrate_without_foreign_keys(opened)
    else:
        migrate(opened)
