"""The served portal, attacked by the wire: every handler, called by everybody, without opening its page.

Whoever calls knows the ids of somebody else's things and puts them wherever a handler takes one. Nothing
comes back that the table of DOMAIN.md does not give them, and nothing is written that is not theirs.
"""

import asyncio
import inspect
import itertools
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.jobs import Job
from portal_app.services.jobs.runner import PAUSE
from portal_app.services.sign_in.known_sources import find_asker
from portal_app.state import guards
from tests.attacks import served
from tests.attacks.everybody import EVERYBODY, PATIENTS, STAFF, TEST, everything_written
from tests.attacks.served import ALL, EVIL, Stage, Things, caller, changes, said
from tests.attacks.wire import AT_A_TIME, HYDRATE, ROOT, VISIT, Caller, Closed, Line

pytestmark = pytest.mark.served
CALLERS = sorted(EVERYBODY.keys() - {"payer"})
FAMILIES = {*PATIENTS, "embed", "embed_kim"}
FAMILY = {"maria": "maria", "embed": "maria", "link": "maria", "luis": "luis"}
OURS = [name for name in ALL if guards.guard_of(name) is not None]
THEIRS = [name for name in ALL if guards.guard_of(name) is None]  # the framework's, and setters
JOIN = next(name.rpartition(".")[0] for name in ALL if name.endswith("join_state.choose_plan"))
FILLED = "is_hydrated_rx_state_"
REMEMBERED = 20  # refusals of one person a minute that the trail keeps
WRONG: tuple[Any, ...] = (None, {"$ne": 1}, [1, [2]], -1.5, 10**30, [True])


def others(stage: Stage, name: str) -> Things:
    return stage.kims if FAMILY.get(name) == "maria" else stage.marias


def forbidden(stage: Stage, name: str) -> set[str]:
    """What `name` must never be told, by the rules of DOMAIN.md."""
    who = name.removeprefix("embed_") if name != "embed" else "maria"
    everyone = set(stage.invoices)
    sees_invoices = {
        "rosa": {"rosa", "nina"},
        "oscar": {"oscar", "ivy"},
        "link": set(),
        "ivy": set(),
        "nina": set(),
    }
    sees_invoices |= {"dana": everyone, "nora": everyone, "olga": everyone, "cleo": set(), "nobody": set()}
    # What was done is health: of a grown-up dependent not even who pays reads it (DEP-4).
    reads = {
        "link": set(),
        "cleo": set(),
        "nobody": set(),
        "dana": everyone,
        "olga": everyone,
        "nora": everyone,
    }
    reaches = {
        "cleo": everyone,
        "dana": everyone,
        "olga": everyone,
        "nora": everyone,
        "link": set(),
        "nobody": set(),
    }
    invoices, services = sees_invoices.get(who, {who}), reads.get(who, {who})
    contacts = reaches.get(who, {who, *({"eva", "tim", "tom"} if who in ("maria", "luis") else set())})
    theirs = set().union(*(stage.contacts[p] for p in contacts)) if contacts else set()
    words = set().union(*(stage.invoices[p] for p in everyone - invoices))
    words |= set().union(*(stage.services[p] for p in everyone - services))
    words |= set().union(*(stage.contacts[p] for p in stage.contacts if p not in contacts)) - theirs
    if name.startswith("embed"):
        words |= set().union(*stage.contacts.values())
    if who not in STAFF:
        ours = {"maria": {"Rivera"}, "luis": {"Rivera"}, "rosa": {"Park"}, "nina": {"Park"}}
        ours |= {"oscar": {"Hill"}, "ivy": {"Hill"}, "kim": {"Okafor"}, "nobody": set(), "link": set()}
        words |= {"Rivera", "Park", "Hill", "Okafor"} - ours[who]
        words |= {"dana@riverside.example", "olga@riverside.example"}
    return words


async def sweep(
    line: Line, who: Caller, names: list[str], given: Callable[[str], Any], path: Callable[[str], str]
):
    """Every one of `names`, a fresh page for as many as the shield lets through at once. All that was told."""
    told: list[dict[str, Any]] = []
    for start in range(0, len(names), AT_A_TIME):
        page = await line.hydrated(who, path="/embed" if who.framed else "/")
        for name in names[start : start + AT_A_TIME]:
            await page.tell(name, given(name), path(name))
        await page.settle()
        told += page.told
        await page.close()
    return told


def flat(told: list[dict[str, Any]]) -> str:
    """Every word of it, also those that a later one replaced."""
    events = [e for u in told for e in u.get("events") or []]
    return "\n".join(said(update.get("delta") or {}) for update in told) + repr(events)


def filled(told: list[dict[str, Any]], empty: dict[str, dict[str, Any]]) -> set[str]:
    """What says something else than on a page that was just opened; the frame of the page apart."""
    return {
        f"{state.rpartition('____')[2]}.{name.removesuffix('_rx_state_')}"
        for update in told
        for state, values in (update.get("delta") or {}).items()
        if state != ROOT and not state.endswith("layout_state")
        for name, value in values.items()
        if value != empty[state][name]
    }


def may(name: str, handler: str) -> bool:
    permission = guards.guard_of(handler)
    return permission == "open" or (name != "nobody" and permission in EVERYBODY[name].permissions)


@pytest.mark.parametrize("name", CALLERS)
async def test_a_call_that_is_not_allowed_returns_nothing_and_writes_nothing(
    stage: Stage, line: Line, looked_into: None, name: str
):
    who, things = caller(name), others(stage, name)
    names = [handler for handler in OURS if not may(name, handler)]
    assert names or name == "olga"
    before = everything_written()
    told = await sweep(
        line, who, names, lambda n: served.arguments(n, things), lambda n: things.path(n, framed=who.framed)
    )
    assert not changes(before, everything_written())
    page = await line.hydrated(who, path="/embed" if who.framed else "/")
    assert filled(told, page.deltas()) <= {"portal_state.notice", "portal_state.language"}
    for word in forbidden(stage, name):
        assert word not in flat(told), word


@pytest.mark.parametrize("name", CALLERS)
async def test_a_call_that_is_allowed_reaches_nothing_of_others(
    stage: Stage, line: Line, looked_into: None, name: str
):
    who, things = caller(name), others(stage, name)
    names = [handler for handler in OURS if may(name, handler)]
    before = everything_written()
    told = await sweep(
        line, who, names, lambda n: served.arguments(n, things), lambda n: things.path(n, framed=who.framed)
    )
    told += await sweep(line, who, [n for n in names if n.endswith(".load")], lambda n: {}, plain(who))
    words = flat(told)
    leaked = sorted(word for word in forbidden(stage, name) if word in words)
    assert not leaked, (leaked, where(told, leaked))
    own = name.removeprefix("embed_") if name != "embed" else "maria"
    if own in stage.invoices and EVERYBODY[name].accounts:
        assert all(word in words for word in stage.invoices[own] if word.startswith("inv")), (
            "not even their own"
        )
    if name not in STAFF:
        assert not (strange := not_theirs(name, changes(before, everything_written()))), strange


async def test_whoever_joins_gets_as_far_as_the_code_and_no_further(
    stage: Stage, line: Line, looked_into: None
):
    """Joining is on, so that the sweep reaches what follows a choice of plan, and a code that is not known ends it."""
    who, asked = served.newcomer("nobody"), {"contact": EVIL}
    page = await line.hydrated(who, path="/join")
    for handler, given in (
        ("load", {}),
        ("choose_plan", {"plan": stage.marias.plan}),
        ("save_me", {"form": stage.marias.form()}),
        ("go_to", {"step": "contact"}),
        ("send_code", {"form": asked}),
        ("go_to", {"step": "check"}),
    ):
        await page.tell(f"{JOIN}.{handler}", given, "/join")
    await page.settle()
    told = [values for update in page.told for values in (update.get("delta") or {}).values()]
    steps = [values["step_rx_state_"] for values in told if "step_rx_state_" in values]
    assert served.JOINED_PLAN in flat(page.told)
    assert "people" in steps and "check" not in steps, steps


def plain(who: Caller) -> Callable[[str], str]:
    """The page as its own link opens it."""
    return lambda _: f"{'/embed' if who.framed else ''}/invoices"


def where(told: list[dict[str, Any]], words: list[str]) -> list[str]:
    return sorted(
        {
            f"{state.rpartition('____')[2]}: {name}"
            for update in told
            for state, values in (update.get("delta") or {}).items()
            for name, value in values.items()
            if any(word in repr(value) for word in words)
        }
    )


def not_theirs(name: str, changed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Changed rows that name neither the caller nor whom or what they answer for."""
    who = EVERYBODY[name]
    lists = [each for each in (who.accounts, who.patients) if isinstance(each, frozenset)]
    own = {who.patient_id}.union(*lists) if name in FAMILIES else set()
    own |= {EVIL, "sign_in_code:cod_"}  # anybody may ask for a code; known or not, it leaves the same rows
    own.add(source_of(name))  # a wrong guess locks out whoever guesses, whatever name they typed
    return [
        (table, row)
        for table, row in changed
        if table != "sign_in_code" and not any(str(one) in row for one in own)
    ]


def source_of(name: str) -> str:
    """What their failed sign-ins are counted by."""
    with reading(TEST) as tx:
        return find_asker(tx, replace(EVERYBODY[name], ip=caller(name).address), []).source


@pytest.mark.parametrize("name", ["nobody", "maria"])
async def test_the_first_event_of_a_page_fills_it_and_is_not_run(
    stage: Stage, line: Line, looked_into: None, name: str
):
    """Before hydrate, before any on_load: each handler as the very first word on a socket of its own."""
    who, things = caller(name), others(stage, name)
    before = everything_written()
    empty = (await line.hydrated(who)).deltas()

    async def first(handler: str) -> None:
        page = await line.call(who)
        await page.tell(handler, served.arguments(handler, things), "/")
        await page.until('"is_hydrated_rx_state_":true')
        await page.settle()
        assert filled(page.told, empty) <= {"portal_state.language"}, handler
        await page.close()

    for start in range(0, len(OURS), 10):
        await asyncio.gather(*(first(handler) for handler in OURS[start : start + 10]))
    assert not changes(before, everything_written())


@pytest.mark.parametrize("name", ["nobody", "maria", "olga", "embed_kim"])
async def test_setters_and_the_frameworks_own_change_nothing(
    stage: Stage, line: Line, looked_into: None, name: str
):
    who = served.newcomer(name)
    page = await line.hydrated(who)
    forged = {f"{state}.{var}": "forged" for state, values in page.deltas().items() for var in values}
    given: dict[str, Any] = {
        "setvar": {"var_name": "is_hydrated", "value": "forged"},  # the one setter that every state has
        "set_is_hydrated": {"value": "forged"},
        "handle_frontend_exception": {"info": "forged", "component_stack": "forged"},
        "update_vars_internal": {"vars": forged},
        "hydrate_and_load": {"vars": forged, "hashes": []},
    }
    before, refused = everything_written(), len(refusals())
    names = [handler for handler in THEIRS if handler != HYDRATE]
    setters = [n for n in names if n.endswith((".setvar", ".set_is_hydrated")) and n not in guards.FRAMEWORK]
    assert len(setters) > 40

    def what(handler: str) -> dict[str, Any]:
        if handler in guards.FRAMEWORK and handler.endswith(".set_is_hydrated"):
            return {"value": True}  # of another kind it is no event of a page: test_served_shapes.py
        return given.get(handler.rpartition(".")[2], {})

    told = await sweep(line, who, setters, what, lambda _: "/forged")
    # Past its guard one of them would mark the page; what was refused is in the trail, as far as it goes on.
    assert "forged" not in repr([update.get("delta", {}).get(ROOT, {}).get(FILLED) for update in told])
    lines = refusals()[refused:]
    assert len(lines) >= REMEMBERED
    assert {(line.outcome, line.details["why"]) for line in lines} == {("refused", "PermissionDenied")}
    told += await sweep(line, who, sorted(set(names) - set(setters)), what, lambda _: "/forged")
    page = await line.call(who)
    await page.hydrate(forged)
    assert "forged" not in flat(told) + flat(page.told)
    assert not changes(before, everything_written())


def refusals() -> list[AuditEntry]:
    with reading(TEST) as tx:
        mine = col(AuditEntry.action).like("refused:%")
        return list(tx.exec(select(AuditEntry).where(mine).order_by(col(AuditEntry.seq))))


@pytest.mark.parametrize("name", ["embed", "embed_kim"])
async def test_in_a_frame_nothing_answers_but_what_may_be_framed(
    stage: Stage, line: Line, looked_into: None, name: str
):
    """Her own account, statements and saved cards too, whose permission her session in the frame has."""
    who = served.newcomer(name)
    things = stage.marias if name == "embed" else stage.kims
    names = [n for n in OURS if may(name, n) and n.rpartition(".")[0] not in guards.in_frames()]
    assert {"payments_state.load", "statements_state.load"} <= {served.short(n) for n in names}
    before, empty = everything_written(), (await line.hydrated(who, path="/embed")).deltas()
    told = await sweep(
        line, who, names, lambda n: served.arguments(n, things), lambda n: things.path(n, framed=True)
    )
    assert filled(told, empty) <= {"portal_state.language"}
    assert not changes(before, everything_written())


@pytest.mark.parametrize("name", ["nobody", "maria", "olga"])
async def test_an_argument_of_a_wrong_kind_is_told_so_and_does_nothing(
    stage: Stage, line: Line, looked_into: None, name: str
):
    who = caller(name)
    tried = [call for handler in OURS if may(name, handler) for call in misfits(handler, others(stage, name))]
    assert len(tried) > 40
    before, empty = everything_written(), (await line.hydrated(who)).deltas()
    for start in range(0, len(tried), AT_A_TIME):
        page = await line.hydrated(who)
        for handler, given in tried[start : start + AT_A_TIME]:
            await page.tell(handler, given)
        await page.settle()
        assert filled(page.told, empty) <= {"portal_state.notice", "portal_state.language"}
        assert "could not read" in flat(page.told)
        await page.close()
    assert not changes(before, everything_written())


def misfits(handler: str, things: Things) -> list[tuple[str, dict[str, Any]]]:
    """One argument too many, one of a wrong kind, none at all."""
    right = served.arguments(handler, things)
    wrongs = zip(right, itertools.cycle(WRONG[len(handler) % len(WRONG) :]), strict=False)
    made = [right | {"more": 1}, *(right | {argument: wrong} for argument, wrong in wrongs)]
    return [(handler, given) for given in [*made, *([{}] if needs_some(handler) else [])]]


def needs_some(handler: str) -> bool:
    inner = inspect.signature(inspect.unwrap(ALL[handler].handler.fn))
    return any(p.default is p.empty for p in list(inner.parameters.values())[1:])


NONSENSE: tuple[Any, ...] = (
    ["event", {"name": None, "payload": {}, "router_data": {}}],
    ["event", {"name": {"$ne": ""}, "payload": {}, "router_data": {}}],
    ["event", {"name": "x" * 60_000, "payload": {}, "router_data": {}}],
    ["event", {"name": ROOT + "._private", "payload": {"secret": "CANARY"}, "router_data": {}}],
    ["event", {"name": VISIT, "payload": "CANARY", "router_data": {}}],
    ["event", {"name": VISIT, "payload": ["CANARY"], "router_data": {}}],
    ["event", {"name": VISIT, "payload": {"self": "CANARY"}, "router_data": {}}],
    ["event", {"name": VISIT, "payload": {"__class__": "CANARY"}, "router_data": {}}],
    ["event", {"name": VISIT, "payload": {}, "router_data": "CANARY"}],
    ["event", {"name": VISIT, "payload": {}, "router_data": None}],
    [
        "event",
        {"name": VISIT, "payload": {}, "router_data": {"pathname": {"a": "CANARY"}, "query": "CANARY"}},
    ],
    ["event", {"name": VISIT, "payload": {}, "router_data": {"pathname": "/" + "CANARY" * 9_000}}],
    ["event", "CANARY"],
    ["event", None],
    ["event"],
    ["ping"],
    ["client_error", {"error_type": "CANARY", "message": "CANARY\nforged line"}],
    ["nothing", "CANARY"],
    [],
)


@pytest.mark.parametrize("said", range(len(NONSENSE)))
async def test_nonsense_is_answered_with_nothing_and_logged_without_its_words(
    stage: Stage, line: Line, looked_into: None, said: int
):
    before, begun = everything_written(), len(stage.portal.log.read_text())
    page = await line.hydrated(caller("maria"))
    with suppress(Closed):
        await page.say("42/_event," + json.dumps(NONSENSE[said]))
        await page.settle()
    other = await line.hydrated(caller("kim"))  # the portal goes on
    await other.settle()
    log = stage.portal.log.read_text()[begun:]
    assert "CANARY" not in log and "forged" not in log
    assert not re.search(r"Traceback|\bbug ", log), log
    assert len(log) < 4_000
    assert not changes(before, everything_written())


async def test_a_process_that_leaves_jobs_to_others_begins_none(stage: Stage, looked_into: None):
    deadline = time.monotonic() + 2 * PAUSE
    while time.monotonic() < deadline:  # longer than a process that runs jobs waits before its first one
        with reading(TEST) as tx:
            assert not tx.exec(select(Job)).all()
        await asyncio.sleep(1)
