"""Migrate the database, and tell whether it is up to date."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import portal_app.db.tables
from portal_app.db import installation
from portal_app.db.engine import engine
from portal_app.settings import settings

assert portal_app.db.tables  # imported, so that SQLModel.metadata has all tables


def configuration() -> Config:
    """Alembic's configuration."""
    return Config(str(Path(__file__).resolve().parents[2] / "alembic.ini"))


def upgrade(to: str = "head") -> None:
    """Migrate the database to a revision and record whether it is a demo's (db/installation.py)."""
    command.upgrade(configuration(), to)
    with engine().begin() as connection:
        installation.mark(connection, when_empty=settings().demo)


def downgrade(to: str = "-1") -> None:
    """Migrate the database back to an earlier revision."""
    command.downgrade(configuration(), to)


def current_revision() -> str | None:
    """The revision of the database; None when it is empty."""
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The revision of the newest migration."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def drift() -> list[Any]:
    """Differences between the tables in the code and those that the migrations make."""
    with engine().connect() as connection:
        return compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata
        )
