"""The open event sockets of this process: whose they are, whether the browser is still there."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

from portal_app.domain.access import system_principal
from portal_app.services import live
from portal_app.services.sign_in.idle_sessions import ended_sessions
from portal_app.web.threads import in_thread

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SWEEP_EVERY = 5.0  # seconds
PATIENCE = 1.0  # seconds for an answer to "are you still there?"


class Socket:
    """One live event socket."""

    def __init__(self, token: str, refs: tuple[str, ...], ip: str, send: Send) -> None:
        self.token, self.refs, self.ip, self.send = token, refs, ip, send
        self.ended, self.closed, self.heard = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answers(self) -> bool:
        """engine.io's ping "2" must be answered; a phone that changed networks does not."""
        self.heard.clear()
        try:
            await self.send({"type": "websocket.send", "text": "2"})
            await asyncio.wait_for(self.heard.wait(), PATIENCE)
        except (TimeoutError, RuntimeError, OSError):
            return False
        return True


class OpenSockets:
    """Counted by address, found by token and by session."""

    def __init__(self) -> None:
        self.by_token: dict[str, Socket] = {}
        self.by_ref: dict[str, set[Socket]] = defaultdict(set)
        self.by_ip: dict[str, int] = defaultdict(int)

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

    @contextmanager
    def one_more(self, ip: str) -> Iterator[int]:
        """Counted from the knock on: whoever waits to be let in is there too. How many were there already."""
        self.by_ip[ip] += 1
        try:
            yield self.by_ip[ip] - 1
        finally:
            self.by_ip[ip] -= 1
            if self.by_ip[ip] <= 0:
                del self.by_ip[ip]

    def end(self, ref: str) -> int:
        """Close every page of this session."""
        ending = tuple(self.by_ref.get(ref, ()))
        for socket in ending:
            socket.ended.set()
        return len(ending)

    async def drop_if_dead(self, token: str) -> bool:
        """A reconnect on a dead line must find its state: Reflex would notice after 20 seconds only.

        Whether nothing holds this page here any more.
        """
        held = self.by_token.get(token)
        if held is None or held.closed.is_set():
            return True
        if await held.answers():
            return False
        held.ended.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(held.closed.wait(), 2)
            await asyncio.sleep(0.05)  # what the framework does about it
        return held.closed.is_set()


OPEN = OpenSockets()
_log = logging.getLogger("portal.sockets")


async def end_when_told() -> None:
    """For the server's lifespan: a session that ends in any process closes its pages here."""
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
    """For the server's lifespan: pages of sessions that have run out lose their sockets."""
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        await sweep_once()


async def sweep_once() -> int:
    """How many sockets were told to close. A page that comes back with its old cookie is left alone."""
    try:
        ended = await in_thread(ended_sessions, system_principal("sweep"), tuple(OPEN.by_ref.keys() - _swept))
    except Exception:  # a database away for a minute must not end the loop
        _log.exception("the sessions could not be swept")
        return 0
    if len(_swept) > _REMEMBERED:
        _swept.clear()
    _swept.update(ended)
    return sum(OPEN.end(ref) for ref in ended)


_REMEMBERED = 10_000
_swept: set[str] = set()
