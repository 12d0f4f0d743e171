"""Olga at the practice."""

import pytest

from tests.people import People
from tests.state.staff.agreements.helper import open_office


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    return open_office(monkeypatch)
