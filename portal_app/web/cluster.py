"""Several processes: a page that moves from another process finds its state here.

The framework gives a page whose socket another process holds a new token, and so an empty state. That is right
for a second tab. It is wrong when the other process has died, or its socket's browser no longer responds.
"""

import asyncio
import logging
import secrets
from contextlib import suppress

from redis import RedisError

from portal_app.gateways.bus import Holder, bus
from portal_app.services import live
from portal_app.web.shield.sockets import OPEN, PATIENCE
from portal_app.web.threads import in_thread

BEAT_EVERY = 2.0  # seconds
_ANSWER_TIMEOUT = PATIENCE + 0.6  # seconds for the other process to ping its socket and to answer
_ALIVE = "alive"
_asked: dict[str, asyncio.Future[str]] = {}
_answering: set[asyncio.Task[None]] = set()
_log = logging.getLogger("portal.cluster")


async def claim_page_here(page: str) -> bool:
    """Claims the page for this process before its socket opens. False: it is alive in another process (another tab)."""
    if (others := bus()) is None:
        return True
    try:
        holder = await in_thread(others.find_holder, page)
        if holder is Holder.ANOTHER and await _is_alive_elsewhere(page):
            return False
        if holder in (Holder.ANOTHER, Holder.GONE):
            await in_thread(others.forget_page, page)
        await in_thread(others.claim_page, page)
    except RedisError as trouble:  # the page opens all the same, at worst with an empty state
        _log.warning("Redis is away: %s", type(trouble).__name__)
    return True


async def release_page(page: str) -> None:
    """Releases the page after its socket here has closed."""
    if (others := bus()) is not None:
        with suppress(RedisError):
            await in_thread(others.release_page, page)


async def is_held_elsewhere(page: str) -> bool:
    """Whether another process has a socket of the page, as far as Redis knows."""
    if (others := bus()) is None:
        return False
    return await in_thread(others.find_holder, page) is Holder.ANOTHER


async def answer_other_processes() -> None:
    """For the server's lifespan: sends the heartbeat, and answers whether a page is alive here."""
    if (ours := bus()) is None:
        return
    loop = asyncio.get_running_loop()

    def listener(topic: str, key: str) -> None:
        kind, _, about = topic.partition(":")
        if kind in ("page", "answer") and not loop.is_closed():
            loop.call_soon_threadsafe(_store_answer if kind == "answer" else _start_answering, about, key)

    live.listen(listener)
    try:
        while True:
            with suppress(RedisError):
                await in_thread(ours.send_heartbeat)
            await asyncio.sleep(BEAT_EVERY)
    finally:
        live.unlisten(listener)


async def _is_alive_elsewhere(page: str) -> bool:
    """Asks the process that holds the page, by a random number. A process that does not answer is gone."""
    number = secrets.token_hex(8)
    _asked[number] = asyncio.get_running_loop().create_future()
    try:
        await in_thread(live.announce, f"page:{page}", number)
        return await asyncio.wait_for(_asked[number], _ANSWER_TIMEOUT) == _ALIVE
    except TimeoutError:
        return False
    finally:
        del _asked[number]


def _store_answer(number: str, answer: str) -> None:
    if (waiting := _asked.get(number)) is not None and not waiting.done():
        waiting.set_result(answer)


def _start_answering(page: str, number: str) -> None:
    if page in OPEN.by_token:
        task = asyncio.get_running_loop().create_task(_answer(page, number))
        _answering.add(task)
        task.add_done_callback(_answering.discard)


async def _answer(page: str, number: str) -> None:
    alive = not await OPEN.drop_if_dead(page)
    await in_thread(live.announce, f"answer:{number}", _ALIVE if alive else "dropped")
