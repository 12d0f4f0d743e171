"""Two processes of one portal, on PostgreSQL and Redis: a page moves from one to the other."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from tests.attacks import served
from tests.attacks.served import ALL, Stage, caller
from tests.attacks.wire import Line, Page
from tests.e2e.portal import CLIENT, Portal

pytestmark = [pytest.mark.served, pytest.mark.postgres]
LOAD = next(name for name in ALL if name.endswith("invoices_state.load"))
HER_INVOICE = "2,010.19"
ELSEWHERE = "/account"  # says no sum at all: what is heard of a bill was kept


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Stage, Portal]]:
    if not (CLIENT / "index.html").exists():
        pytest.skip("the pages are not built: python scripts/build.py")
    postgres, redis = request.getfixturevalue("postgres"), request.getfixturevalue("redis_server")
    postgres.command("CREATE DATABASE pair")
    first = Portal(
        settings={
            "PORTAL_CLOCK": "2026-06-15T12:00",
            "PORTAL_TRUSTED_PROXY_HOPS": "1",
            "DATABASE_URL": postgres.url("pair"),
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
        }
    )
    second = Portal(first.settings, folder=first.folder)
    try:
        first.command("migrate")
        stage = served.set_up(first)
        first.start()
        second.start()
        yield stage, second
        assert not (faults := first.faults() + second.faults()), faults
    finally:
        second.stop()
        first.remove()


@pytest.fixture
async def lines(pair: tuple[Stage, Portal]) -> AsyncIterator[tuple[Line, Line]]:
    stage, second = pair
    if stage.portal.process is None:  # a test before has killed it
        stage.portal.start()
    with stage.looked_into():
        served.sign_in_again()
    async with aiohttp.ClientSession() as client:
        yield Line(stage.portal.url, client), Line(second.url, client)


async def with_her_invoices(line: Line, load: str = "") -> Page:
    page = await line.call(caller("maria"), load=load)
    await page.hydrate()
    await page.tell(LOAD, path="/invoices")
    await page.until(HER_INVOICE)
    return page


async def comes_back(line: Line, token: str) -> Page:
    """The page reconnects, and fills itself as it does then."""
    page = await line.call(caller("maria"), token)
    await page.hydrate(path=ELSEWHERE)
    return page


def kept(page: Page) -> bool:
    return not page.new_token and HER_INVOICE in "".join(page.heard)


async def test_when_a_process_is_killed_its_pages_go_on_at_another(
    pair: tuple[Stage, Portal], lines: tuple[Line, Line]
):
    first, second = lines
    page = await with_her_invoices(first)
    await page.settle()
    await asyncio.sleep(0.5)  # its state is in Redis, and nobody holds it
    pair[0].portal.kill()
    begun = time.monotonic()
    back = await comes_back(second, page.token)
    assert kept(back)
    assert time.monotonic() - begun < 10
    await back.close()


async def test_a_page_whose_line_froze_goes_on_at_another_process(lines: tuple[Line, Line]):
    first, second = lines
    async with frozen_line(first) as (through, freeze):
        page = await with_her_invoices(through)
        freeze.set()
        back = await comes_back(second, page.token)
        assert kept(back)
        await back.tell(LOAD, path="/invoices?show=paid")
        await back.until("invoices_state")
        await back.close()


async def test_a_page_whose_line_froze_goes_on_at_the_same_process(lines: tuple[Line, Line]):
    first, _ = lines
    async with frozen_line(first) as (through, freeze):
        page = await with_her_invoices(through)
        freeze.set()
        back = await comes_back(first, page.token)
        assert kept(back)
        await back.close()


async def test_a_second_tab_at_another_process_gets_a_page_of_its_own(lines: tuple[Line, Line]):
    first, second = lines
    page = await with_her_invoices(first)
    listening = asyncio.create_task(page.gone(6))  # a browser answers by itself
    tab = await comes_back(second, page.token)
    assert tab.new_token
    assert not await listening
    await page.tell(LOAD, path="/invoices")
    await page.until("invoices_state")
    await tab.close()
    await page.close()


@pytest.mark.parametrize("other", [0, 1])
async def test_a_duplicated_tab_is_a_page_of_its_own_and_stays_it_when_its_line_is_cut(
    lines: tuple[Line, Line], other: int
):
    """The browser copies the first tab's token with it."""
    first, second = lines[0], lines[other]
    page = await with_her_invoices(first, "one")
    tab = await second.call(caller("maria"), page.token, load="two")
    await tab.hydrate(path=ELSEWHERE)
    assert HER_INVOICE not in "".join(tab.heard) and not tab.new_token
    await tab.tell(LOAD, path="/invoices")
    await tab.until(HER_INVOICE)
    await tab.close()
    for at in (second, lines[1 - other]):
        tab = await at.call(caller("maria"), page.token, load="two")
        await tab.hydrate(path=ELSEWHERE)
        assert kept(tab)
        await tab.close()
    await page.tell(LOAD, path="/invoices")
    await page.until("invoices_state")
    await page.close()


@pytest.mark.parametrize("name", ["nobody", "kim"])
async def test_her_token_at_another_process_shows_nothing_of_hers(lines: tuple[Line, Line], name: str):
    first, second = lines
    page = await with_her_invoices(first)
    await page.close()
    thief = await second.call(caller(name), page.token)
    await thief.hydrate(path=ELSEWHERE)
    assert HER_INVOICE not in "".join(thief.heard)
    back = await comes_back(second, page.token)
    assert kept(back)
    await thief.close()
    await back.close()


@pytest.mark.parametrize("turn", range(3))
async def test_signing_out_at_one_process_closes_the_pages_at_the_other(lines: tuple[Line, Line], turn: int):
    first, second = lines
    here, there = await with_her_invoices(first), await with_her_invoices(second)
    assert (await second.ask("POST", "/auth/sign-out?side=patient", caller("maria")))[0] == 200
    begun = time.monotonic()
    assert await asyncio.gather(here.gone(), there.gone()) == [True, True]
    assert time.monotonic() - begun < 1
    assert (here.socket.close_code, there.socket.close_code) == (1008, 1008)
    after = await first.hydrated(caller("maria"))
    await after.tell(LOAD, path="/invoices")
    await after.until("/sign-in")
    assert HER_INVOICE not in "".join(after.heard)


@asynccontextmanager
async def frozen_line(line: Line) -> AsyncIterator[tuple[Line, asyncio.Event]]:
    """A line through which, once frozen, nothing comes any more though neither end has hung up."""
    freeze, port = asyncio.Event(), line.host.rpartition(":")[2]
    open_: list[Any] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not freeze.is_set():
                    writer.write(data)
                    await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(port))
        open_.extend((writer, far_writer))
        open_.extend(asyncio.create_task(p) for p in (pipe(reader, far_writer), pipe(far_reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    near = server.sockets[0].getsockname()[1]
    try:
        yield Line(line.url, line.client, via=f"http://127.0.0.1:{near}"), freeze
    finally:
        server.close()
        for one in open_:
            one.cancel() if isinstance(one, asyncio.Task) else one.close()
