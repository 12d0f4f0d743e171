"""Redis is away: this process closes its pages' sockets and takes no new ones until Redis is back.

The state of the pages is in Redis. With an open socket a press would be answered with nothing; without one the page
says within seconds that there is no connection, and connects again by itself.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portal_app.gateways.bus import bus
from portal_app.web.shield.sockets import OPEN

EVERY = 0.5  # seconds
_log = logging.getLogger("portal.sockets")


async def watch_redis() -> None:
    """For the server's lifespan: asks Redis twice a second, in a thread of its own (the others may wait for it too)."""
    if (ours := bus()) is None:
        return
    with ThreadPoolExecutor(1, "redis-watch") as thread:
        while True:
            await asyncio.sleep(EVERY)
            await look(ours.is_answering, thread)


async def look(is_answering: Callable[[], bool], thread: ThreadPoolExecutor) -> None:
    """Asks once. Away: every socket is closed, and none is taken; back: they come again."""
    answers = await asyncio.get_running_loop().run_in_executor(thread, is_answering)
    if answers is OPEN.suspended:
        _log.warning("Redis is back" if answers else "Redis is away: the pages' sockets are closed")
    OPEN.suspended = not answers
    if OPEN.suspended:
        OPEN.end_all()
