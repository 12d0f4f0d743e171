"""Bodies that never end: no bug, no answer that waits, no free try for the next one."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.web.shield import shield
from portal_app.web.shield.request_body import PACE, UNFINISHED_PER_ADDRESS, BodyReceiver
from portal_app.web.shield.shield import ADDRESS_BURST, Shield

PIECE = {"type": "http.request", "body": b'{"ticket": "', "more_body": True}
GONE = {"type": "http.disconnect"}


async def read(request: Request) -> Response:
    await request.json()
    return PlainTextResponse("ok")


def house() -> Shield:
    return Shield(Starlette(routes=[Route("/auth/session", read, methods=["POST"])]), Path("/nowhere"))


async def post(house: Shield, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """All that is answered to a request of these messages; after them the client says nothing more."""
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        if (message := next(waiting, None)) is None:
            await asyncio.Event().wait()
        assert message
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": "/auth/session",
        "method": "POST",
        "query_string": b"",
        "client": ("203.0.113.7", 1),
        "headers": [(b"host", b"localhost:3000"), (b"origin", b"http://localhost:3000")],
    }
    await house(scope, receive, send)
    return sent


async def test_who_hangs_up_in_the_middle_leaves_no_line_in_the_log(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        assert await post(house(), PIECE, GONE) == []
        assert await post(house(), GONE) == []
    assert not [record for record in caplog.records if record.name.startswith("portal")]


async def test_who_hangs_up_again_and_again_is_told_to_wait_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portal_app.web.shield.rate_budgets.time.monotonic", lambda: 0.0)
    there = house()
    tries = 0
    while not (sent := await post(there, PIECE, GONE)):
        tries += 1
        assert tries < ADDRESS_BURST / 10
    assert sent[0]["status"] == 429


async def test_a_body_that_does_not_come_is_answered_within_the_limit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(shield, "SECONDS", 0.05)
    sent = await post(house(), PIECE)
    assert [message.get("status") for message in sent] == [408, None]
    assert (b"connection", b"close") in sent[0]["headers"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_file_that_keeps_coming_has_time_and_a_trickle_has_not():
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": piece, "more_body": True}

    body = BodyReceiver(receive, 10.0)
    body.deadline = trickling = body.deadline - 5
    piece = b"0" * 1_000
    await body.next_message()
    assert body.deadline == trickling
    piece = b"0" * PACE
    await body.next_message()
    assert body.deadline >= trickling + 5


async def test_a_whole_body_is_read_in_pieces():
    sent = await post(house(), PIECE, {"type": "http.request", "body": b'x"}', "more_body": False})
    assert sent[0]["status"] == 200


async def test_one_address_has_a_limited_number_of_unfinished_bodies(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shield, "SECONDS", 0.3)
    there = house()
    waiting = [asyncio.ensure_future(post(there, PIECE)) for _ in range(UNFINISHED_PER_ADDRESS)]
    await asyncio.sleep(0.1)
    assert (await post(there, PIECE))[0]["status"] == 429
    answers = await asyncio.gather(*waiting)
    assert {sent[0]["status"] for sent in answers} == {408}
    assert there.bodies.of_address == {}
