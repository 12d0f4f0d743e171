"""Redis goes away for five seconds while somebody presses: the page hears of it within three, and the press is done or
comes back to be made again."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.sign_in import SignInCode
from portal_app.state.sign_in.code import SignInState
from tests.attacks.conftest import serving
from tests.attacks.everybody import TEST
from tests.attacks.served import Stage, caller
from tests.attacks.wire import VISIT, Caller, Closed, Line, Page
from tests.servers import Missing, Server, start_redis

pytestmark = pytest.mark.served
AWAY, TOLD = 5, 3  # seconds
SEND_CODE = f"{SignInState.get_full_name()}.send_code"


@pytest.fixture
def redis() -> Iterator[Server]:
    try:
        server = start_redis()
    except Missing as reason:
        pytest.skip(f"Redis: {reason}")
    yield server
    server.stop()


@pytest.fixture
def stage_on_redis(redis: Server) -> Iterator[Stage]:
    yield from serving(REDIS_URL=f"redis://127.0.0.1:{redis.port}/0")


async def press(page: Page) -> float:
    """Press; returns the seconds until it is done, or until the socket is closed: then the page says so by itself."""
    pressed = time.monotonic()
    try:
        await page.tell(VISIT, path="/es/sign-in")
        await page.until('"language_rx_state_":"es"')
    except Closed:
        pass
    return time.monotonic() - pressed


async def test_every_press_without_redis_is_told_within_three_seconds_and_done_when_it_is_back(
    stage_on_redis: Stage, redis: Server
) -> None:
    async with aiohttp.ClientSession() as client:
        line = Line(stage_on_redis.portal.url, client)
        pages = [await line.hydrated(caller("nobody")) for _ in range(20)]
        redis.stop()
        gone = time.monotonic()

        async def press_later(page: Page, seconds: float) -> float:
            await asyncio.sleep(
                seconds
            )  # presses spread over the first two seconds: before and after the watch's look
            return await press(page)

        told = await asyncio.gather(*(press_later(page, n / 10) for n, page in enumerate(pages)))
        assert max(told) <= TOLD, told
        with pytest.raises(Closed):
            await line.call(caller("nobody"))  # "no connection" stays on the page
        await asyncio.sleep(max(0, gone + AWAY - time.monotonic()))
        again = start_redis(redis.port)
        try:
            page = await hydrated_again(line)
            assert await press(page) <= TOLD
            assert '"language_rx_state_":"es"' in page.heard[-1]
        finally:
            again.stop()


async def ask_for_a_code(page: Page, number: int) -> bool:
    """Press "Send me a code". True: done, and the page shows it. False: the line is cut, so the press comes back."""
    try:
        await page.tell(SEND_CODE, {"form": {"contact": f"visitor-{number}@example.com"}}, path="/es/sign-in")
        await page.until('"step_rx_state_":"code"')
    except Closed:
        return False
    return True


def codes_by_address(stage: Stage) -> Counter[str]:
    with stage.looked_into(), reading(TEST) as tx:
        return Counter(tx.exec(select(SignInCode.ip)).all())


async def test_what_was_pressed_while_redis_was_away_is_done_or_comes_back(
    stage_on_redis: Stage, redis: Server
) -> None:
    """A press that writes. What is told as done is done once; what is not done is cut off, and done when made again."""
    visitors = [replace(caller("nobody"), address=f"203.0.{n}.9") for n in range(10)]
    async with aiohttp.ClientSession() as client:
        line = Line(stage_on_redis.portal.url, client)
        pages = [await line.hydrated(visitor, path="/es/sign-in") for visitor in visitors]
        assert await ask_for_a_code(pages[0], 0)
        redis.stop()
        at_once = await asyncio.gather(
            *(ask_for_a_code(page, n) for n, page in enumerate(pages[1:], start=1))
        )
        done = [True, *at_once]
        assert not all(done), "Redis was away: somebody must have been cut off"
        before = codes_by_address(stage_on_redis)
        again = start_redis(redis.port)
        try:
            for number, visitor in enumerate(visitors):
                if not done[number]:
                    assert await ask_for_a_code(await hydrated_again(line, visitor, "/es/sign-in"), number)
        finally:
            again.stop()
    after = codes_by_address(stage_on_redis)
    for number, visitor in enumerate(visitors):
        assert after[visitor.address] == before[visitor.address] + (not done[number])
        assert before[visitor.address] == 1 or not done[number]  # what was shown as done was done once


async def hydrated_again(line: Line, visitor: Caller | None = None, path: str = "/") -> Page:
    """A page that connects by itself, again and again for ten seconds at most."""
    for _ in range(20):
        try:
            return await line.hydrated(visitor or caller("nobody"), path=path)
        except Closed:
            await asyncio.sleep(0.5)
    raise AssertionError("no page got in after Redis was back")
