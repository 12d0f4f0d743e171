"""An empty database for each test of a command, of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.databases import Database, file_database, postgres_database
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """With nothing in it: a file in a folder `shared`, or one of PostgreSQL."""
    if request.param == "sqlite":
        yield file_database(tmp_path)
        return
    yield from postgres_database(request.getfixturevalue("postgres"))
