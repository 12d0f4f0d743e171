"""The migrations make exactly the tables, on both kinds of database, and can be taken back."""

from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel

from portal_app.db import engine, migrations
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path):
    """A database with nothing in it."""
    if request.param == "sqlite":
        engine.bind(f"sqlite:///{tmp_path / 'empty.db'}")
        yield
        engine.dispose()
        return
    server, name = request.getfixturevalue("postgres"), "empty_portal"
    server.command(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.command(f"CREATE DATABASE {name}")
    engine.bind(server.url(name))
    yield
    engine.dispose()
    server.command(f"DROP DATABASE {name} WITH (FORCE)")


def tables() -> set[str]:
    return set(inspect(engine.engine()).get_table_names()) - {"alembic_version"}


@pytest.mark.usefixtures("empty")
def test_from_nothing_to_every_table_without_drift():
    assert migrations.is_at() is None
    migrations.upgrade()
    assert migrations.is_at() == migrations.newest()
    assert tables() == set(SQLModel.metadata.tables)
    assert migrations.drift() == []


@pytest.mark.usefixtures("empty")
def test_one_step_back_and_forth_again():
    migrations.upgrade()
    migrations.downgrade()
    assert migrations.is_at() != migrations.newest()
    migrations.upgrade()
    assert migrations.drift() == []


@pytest.mark.usefixtures("empty")
def test_all_the_way_back_leaves_nothing():
    migrations.upgrade()
    migrations.downgrade("base")
    assert tables() == set()
    assert migrations.is_at() is None


@pytest.mark.usefixtures("empty")
def test_up_to_date_is_up_to_date():
    migrations.upgrade()
    migrations.upgrade()
    assert migrations.is_at() == migrations.newest()
