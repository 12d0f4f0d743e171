"""When a page starts over, when it goes on where it was, and which events count as activity."""

from types import SimpleNamespace
from typing import Any

import pytest
from reflex.event import Event

from portal_app.state import guards
from portal_app.visitor import Visitor

HYDRATE, ON_LOAD = next(name for name in guards.HYDRATE if name.endswith("_and_load")), guards.ON_LOAD
NOBODY = Visitor("", "", "203.0.113.7")


class Tab:
    """The tree of states of one page, as the guards use it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, visitor: Visitor = NOBODY, load: str = "") -> None:
        self.path, self.wiped = "/sign-in", 0
        self.cause: str | None = None
        self.ours = SimpleNamespace(
            _bound_ref=visitor.refs,
            _visit=0,
            _arrived_at="",
            _at=("/sign-in",),
            _automatic_events=(),
            _load=load,
        )
        monkeypatch.setattr(guards, "visitor_now", lambda: visitor)
        monkeypatch.setattr(guards, "page_now", lambda: self.path)
        monkeypatch.setattr(guards, "place_now", lambda: (self.path,))
        monkeypatch.setattr(guards, "cause_now", lambda: self.cause)
        monkeypatch.setattr(guards, "EventContext", SimpleNamespace(get=lambda: SimpleNamespace(txid="t")))

    async def get_state(self, _: object) -> SimpleNamespace:
        return self.ours

    def _get_root_state(self) -> "Tab":
        return self

    def reset(self) -> None:
        self.wiped += 1

    async def happen(self, name: str, **payload: Any) -> int:
        """Which visit of a page it is then."""
        await guards.GuardMiddleware().preprocess(None, self, Event(name=name, payload=payload))
        return self.ours._visit


async def test_a_visit_is_a_page_opened_or_a_step_to_another_and_never_a_lost_connection(
    monkeypatch: pytest.MonkeyPatch,
):
    tab = Tab(monkeypatch)
    opened = await tab.happen(HYDRATE, hashes=["a"])
    assert await tab.happen(ON_LOAD) == opened
    assert await tab.happen(HYDRATE) == opened  # connected again
    assert await tab.happen(ON_LOAD) == opened
    tab.path = "/sign-in/password"
    assert await tab.happen(ON_LOAD) == opened + 1
    tab.path = "/sign-in"
    assert await tab.happen(ON_LOAD) == opened + 2  # and back
    assert await tab.happen(HYDRATE) == opened + 2
    tab.path = "/welcome"  # a step taken while the line was cut
    assert await tab.happen(HYDRATE) == opened + 3
    assert await tab.happen(ON_LOAD) == opened + 3
    tab.path = "/sign-in/desk"
    assert await tab.happen(HYDRATE) == opened + 4
    tab.path = "/sign-in"  # moved on before it had loaded
    assert await tab.happen(ON_LOAD) == opened + 5
    assert await tab.happen(HYDRATE, hashes=["a"]) == opened + 6  # loaded again


async def test_a_late_load_event_of_a_line_that_was_cut_is_no_new_visit(monkeypatch: pytest.MonkeyPatch):
    """It would throw somebody who signs in back to the first step."""
    tab = Tab(monkeypatch)
    opened = await tab.happen(HYDRATE, hashes=["a"])
    await tab.happen(HYDRATE)  # connected again before the page had loaded
    tab.cause = "hydrate"
    assert await tab.happen(ON_LOAD) == opened
    assert await tab.happen(ON_LOAD) == opened
    tab.cause = None
    assert await tab.happen(ON_LOAD) == opened + 1  # a step taken on the page, to the same one


async def test_a_newly_opened_page_shows_nothing_of_the_last_person(monkeypatch: pytest.MonkeyPatch):
    """After signing out one is nobody again, as before signing in: the ticket of then is still in that state."""
    tab = Tab(monkeypatch)
    await tab.happen(HYDRATE)
    assert tab.wiped == 0  # its line was cut: what is typed stays
    await tab.happen(HYDRATE, hashes=["a"])
    assert tab.wiped == 1


@pytest.mark.parametrize(
    ("load", "again", "hashes", "opened", "by_itself"),
    [
        ("new", False, [], True, False),  # its first line failed, and it has its hashes no more
        ("new", False, ["a"], True, False),
        ("new", True, ["a"], True, True),  # loaded again by its own script
        ("known", True, [], False, True),  # its line was cut
        ("", False, [], False, True),
        ("", False, ["a"], True, False),
    ],
)
async def test_the_id_of_a_page_load_tells_opened_from_reconnected(
    monkeypatch: pytest.MonkeyPatch, load: str, again: bool, hashes: list[str], opened: bool, by_itself: bool
):
    visitor = Visitor(ip="203.0.113.7", load=load, again=again)
    tab = Tab(monkeypatch, visitor, "known" if load else "")
    assert await tab.happen(HYDRATE, hashes=hashes) == tab.wiped == int(opened)
    assert tab.ours._automatic_events == (("t",) if by_itself else ())
    assert tab.ours._load == load
