"""Every handler of every page, found by itself, through its real guard: who gets past, and with what."""

import importlib
import inspect
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.event import Event
from reflex_base.registry import RegistrationContext

from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.errors import NotSignedIn
from portal_app.services.sign_in import rate_limits
from portal_app.settings import Surface, settings
from portal_app.state import base, guards
from portal_app.visitor import Visitor
from tests.attacks.everybody import EVERYBODY
from tests.people import People

importlib.import_module("portal_app.pages")
ALL = RegistrationContext.get().event_handlers
GUARDED = {name: guard for name in ALL if isinstance(guard := guards.guard_of(name), Permission)}
OPEN = [name for name in ALL if guards.guard_of(name) == "open"]
WRONG = [
    None,
    {"$ne": 1},
    [1, [2]],
    "x" * 100_000,
    float("nan"),
    10**400,
    True,
    {"a": {"b": 1}},
    [None],
    -1.5,
]


class Page:
    """As much of a state as a guard touches: whatever gets further finds nothing and is found out."""

    notice, language = "", "en"
    _automatic_events = ()


class PastTheDoor(Exception):
    """The handler's body has begun."""


@pytest.fixture
def sample_people(db: str) -> People:
    rate_limits.forget_all()
    return People.create()


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Be somebody, on a page of their side."""

    def stand(who: Principal) -> None:
        def known(ref: str, side: Side) -> Principal:
            if not ref or who.name == "nobody" or who.side is not side:
                raise NotSignedIn
            return who

        framed = who in (EVERYBODY["embed"], EVERYBODY["embed_kim"])
        visitor = Visitor("p" * 64, "" if framed else "s" * 64, "203.0.113.7", framed)
        path = "/embed/invoices" if framed else "/invoices"
        here = SimpleNamespace(
            parent_txid=None, router_data={"pathname": path, "headers": {"authorization": visitor.header()}}
        )
        monkeypatch.setattr(base.EventContext, "get", lambda: here)
        monkeypatch.setattr(base, "principal_of", known)

    return stand


@pytest.fixture
def tripwire(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of handlers whose bodies have begun: they are asked for what a `Page` has not."""
    begun: list[str] = []
    real = base.reported

    def reported(trouble: BaseException) -> str:
        begun.append(type(trouble).__name__)
        return real(trouble)

    monkeypatch.setattr(base, "reported", reported)
    return begun


async def call(name: str, page: Any, given: dict[str, Any]) -> list[Any]:
    answer = ALL[name].handler.fn(page, **given)
    if isinstance(answer, AsyncIterator):
        return [step async for step in answer]
    return [await answer]


def fitting(name: str) -> dict[str, Any]:
    """Arguments of the right kind, so that only the guard stands in the way."""
    handler = inspect.unwrap(ALL[name].handler.fn)
    hints = inspect.get_annotations(handler, eval_str=True)
    made = {str: "x", bool: True, int: 1, dict[str, str]: {}}
    needed = list(inspect.signature(handler).parameters.values())[1:]
    return {p.name: made[hints[p.name]] for p in needed if p.default is p.empty}


@pytest.mark.parametrize("who", EVERYBODY)
async def test_nobody_gets_past_a_door_without_its_permission(
    sample_people: People, stand: Any, tripwire: list[str], who: str
) -> None:
    principal = EVERYBODY[who]
    stand(principal)
    assert len(GUARDED) > 100
    for name, permission in GUARDED.items():
        if principal.name != "nobody" and principal.may(permission):
            continue
        page = Page()
        (said,) = await call(name, page, fitting(name))
        signed_in_there = principal.name != "nobody" and principal.side is permission.side
        if signed_in_there and (permission.side is Side.STAFF or who.startswith("embed")):
            assert said is None and "You do not have access" in page.notice, name
        else:
            sign_in = "/links" if permission is Permission.ACTION_LINK else "sign-in"
            assert sign_in in str(said.args) or "/embed" in str(said.args), name
        assert tripwire == [], name


async def test_no_argument_of_a_wrong_kind_reaches_a_handler_or_raises(
    sample_people: People, stand: Any, tripwire: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    tried = 0
    for name in [*GUARDED, *OPEN]:
        who = (
            EVERYBODY["olga"] if name in GUARDED and GUARDED[name].side is Side.STAFF else EVERYBODY["maria"]
        )
        if GUARDED.get(name) is Permission.ACTION_LINK:
            who = EVERYBODY["link"]
        stand(who)
        right = fitting(name)
        hints = inspect.get_annotations(inspect.unwrap(ALL[name].handler.fn), eval_str=True)
        for argument in right:
            for wrong in WRONG:
                if fits(hints[argument], wrong):
                    continue
                page = Page()
                assert await call(name, page, right | {argument: wrong}) == [None], (name, wrong)
                assert "could not read" in page.notice, (name, argument, repr(wrong)[:40])
                tried += 1
        for given in (right | {"more": 1}, right | {"self": 1}):
            if "self" in given:
                with pytest.raises(TypeError):  # Reflex drops what no handler names; Python refuses it
                    await call(name, Page(), given)
                continue
            page = Page()
            assert await call(name, page, given) == [None], name
            assert "could not read" in page.notice, name
        assert tripwire == [], name
    assert tried > 300


def fits(kind: Any, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return (
        (kind is str and isinstance(value, str))
        or (kind is bool and isinstance(value, bool))
        or (kind is int and whole)
    )


class Bound:
    """The state of a page that belongs to whoever asks."""

    def __init__(self, visitor: Visitor) -> None:
        self._bound_ref = visitor.refs
        self._visit, self._arrived_at, self._load, self._at = 0, "", "", ()
        self._automatic_events = ()

    def _get_root_state(self) -> SimpleNamespace:
        return SimpleNamespace(reset=lambda: None)

    async def get_state(self, _: object) -> "Bound":
        return self


async def test_setters_and_the_frameworks_own_handlers_do_nothing(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor("p" * 64, "s" * 64, "203.0.113.7")
    monkeypatch.setattr(guards, "visitor_now", lambda: visitor)
    monkeypatch.setattr(guards, "page_now", lambda: "/invoices")
    monkeypatch.setattr(guards, "place_now", lambda: ("/invoices",))
    monkeypatch.setattr(guards, "cause_now", lambda: None)
    monkeypatch.setattr(guards, "EventContext", SimpleNamespace(get=lambda: SimpleNamespace(txid="t")))
    let_by = set()
    for name in ALL:
        answer = await guards.GuardMiddleware().preprocess(None, Bound(visitor), Event(name=name))
        if answer is None and not getattr(ALL[name].handler.fn, "guard", None):
            let_by.add(name)
        if name.endswith(".setvar"):
            assert answer is not None and not answer.events and not answer.delta, name
    assert let_by <= guards.FRAMEWORK
    unknown = await guards.GuardMiddleware().preprocess(None, Bound(visitor), Event(name="x.y" * 1000))
    assert unknown is not None and not unknown.events


async def test_a_state_of_another_login_is_filled_again_and_not_used(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers, his = Visitor("a" * 64, "", "203.0.113.7"), Visitor("b" * 64, "", "203.0.113.8")
    monkeypatch.setattr(guards, "visitor_now", lambda: his)
    for name in ALL:
        if name in guards.HYDRATE:
            continue
        answer = await guards.GuardMiddleware().preprocess(None, Bound(hers), Event(name=name))
        assert answer is not None and not answer.delta, name
        assert [event.name for event in answer.events] == [f"{guards._ROOT}.hydrate_and_load"], name


@pytest.mark.parametrize("surface", [Surface.PATIENT, Surface.STAFF])
def test_a_process_of_one_side_has_no_handler_of_the_other(monkeypatch: pytest.MonkeyPatch, surface: Surface):
    assert not any(guards.is_other_surface(name) for name in ALL)
    only = settings().model_copy(update={"surface": surface})
    monkeypatch.setattr(guards, "settings", lambda: only)
    there = {name for name in ALL if guards.is_other_surface(name)}
    ours, theirs = (Side.STAFF, Side.PATIENT) if surface is Surface.STAFF else (Side.PATIENT, Side.STAFF)
    shell = guards.LayoutState.get_full_name()
    for name, permission in GUARDED.items():
        if not name.startswith(f"{shell}."):
            assert (name in there) is (permission.side is theirs), (name, ours)
    sign_in = {True: "staff_sign_in_state.", False: "____sign_in_state."}
    for staffs, words in sign_in.items():
        found = {name for name in ALL if words in name and guards.guard_of(name)}
        assert found and ((found <= there) is (staffs is not (surface is Surface.STAFF)))
    assert f"{shell}.load_visitor_layout" in ALL and f"{shell}.load_visitor_layout" not in there
