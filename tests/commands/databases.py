"""Databases for commands that run as processes: where they are, and what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.servers import Postgres


@dataclass
class Database:
    """One database, and the setting that names it."""

    url: str
    settings: dict[str, str]

    def holds(self) -> dict[str, int]:
        """How many patients, practices and staff, and how many of these are the demo's."""
        asked = {
            "patients": "SELECT count(*) FROM patient",
            "practices": "SELECT count(*) FROM practice",
            "staff": "SELECT count(*) FROM staff_member",
            "messages": "SELECT count(*) FROM outbox_message",
            "the demo's staff": "SELECT count(*) FROM staff_member WHERE email LIKE '%@juniper.example'",
        }
        made = create_engine(self.url)
        with made.connect() as connection:
            found = {what: connection.execute(text(query)).scalar_one() for what, query in asked.items()}
        made.dispose()
        return found


def file_database(tmp_path: Path) -> Database:
    folder = tmp_path / "shared"
    return Database(f"sqlite:///{folder / 'portal.db'}", {"PORTAL_DATA_DIR": str(folder)})


def postgres_database(server: Postgres, like: str = "") -> Iterator[Database]:
    server.command("DROP DATABASE IF EXISTS shared_portal WITH (FORCE)")
    server.command(f"CREATE DATABASE shared_portal {like}")
    url = server.url("shared_portal")
    yield Database(url, {"DATABASE_URL": practice_url(url)})
    server.command("DROP DATABASE shared_portal WITH (FORCE)")


def practice_url(url: str) -> str:
    """As a practice writes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")
