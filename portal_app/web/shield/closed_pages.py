"""What a page leaves in memory when its socket closes.

Each opened page has a state of 50 to 70 KB, which the framework keeps for 15 minutes. That is right for somebody who
comes back: a phone that was put away, a line that was cut. It is wrong for a page that nobody used. So the state of
a page on which nobody is signed in and nothing was done goes with its socket; of the others a limited number stays.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import NamedTuple

from portal_app.domain.access import system_principal
from portal_app.services.sign_in.idle_sessions import ended_sessions
from portal_app.web import cluster
from portal_app.web.threads import in_thread

KEPT_PER_VISITOR = 100  # of one session, or of one address: a waiting room in which all wait for their code
KEPT_IN_ALL = 2_000  # of those who are not signed in
KEPT_SECONDS = 900.0  # then the framework forgets it by itself
_SOON, _AGAIN = 2.0, 30.0  # seconds: an event that was still in the queue makes the state once more
_log = logging.getLogger("portal.sockets")


class ClosedPage(NamedTuple):
    """`refs`: its sessions' cookies, which alone prove nothing. `used`: somebody did something there."""

    refs: tuple[str, ...]
    network: str
    used: bool


class ClosedPages:
    """Pages without a socket: those whose state is kept, and those whose state goes."""

    def __init__(self) -> None:
        self._new: dict[str, ClosedPage] = {}  # closed, and nobody has looked yet whose they are
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()  # page → whose, since when
        self._of: dict[str, OrderedDict[str, None]] = {}  # whose → pages, the oldest first
        self._anonymous: OrderedDict[str, None] = OrderedDict()
        self._going: dict[str, tuple[float, ...]] = {}  # page → when it is forgotten

    def close(self, page: str, about: ClosedPage) -> None:
        self._new[page] = about

    def new_refs(self) -> set[str]:
        """The sessions of the pages that closed since the last `settle`."""
        return {ref for about in self._new.values() for ref in about.refs}

    def settle(self, valid: Collection[str], now: float, asked: Collection[str] | None = None) -> None:
        """Decide what stays of the pages that closed.

        `valid`: those of the sessions `asked` about that have not ended. A page of another session, which closed
        meanwhile, waits for the next time.
        """
        for page, about in tuple(self._new.items()):
            if asked is not None and not set(about.refs) <= set(asked):
                continue
            if whose := next((ref for ref in about.refs if ref in valid), ""):
                self.keep(page, whose, signed_in=True, now=now)
            elif about.used:
                self.keep(page, about.network, signed_in=False, now=now)
            else:
                self.leave(page, now)

    def keep(self, page: str, whose: str, *, signed_in: bool, now: float) -> None:
        """Keep the state for somebody who comes back; the oldest of theirs goes when there are too many."""
        self.opened(page)
        self._kept[page] = whose, now
        self._of.setdefault(whose, OrderedDict())[page] = None
        if not signed_in:
            self._anonymous[page] = None
        if len(self._of[whose]) > KEPT_PER_VISITOR:
            self.leave(next(iter(self._of[whose])), now)
        if len(self._anonymous) > KEPT_IN_ALL:
            self.leave(next(iter(self._anonymous)), now)

    def leave(self, page: str, now: float) -> None:
        """The state goes soon."""
        self.opened(page)
        self._going[page] = now + _SOON, now + _AGAIN

    def opened(self, page: str) -> None:
        """The page has a socket (again)."""
        self._new.pop(page, None)
        self._going.pop(page, None)
        self._anonymous.pop(page, None)
        if kept := self._kept.pop(page, None):
            pages = self._of[kept[0]]
            del pages[page]
            if not pages:
                del self._of[kept[0]]

    def take_due(self, now: float) -> list[str]:
        """The pages whose state is to be forgotten now."""
        while self._kept and next(iter(self._kept.values()))[1] < now - KEPT_SECONDS:
            self.opened(next(iter(self._kept)))
        due = [page for page, moments in self._going.items() if moments[0] <= now]
        for page in due:
            self._going[page] = self._going[page][1:]
            if not self._going[page]:
                del self._going[page]
        return due

    def __len__(self) -> int:
        return len(self._kept)


CLOSED = ClosedPages()


async def valid_sessions(refs: Iterable[str]) -> list[str]:
    """Those of these session references that have not ended; all of them while the database is away."""
    if not (asked := tuple(refs)):
        return []
    try:
        ended = await in_thread(ended_sessions, system_principal("sockets"), asked)
    except Exception as trouble:
        _log.warning("the sessions could not be read: %s", type(trouble).__name__)
        return list(asked)
    return [ref for ref in asked if ref not in ended]


async def forget_closed_pages(forget: Callable[[str], Awaitable[None]]) -> None:
    """For the server's lifespan: forgets the state of each page that is due."""
    while True:
        await asyncio.sleep(1)
        asked = CLOSED.new_refs()
        CLOSED.settle(await valid_sessions(asked), time.monotonic(), asked)
        for page in CLOSED.take_due(time.monotonic()):
            try:
                if not await cluster.is_held_elsewhere(page):
                    await forget(page)
            except Exception as trouble:  # one page, or a Redis away for a minute, must not end the loop
                _log.warning("a closed page was not forgotten: %s", type(trouble).__name__)
