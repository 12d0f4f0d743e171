"""Redis goes and comes back: sockets are closed at once, none is taken meanwhile, and then all come again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal_app.gateways.bus import Bus
from portal_app.web import redis_watch
from portal_app.web.redis_watch import look
from portal_app.web.shield.sockets import OpenSockets
from tests.servers import Missing, start_redis
from tests.web.shield.test_sockets import Knock, after_all_have_moved, held

assert held


async def test_without_redis_pages_lose_their_sockets_and_with_it_they_come_again(
    held: OpenSockets, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis_watch, "OPEN", held)
    try:
        server = start_redis()
    except Missing as reason:
        pytest.skip(f"Redis: {reason}")
    ours = Bus(f"redis://127.0.0.1:{server.port}/0")
    with ThreadPoolExecutor(1) as thread:
        page = Knock(1)
        await after_all_have_moved()
        await look(ours.is_answering, thread)
        await after_all_have_moved()
        assert not page.task.done() and not held.suspended
        server.stop()
        await look(ours.is_answering, thread)
        await after_all_have_moved()
        assert page.task.done() and page.sent[-1]["reason"] == "away"
        refused = Knock(2)
        await after_all_have_moved()
        assert refused.refused
        await look(lambda: True, thread)
        again = Knock(1)
        await after_all_have_moved()
        assert not again.refused
        await again.leave()
