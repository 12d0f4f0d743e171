"""Events of shapes that no page sends, from nobody signed in: refused in one short line, never a bug, never a task."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.staff import Task
from tests.attacks.everybody import TEST
from tests.attacks.served import ALL, Stage, caller
from tests.attacks.test_served_sweep import OURS, misfits, others
from tests.attacks.wire import AT_A_TIME, HYDRATE, ROOT, VISIT, Closed, Line

pytestmark = pytest.mark.served
_OF_A_JOB = '"said": "reconcile'
_KINDS_OF_JOB = {"posted_not_charged", "charge_without_payment", "amount_differs"}
ON_LOAD = f"{ROOT}.reflex___state____on_load_internal_state"
VARS = f"{ROOT}.reflex___state____update_vars_internal_state.update_vars_internal"
EXCEPTION = f"{ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception"

SHAPES: tuple[tuple[str, Any], ...] = (
    (HYDRATE, {"vars": 5}),
    (HYDRATE, {"vars": "CANARY"}),
    (HYDRATE, {"vars": ["CANARY"]}),
    (HYDRATE, {"vars": {"CANARY.x": 1}}),
    (HYDRATE, {"vars": {"": 1}}),
    (HYDRATE, {"vars": {f"{ROOT}.CANARY": {"a": 1}}}),
    (HYDRATE, {"hashes": 5}),
    (HYDRATE, {"hashes": {"CANARY": 1}}),
    (HYDRATE, {"hashes": [[], {}, None]}),
    (HYDRATE, {"more": "CANARY"}),
    (f"{ROOT}.hydrate", {"vars": "CANARY"}),
    (VARS, {}),
    (VARS, {"vars": 5}),
    (VARS, {"vars": {"CANARY": 1}}),
    (VARS, {"vars": {}, "more": 1}),
    (f"{ON_LOAD}.on_load_internal", {"CANARY": 1}),
    (f"{ON_LOAD}.set_is_hydrated", {}),
    (f"{ON_LOAD}.set_is_hydrated", {"value": {"CANARY": 1}}),
    (f"{ON_LOAD}.set_is_hydrated", {"value": True, "more": 1}),
    (EXCEPTION, {}),
    (EXCEPTION, {"info": {"CANARY": 1}, "component_stack": 5}),
    (EXCEPTION, {"info": None, "component_stack": None}),
    (VISIT, {"more": "CANARY"}),
    ("CANARY", {}),
    ("", {}),
    (f"{ROOT}.CANARY", {}),
    (f"{ROOT}.CANARY_state.load", {"x": 1}),
    (f"{VISIT}.CANARY", {}),
    (ROOT, {}),
)


@pytest.mark.parametrize("first", [False, True], ids=["on an open page", "with the connection"])
@pytest.mark.parametrize("said", range(len(SHAPES)))
async def test_a_wrong_shape_from_nobody_is_one_short_line_and_no_bug(
    stage: Stage, line: Line, looked_into: None, said: int, first: bool
):
    name, payload = SHAPES[said]
    here = {"pathname": "/", "asPath": "/", "query": {}}
    before, begun = tasks(), len(stage.portal.log.read_text())
    who = caller("nobody")
    with suppress(Closed):
        if first:
            page = await line.call(
                who, boot={"event": {"name": name, "payload": payload, "router_data": here}}
            )
        else:
            page = await line.hydrated(who)
            await page.tell(name, payload)
        await page.settle()
    await (await line.hydrated(caller("kim"))).settle()  # the portal goes on
    is_quiet(stage, begun)
    assert tasks() == before


async def test_wrong_arguments_of_every_open_handler_from_nobody_are_no_bugs(
    stage: Stage, line: Line, looked_into: None
):
    tried = [call for handler in OURS for call in misfits(handler, others(stage, "nobody"))]
    assert len(tried) > len(ALL) // 4
    before, begun = tasks(), len(stage.portal.log.read_text())
    for start in range(0, len(tried), AT_A_TIME):
        page = await line.hydrated(caller("nobody"))
        for handler, given in tried[start : start + AT_A_TIME]:
            await page.tell(handler, given)
        await page.settle()
        await page.close()
    is_quiet(stage, begun, lines=len(tried))
    assert tasks() == before


def tasks() -> set[str]:
    """Tasks of staff, but those of the reconciliation that the portal does by itself meanwhile."""
    with reading(TEST) as tx:
        return {task.id for task in tx.exec(select(Task)) if task.kind not in _KINDS_OF_JOB}


def is_quiet(stage: Stage, begun: int, lines: int = 1) -> None:
    """At most so many short lines since then, none of them a bug or with a word of what was sent."""
    log = [text for text in stage.portal.log.read_text()[begun:].splitlines() if _OF_A_JOB not in text]
    assert not [text for text in log if "CANARY" in text or re.search(r"Traceback|\bbug |trouble", text)]
    assert len(log) <= lines, log
    assert all(len(text) < 400 for text in log)
    assert all(json.loads(text)["level"] in ("info", "warning") for text in log)
