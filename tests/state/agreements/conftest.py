"""Pages of agreements as a tab holds them, of the people every test knows."""

from collections.abc import Callable

import pytest

from portal_app.state.agreements import agreement, agreements, sign_link
from tests.people import People
from tests.state_helper import look_from

SeenBy = Callable[..., None]


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics that pages watch."""
    topics: list[str] = []
    for module in (agreement, agreements, sign_link):
        monkeypatch.setattr(module, "watch", lambda topic, _: topics.append(topic))
    return topics


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch, sample_people: People, watched: list[str]) -> SeenBy:
    return lambda who, language="en": look_from(monkeypatch, who, language)
