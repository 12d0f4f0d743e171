"""The door in front of every handler: who gets in, what is said to the rest, what an argument may be."""

import importlib
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.event import Event
from reflex_base.registry import RegistrationContext
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import Permission, Principal, Side, the_portal
from portal_app.domain.errors import NotSignedIn, Refused
from portal_app.speech import say
from portal_app.state import base, doors
from portal_app.state.base import found_ahead, guarded, me, open_to_all
from portal_app.visitor import Visitor
from tests.cast import Cast


class Page:
    """As much of a state as a door touches."""

    notice = "what was said before"
    language = "en"
    _by_itself = ("the page came back",)


class Here:
    txid, parent_txid = "this event", None

    def __init__(self, path: str, visitor: Visitor) -> None:
        self.router_data = {"pathname": path, "headers": {"authorization": visitor.header()}}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand on a page, as somebody."""

    def stand(path: str = "/invoices", who: Principal | None = None) -> None:
        def known(ref: str, side: Side, *, touch: bool) -> Principal:
            if who is None or who.side is not side:
                raise NotSignedIn
            return who

        visitor = Visitor("p" * 64, "s" * 64, "203.0.113.7")
        monkeypatch.setattr(base.EventContext, "get", lambda: Here(path, visitor))
        monkeypatch.setattr(base, "principal_of", known)

    return stand


@guarded(Permission.MY_BILLS)
async def show(page: Page, number: int, form: dict[str, str] | None = None) -> str:
    return f"{me().patient_id} {number} {form}"


@guarded(Permission.REFUND)
async def refund(page: Page) -> str:
    return "refunded"


@guarded(Permission.MY_PAYMENTS)
async def pay(page: Page) -> AsyncIterator[str]:
    yield "busy"
    yield me().name
    raise Refused("You can pay up to {amount}", amount="5")


asked_ahead: list[str] = []


def _first(page: Page, principal: Principal) -> str:
    asked_ahead.append(principal.name)
    if page.language == "es":
        raise Refused("We could not find that.")
    return f"of {principal.patient_id}"


@guarded(Permission.MY_BILLS, ahead=_first)
async def opens(page: Page) -> str:
    return f"{me().patient_id} {found_ahead()}"


@guarded(Permission.REFUND, ahead=_first)
async def opens_the_till(page: Page) -> str:
    return f"{found_ahead()}"


@guarded(Permission.MY_BILLS)
async def breaks(page: Page) -> None:
    raise RuntimeError("Maria Rivera, born 12 April 1981")


@open_to_all
async def ask(page: Page) -> str:
    return f"{me().name} {me().ip} {me().language}"


async def test_who_is_signed_in_passes(at: Any, cast: Cast):
    at(who=cast.maria)
    page = Page()
    assert await show(page, number=2) == f"{cast.maria.patient_id} 2 None"
    assert page.notice == ""


async def test_what_is_asked_ahead_is_asked_for_whoever_may(at: Any, cast: Cast):
    asked_ahead.clear()
    at(who=cast.maria)
    assert await opens(Page()) == f"{cast.maria.patient_id} of {cast.maria.patient_id}"
    at()
    assert await opens(Page()) != ""  # sent to sign in
    at(who=cast.dana)
    page = Page()
    assert await opens_the_till(page) is None
    assert "refund" in page.notice
    assert asked_ahead == [cast.maria.name]


async def test_a_refusal_that_was_met_ahead_is_said_as_any_and_known_whose(
    at: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    trail: list[Principal] = []

    async def refused(principal: Principal, *_: object) -> None:
        trail.append(principal)

    monkeypatch.setattr(base, "refused", refused)
    at("/es/invoices", cast.maria)
    page = Page()
    assert await opens(page) is None
    assert page.notice == say("es", "We could not find that.") != "We could not find that."
    assert [one.patient_id for one in trail] == [cast.maria.patient_id]


@pytest.mark.parametrize(
    ("cause", "counts"), [(None, True), ("a button", True), ("the page came back", False)]
)
async def test_what_a_page_loads_again_by_itself_keeps_no_session_alive(
    at: Any, monkeypatch: pytest.MonkeyPatch, cast: Cast, cause: str | None, counts: bool
):
    at(who=cast.maria)
    kept: list[Principal] = []
    monkeypatch.setattr(base, "keep_alive", kept.append)
    monkeypatch.setattr(base, "to_be_kept_alive", lambda _: True)
    monkeypatch.setattr(Here, "parent_txid", cause)
    await show(Page(), number=2)
    assert [who.patient_id for who in kept] == [cast.maria.patient_id] * counts


@pytest.mark.parametrize(("path", "door"), [("/invoices", "/sign-in"), ("/es/invoices", "/es/sign-in")])
async def test_who_is_not_is_shown_the_way_in_in_their_language(at: Any, path: str, door: str):
    at(path)
    assert door in str((await show(Page(), number=2)).args)


async def test_staff_are_shown_their_own_way_in(at: Any, cast: Cast):
    at("/staff", who=cast.maria)
    assert "/staff/sign-in" in str((await refund(Page())).args)


async def test_without_the_permission_they_are_told_what_is_missing(at: Any, cast: Cast):
    at("/staff", who=cast.dana)
    page = Page()
    assert await refund(page) is None
    assert page.notice.endswith("Ask an owner of the portal for: refund")
    with reading(the_portal("test")) as tx:
        (line,) = tx.exec(select(AuditEntry).where(AuditEntry.outcome == "refused")).all()
    assert (line.action, line.actor, line.ip) == ("refused:refund", cast.dana.name, "203.0.113.7")


@pytest.mark.parametrize(
    "given",
    [
        {"number": "2"},
        {"number": True},
        {"number": 1.0},
        {"number": {"$ne": 1}},
        {},
        {"number": 1, "more": 1},
        {"number": 1, "form": {"a": 1}},
        {"number": 1, "form": "x"},
    ],
)
async def test_an_argument_of_another_kind_never_reaches_the_handler(
    at: Any, cast: Cast, given: dict[str, Any]
):
    at(who=cast.maria)
    page = Page()
    assert await show(page, **given) is None
    assert "could not read" in page.notice


async def test_a_field_that_is_not_on_the_page_is_as_if_it_were_not_sent(at: Any, cast: Cast):
    at(who=cast.maria)
    assert "{'a': 'x'}" in await show(Page(), number=1, form={"a": "x", "b": None})


async def test_a_handler_in_steps_is_guarded_at_each(at: Any, cast: Cast):
    at(who=cast.maria)
    page = Page()
    assert [step async for step in pay(page)] == ["busy", cast.maria.name, None]
    assert page.notice == "You can pay up to 5"


async def test_a_bug_is_given_a_number_and_none_of_its_words(
    at: Any, cast: Cast, caplog: pytest.LogCaptureFixture
):
    at(who=cast.maria)
    page = Page()
    await breaks(page)
    assert "give this number" in page.notice and "Maria" not in page.notice
    assert "Maria" not in " ".join(record.getMessage() for record in caplog.records)


async def test_an_open_door_knows_nobody(at: Any, cast: Cast):
    at("/es/sign-in", who=cast.maria)
    assert await ask(Page()) == "nobody 203.0.113.7 es"


def test_the_portal_does_not_start_with_a_handler_that_anybody_could_call(monkeypatch: pytest.MonkeyPatch):
    importlib.import_module("portal_app.pages")
    doors.refuse_to_start_without_doors()
    known = RegistrationContext.get().event_handlers
    planted = SimpleNamespace(handler=SimpleNamespace(fn=lambda self: None))
    there = SimpleNamespace(event_handlers={**known, "some_state.helper": planted})
    monkeypatch.setattr(doors, "RegistrationContext", SimpleNamespace(get=lambda: there))
    with pytest.raises(RuntimeError, match=r"some_state\.helper"):
        doors.refuse_to_start_without_doors()
    made = Path("portal_app/portal_app.py").read_text()
    assert "refuse_to_start_without_doors()" in made and "add_middleware(Doors())" in made


async def test_an_event_that_no_socket_brought_is_nobodys(monkeypatch: pytest.MonkeyPatch, cast: Cast):
    """An upload's, or one of the server's own: it would run with what the page said when it was opened."""
    monkeypatch.setattr(base.EventContext, "get", lambda: SimpleNamespace(parent_txid=None, router_data=None))
    assert base.visitor_now() == Visitor()
    assert "/sign-in" in str((await show(Page(), number=2)).args)


def in_a_frame(
    at: Any, monkeypatch: pytest.MonkeyPatch, path: str, who: Principal, *, embedded: bool
) -> None:
    at(path, who)
    visitor = Visitor("p" * 64 if who else "", "", "203.0.113.7", embedded)
    monkeypatch.setattr(base.EventContext, "get", lambda: Here(path, visitor))

    def known(ref: str, side: Side, *, touch: bool) -> Principal:
        if not ref:
            raise NotSignedIn
        return who

    monkeypatch.setattr(base, "principal_of", known)


@pytest.mark.parametrize(
    ("path", "embedded", "door"),
    [
        ("/invoices", True, "/embed"),  # a frame's session on a page of the portal
        ("/es/account", True, "/es/embed"),
        ("/embed/invoices", False, "/embed"),  # the portal's own session on a page in a frame
    ],
)
async def test_a_session_of_a_frame_and_one_of_the_portal_are_nobody_at_each_others_pages(
    at: Any, monkeypatch: pytest.MonkeyPatch, cast: Cast, path: str, embedded: bool, door: str
):
    in_a_frame(at, monkeypatch, path, cast.maria, embedded=embedded)
    told = str((await show(Page(), number=2)).args)
    assert re.search(rf"[\"']{door}[\"']", told), told


async def test_in_its_frame_it_passes(at: Any, monkeypatch: pytest.MonkeyPatch, cast: Cast):
    in_a_frame(at, monkeypatch, "/es/embed/invoices", cast.maria, embedded=True)
    assert (await show(Page(), number=2)).startswith(str(cast.maria.patient_id))


async def test_in_a_frame_one_speaks_to_what_may_be_framed_only(monkeypatch: pytest.MonkeyPatch, cast: Cast):
    importlib.import_module("portal_app.pages")  # so that every state is known
    visitor = Visitor("p" * 64, "", "203.0.113.7", embedded=True)
    monkeypatch.setattr(doors, "visitor_now", lambda: visitor)
    monkeypatch.setattr(doors, "cause_now", lambda: None)
    bound = SimpleNamespace(_bound_ref=visitor.refs, _by_itself=())

    async def ours(_: object) -> SimpleNamespace:
        return bound

    state = SimpleNamespace(get_state=ours)
    allowed = {
        name: await doors.Doors().preprocess(None, state, Event(name=name)) is None
        for name in RegistrationContext.get().event_handlers
        if doors.door_of(name) is not None
    }
    spoken_to = {name.rsplit(".", 2)[-2].rsplit("____", 1)[-1] for name, may in allowed.items() if may}
    assert spoken_to == {"shell_state", "sign_in_state", "invoices_state", "invoice_state", "receipt_state"}
    assert not all(allowed.values())


async def test_looks_that_took_long_send_the_next_ones_of_the_minute_to_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One slow disk, one look that stands still: never a row of them."""
    now = [100.0]
    monkeypatch.setattr(base, "_slow", base._Slow())
    monkeypatch.setattr(base, "settings", lambda: SimpleNamespace(database="sqlite:///portal.db"))
    monkeypatch.setattr(base.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(base.time, "perf_counter", lambda: now[0])

    def takes(seconds: float) -> str:
        now[0] += seconds
        return threading.current_thread().name

    here = threading.current_thread().name
    assert await base._looked(lambda: takes(0.001)) == here
    assert await base._looked(lambda: takes(0.5)) == here  # the first of its kind
    assert await base._looked(lambda: takes(0.5)) == here
    assert (await base._looked(lambda: takes(0.001))).startswith("look")
    now[0] += 61
    assert await base._looked(lambda: takes(0.001)) == here


async def test_a_database_behind_a_line_is_never_asked_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "settings", lambda: SimpleNamespace(database="postgresql+psycopg://x/y"))
    assert (await base._looked(lambda: threading.current_thread().name)).startswith("look")
