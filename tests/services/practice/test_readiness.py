"""A process that cannot serve says so: database, Redis, disk."""

import os
from pathlib import Path

import pytest

from portal_app.db import engine as db_engine
from portal_app.db.scope import transaction
from portal_app.domain.access import system_principal
from portal_app.gateways.bus import bus
from portal_app.services.practice.readiness import find_obstacle, has_room
from portal_app.settings import settings
from tests.servers import Postgres, free_port


@pytest.fixture(autouse=True)
def data_folder():
    settings().data_dir.mkdir(parents=True, exist_ok=True)


def test_a_portal_with_all_that_it_needs_is_ready(db: str):
    assert find_obstacle() == ""


def test_another_process_that_is_writing_is_no_obstacle(db: str):
    with transaction(system_principal("test")):
        assert find_obstacle() == ""


def test_a_sqlite_file_that_takes_no_writes_is_an_obstacle(sqlite_db: str):
    file = sqlite_db.removeprefix("sqlite:///")
    with transaction(system_principal("test")):
        pass  # the file is in write-ahead mode
    db_engine.bind(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert find_obstacle() == "database"
    db_engine.dispose()
    db_engine.bind(sqlite_db)


@pytest.mark.postgres
def test_a_postgresql_that_takes_no_writes_is_an_obstacle(postgres: Postgres, postgres_db: str):
    db_engine.bind(f"{postgres_db}?options=-c%20default_transaction_read_only%3Don")
    assert find_obstacle() == "database"
    db_engine.dispose()
    db_engine.bind(postgres_db)


def test_a_database_that_is_away_is_an_obstacle(db: str):
    db_engine.bind("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert find_obstacle() == "database"
    db_engine.dispose()
    db_engine.bind(db)


def test_a_redis_that_is_away_is_an_obstacle_where_one_is_configured(
    sqlite_db: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("PORTAL_DEMO_USES_ENV", "yes")
    settings.cache_clear()
    bus.cache_clear()
    try:
        assert find_obstacle() == "redis"
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        bus.cache_clear()


def test_a_full_disk_is_an_obstacle(tmp_path: Path):
    disk = os.statvfs(tmp_path)
    assert has_room(tmp_path)
    assert not has_room(tmp_path, least=disk.f_blocks * disk.f_frsize + 1)
    assert not has_room(tmp_path / "gone")
    if Path("/proc/self").exists():
        assert not has_room(Path("/proc/self"))  # a file system that cannot be written
