"""The open event sockets of this process, by session, and whether the browser still responds."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from portal_app.domain.access import system_principal
from portal_app.services import live
from portal_app.services.sign_in.idle_sessions import ended_sessions
from portal_app.web.shield.rate_budgets import Concurrency
from portal_app.web.threads import in_thread

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SWEEP_EVERY = 5.0  # seconds
PATIENCE = 1.0  # seconds for the answer to a ping


class Socket:
    """One live event socket."""

    def __init__(self, token: str, refs: tuple[str, ...], ip: str, send: Send) -> None:
        self.token, self.refs, self.ip, self.send = token, refs, ip, send
        self.used = False  # somebody did something on this page; loading it is nothing
        self.ended, self.closed, self.received = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def responds(self) -> bool:
        """Whether the browser answers engine.io's ping ("2"). A phone that changed networks does not."""
        self.received.clear()
        try:
            await self.send({"type": "websocket.send", "text": "2"})
            await asyncio.wait_for(self.received.wait(), PATIENCE)
        except (TimeoutError, RuntimeError, OSError):
            return False
        return True


class OpenSockets:
    """Sockets counted by address, and found by page token or by session."""

    def __init__(self) -> None:
        self.by_token: dict[str, Socket] = {}
        self.by_ref: dict[str, set[Socket]] = defaultdict(set)
        self.connections = Concurrency()
        self.suspended = False  # no socket can be served for now (redis_watch.py)

    def add(self, socket: Socket) -> None:
        held = self.by_token.get(socket.token)
        if held is None or held.closed.is_set():
            self.by_token[socket.token] = socket
        for ref in socket.refs:
            self.by_ref[ref].add(socket)

    def remove(self, socket: Socket) -> None:
        socket.closed.set()
        if self.by_token.get(socket.token) is socket:
            del self.by_token[socket.token]
        for ref in socket.refs:
            self.by_ref[ref].discard(socket)
            if not self.by_ref[ref]:
                del self.by_ref[ref]

    def end_all(self) -> None:
        """Close every page; each connects again by itself."""
        for socket in tuple(self.by_token.values()):
            socket.ended.set()

    def end(self, ref: str) -> int:
        """Close every page of this session."""
        ending = tuple(self.by_ref.get(ref, ()))
        for socket in ending:
            socket.ended.set()
        return len(ending)

    async def drop_if_dead(self, token: str) -> bool:
        """Drops the page's socket if its browser no longer responds. Returns whether no socket holds the page.

        A page that reconnects must find its state; Reflex would notice the dead connection only after 20 seconds.
        """
        held = self.by_token.get(token)
        if held is None or held.closed.is_set():
            return True
        if await held.responds():
            return False
        held.ended.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(held.closed.wait(), 2)
            await asyncio.sleep(0.05)  # the framework cleans up
        return held.closed.is_set()


OPEN = OpenSockets()
_log = logging.getLogger("portal.sockets")


async def close_ended_sessions() -> None:
    """For the server's lifespan: closes the sockets of a session that ended in any process."""
    loop = asyncio.get_running_loop()

    def listener(topic: str, _key: str) -> None:
        kind, _, ref = topic.partition(":")
        if kind == "session" and not loop.is_closed():
            loop.call_soon_threadsafe(OPEN.end, ref)

    live.listen(listener)
    try:
        await asyncio.Event().wait()
    finally:
        live.unlisten(listener)


async def sweep() -> None:
    """For the server's lifespan: closes the sockets of expired sessions every few seconds."""
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        await sweep_once()


async def sweep_once() -> int:
    """Closes the sockets of expired sessions and returns how many. One that reconnects with its old cookie stays."""
    try:
        ended = await in_thread(ended_sessions, system_principal("sweep"), tuple(OPEN.by_ref.keys() - _swept))
    except Exception:  # a database that is unreachable for a minute must not end the loop
        _log.exception("the sessions could not be swept")
        return 0
    if len(_swept) > _REMEMBERED:
        _swept.clear()
    _swept.update(ended)
    return sum(OPEN.end(ref) for ref in ended)


_REMEMBERED = 10_000
_swept: set[str] = set()
