"""The guard of every handler: who passes, what the others are told, what an argument may be."""

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
from portal_app.domain.access import Permission, Principal, Side, system_principal
from portal_app.domain.errors import NotSignedIn, UserError
from portal_app.i18n import translate
from portal_app.state import base, guards
from portal_app.state.base import me, prefetched, public, requires
from portal_app.state.permission_names import permission_name
from portal_app.visitor import Visitor
from tests.people import People


class Page:
    """The fields of a state that a guard uses."""

    notice = "what was said before"
    language = "en"
    _automatic_events = ("the page came back",)


class Here:
    txid, parent_txid = "this event", None

    def __init__(self, path: str, visitor: Visitor) -> None:
        self.router_data = {"pathname": path, "headers": {"authorization": visitor.header()}}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Send the next events from this page, as this visitor."""

    def stand(path: str = "/invoices", who: Principal | None = None) -> None:
        def known(ref: str, side: Side) -> Principal:
            if who is None or who.side is not side:
                raise NotSignedIn
            return who

        visitor = Visitor("p" * 64, "s" * 64, "203.0.113.7")
        monkeypatch.setattr(base.EventContext, "get", lambda: Here(path, visitor))
        monkeypatch.setattr(base, "principal_of", known)

    return stand


@requires(Permission.MY_INVOICES)
async def show(page: Page, number: int, form: dict[str, str] | None = None) -> str:
    return f"{me().patient_id} {number} {form}"


@requires(Permission.REFUND)
async def refund(page: Page) -> str:
    return "refunded"


@requires(Permission.MY_PAYMENTS)
async def pay(page: Page) -> AsyncIterator[str]:
    yield "busy"
    yield me().name
    raise UserError("You can pay up to {amount}", amount="5")


asked_ahead: list[str] = []


def _first(page: Page, principal: Principal) -> str:
    asked_ahead.append(principal.name)
    if page.language == "es":
        raise UserError("We could not find that.")
    return f"of {principal.patient_id}"


@requires(Permission.MY_INVOICES, prefetch=_first)
async def opens(page: Page) -> str:
    return f"{me().patient_id} {prefetched()}"


@requires(Permission.REFUND, prefetch=_first)
async def opens_the_till(page: Page) -> str:
    return f"{prefetched()}"


@requires(Permission.MY_INVOICES)
async def breaks(page: Page) -> None:
    raise RuntimeError("Maria Rivera, born 12 April 1981")


@public
async def ask(page: Page) -> str:
    return f"{me().name} {me().ip} {me().language}"


async def test_a_signed_in_principal_passes_the_guard(at: Any, sample_people: People):
    at(who=sample_people.maria)
    page = Page()
    assert await show(page, number=2) == f"{sample_people.maria.patient_id} 2 None"
    assert page.notice == ""


async def test_the_prefetch_runs_only_with_the_permission(at: Any, sample_people: People):
    asked_ahead.clear()
    at(who=sample_people.maria)
    assert await opens(Page()) == f"{sample_people.maria.patient_id} of {sample_people.maria.patient_id}"
    at()
    assert await opens(Page()) != ""  # sent to sign in
    at(who=sample_people.dana)
    page = Page()
    assert await opens_the_till(page) is None
    assert "refund" in page.notice
    assert asked_ahead == [sample_people.maria.name]


async def test_a_refusal_in_the_prefetch_is_shown_and_audited_as_any_other(
    at: Any, sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    trail: list[Principal] = []

    async def refused(principal: Principal, *_: object) -> None:
        trail.append(principal)

    monkeypatch.setattr(base, "refused", refused)
    at("/es/invoices", sample_people.maria)
    page = Page()
    assert await opens(page) is None
    assert page.notice == translate("es", "We could not find that.") != "We could not find that."
    assert [one.patient_id for one in trail] == [sample_people.maria.patient_id]


@pytest.mark.parametrize(
    ("cause", "counts"), [(None, True), ("a button", True), ("the page came back", False)]
)
async def test_events_of_a_reconnected_page_keep_no_session_alive(
    at: Any, monkeypatch: pytest.MonkeyPatch, sample_people: People, cause: str | None, counts: bool
):
    at(who=sample_people.maria)
    kept: list[Principal] = []
    monkeypatch.setattr(base, "keep_alive_soon", kept.append)
    monkeypatch.setattr(Here, "parent_txid", cause)
    await show(Page(), number=2)
    assert [who.patient_id for who in kept] == [sample_people.maria.patient_id] * counts


@pytest.mark.parametrize(("path", "sign_in"), [("/invoices", "/sign-in"), ("/es/invoices", "/es/sign-in")])
async def test_without_a_session_the_sign_in_page_opens_in_their_language(at: Any, path: str, sign_in: str):
    at(path)
    assert sign_in in str((await show(Page(), number=2)).args)


async def test_staff_without_a_session_go_to_the_staff_sign_in(at: Any, sample_people: People):
    at("/staff", who=sample_people.maria)
    assert "/staff/sign-in" in str((await refund(Page())).args)


async def test_without_the_permission_they_are_told_what_is_missing(at: Any, sample_people: People):
    at("/staff", who=sample_people.dana)
    page = Page()
    assert await refund(page) is None
    assert page.notice.endswith("Ask an owner of the portal for: refund")
    with reading(system_principal("test")) as tx:
        (line,) = tx.exec(select(AuditEntry).where(AuditEntry.outcome == "refused")).all()
    assert (line.action, line.actor, line.ip) == ("refused:refund", sample_people.dana.name, "203.0.113.7")


@pytest.mark.parametrize("permission", Permission)
def test_every_permission_has_a_name_in_plain_words_in_both_languages(permission: Permission):
    english, spanish = (permission_name(language, permission) for language in ("en", "es"))
    assert english != spanish
    assert not {":", "_"} & {*english, *spanish}


def test_what_no_session_can_have_keeps_its_code():
    assert permission_name("es", "portal:settle") == "portal:settle"


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
    at: Any, sample_people: People, given: dict[str, Any]
):
    at(who=sample_people.maria)
    page = Page()
    assert await show(page, **given) is None
    assert "could not read" in page.notice


async def test_a_field_that_is_not_on_the_page_is_as_if_it_were_not_sent(at: Any, sample_people: People):
    at(who=sample_people.maria)
    assert "{'a': 'x'}" in await show(Page(), number=1, form={"a": "x", "b": None})


async def test_each_step_of_a_handler_runs_as_its_principal(at: Any, sample_people: People):
    at(who=sample_people.maria)
    page = Page()
    assert [step async for step in pay(page)] == ["busy", sample_people.maria.name, None]
    assert page.notice == "You can pay up to 5"


async def test_a_bug_shows_a_number_and_not_its_message(
    at: Any, sample_people: People, caplog: pytest.LogCaptureFixture
):
    at(who=sample_people.maria)
    page = Page()
    await breaks(page)
    assert "give this number" in page.notice and "Maria" not in page.notice
    assert "Maria" not in " ".join(record.getMessage() for record in caplog.records)


async def test_a_public_handler_runs_as_nobody(at: Any, sample_people: People):
    at("/es/sign-in", who=sample_people.maria)
    assert await ask(Page()) == "nobody 203.0.113.7 es"


def test_the_portal_does_not_start_with_a_handler_that_anybody_could_call(monkeypatch: pytest.MonkeyPatch):
    importlib.import_module("portal_app.pages")
    guards.refuse_to_start_unguarded()
    known = RegistrationContext.get().event_handlers
    planted = SimpleNamespace(handler=SimpleNamespace(fn=lambda self: None))
    there = SimpleNamespace(event_handlers={**known, "some_state.helper": planted})
    monkeypatch.setattr(guards, "RegistrationContext", SimpleNamespace(get=lambda: there))
    with pytest.raises(RuntimeError, match=r"some_state\.helper"):
        guards.refuse_to_start_unguarded()
    made = Path("portal_app/portal_app.py").read_text()
    assert "refuse_to_start_unguarded()" in made and "add_middleware(GuardMiddleware())" in made


async def test_an_event_without_a_socket_has_no_session(
    monkeypatch: pytest.MonkeyPatch, sample_people: People
):
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

    def known(ref: str, side: Side) -> Principal:
        if not ref:
            raise NotSignedIn
        return who

    monkeypatch.setattr(base, "principal_of", known)


@pytest.mark.parametrize(
    ("path", "embedded", "sign_in"),
    [
        ("/invoices", True, "/embed"),  # a frame's session on a page of the portal
        ("/es/account", True, "/es/embed"),
        ("/embed/invoices", False, "/embed"),  # the portal's own session on a page in a frame
    ],
)
async def test_frame_sessions_and_portal_sessions_do_not_open_each_others_pages(
    at: Any, monkeypatch: pytest.MonkeyPatch, sample_people: People, path: str, embedded: bool, sign_in: str
):
    in_a_frame(at, monkeypatch, path, sample_people.maria, embedded=embedded)
    told = str((await show(Page(), number=2)).args)
    assert re.search(rf"[\"']{sign_in}[\"']", told), told


async def test_a_frame_session_opens_pages_in_the_frame(
    at: Any, monkeypatch: pytest.MonkeyPatch, sample_people: People
):
    in_a_frame(at, monkeypatch, "/es/embed/invoices", sample_people.maria, embedded=True)
    assert (await show(Page(), number=2)).startswith(str(sample_people.maria.patient_id))


async def test_a_frame_may_send_events_to_framed_states_only(
    monkeypatch: pytest.MonkeyPatch, sample_people: People
):
    importlib.import_module("portal_app.pages")  # so that every state is known
    visitor = Visitor("p" * 64, "", "203.0.113.7", embedded=True)
    monkeypatch.setattr(guards, "visitor_now", lambda: visitor)
    monkeypatch.setattr(guards, "cause_now", lambda: None)
    bound = SimpleNamespace(_bound_ref=visitor.refs, _automatic_events=())

    async def ours(_: object) -> SimpleNamespace:
        return bound

    state = SimpleNamespace(get_state=ours)
    allowed = {
        name: await guards.GuardMiddleware().preprocess(None, state, Event(name=name)) is None
        for name in RegistrationContext.get().event_handlers
        if guards.guard_of(name) is not None
    }
    spoken_to = {name.rsplit(".", 2)[-2].rsplit("____", 1)[-1] for name, may in allowed.items() if may}
    assert spoken_to == {"layout_state", "sign_in_state", "invoices_state", "invoice_state", "receipt_state"}
    assert not all(allowed.values())


async def test_slow_reads_send_the_reads_of_the_next_minute_to_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two slow reads within a minute are slow; one alone is not. Only this thread's processor time counts."""
    now = [100.0]
    monkeypatch.setattr(base, "_slow", base._SlowReads())
    monkeypatch.setattr(base, "settings", lambda: SimpleNamespace(database="sqlite:///portal.db"))
    monkeypatch.setattr(base.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(base.time, "thread_time", lambda: now[0])

    def takes(seconds: float) -> str:
        now[0] += seconds
        return threading.current_thread().name

    here = threading.current_thread().name
    assert await base._read(lambda: takes(0.001)) == here
    assert await base._read(lambda: takes(0.5)) == here  # the first of its kind
    assert await base._read(lambda: takes(0.5)) == here
    assert (await base._read(lambda: takes(0.001))).startswith("read")
    now[0] += 61
    assert await base._read(lambda: takes(0.001)) == here


async def test_postgresql_is_never_read_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "settings", lambda: SimpleNamespace(database="postgresql+psycopg://x/y"))
    assert (await base._read(lambda: threading.current_thread().name)).startswith("read")
