"""The served portal, attacked at its guards: whose socket, from where, how much of it, and whose token."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import aiohttp
import pytest
from sqlmodel import col, select, update

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.sign_in import session_ref
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.settings import settings
from portal_app.web.shield.shield import BURST
from tests.attacks.everybody import TEST, everything_written
from tests.attacks.served import ALL, Stage, caller, changes, said
from tests.attacks.wire import HYDRATE, ROOT, VISIT, Caller, Closed, Line, Page
from tests.conftest import NOON
from tests.people import MARIA

pytestmark = pytest.mark.served
LOAD = next(name for name in ALL if name.endswith("invoices_state.load"))
STAY = "/auth/stay?side=patient&by=page"
HER_INVOICE = "2,010.19"
TEN_TO = NOON - timedelta(minutes=10)


SOCKETS = settings().sockets_per_address


def elsewhere(last: int) -> Caller:
    return Caller(address=f"203.0.113.{last}")


# Whose socket


async def hers(line: Line, stage: Stage) -> Page:
    """Maria's page, with her bills on it."""
    page = await line.hydrated(caller("maria"))
    await page.tell(LOAD, path="/invoices")
    await page.until(HER_INVOICE)
    return page


@pytest.mark.parametrize("name", ["nobody", "kim", "luis", "embed", "link", "olga"])
@pytest.mark.parametrize("online", [True, False], ids=["while she is there", "while she is away"])
async def test_a_known_token_of_hers_shows_nothing_and_takes_nothing(
    stage: Stage, line: Line, looked_into: None, name: str, online: bool
):
    maria = await hers(line, stage)
    if not online:
        await maria.close()
        await asyncio.sleep(0.3)
    before = everything_written()
    thief = await line.call(caller(name), maria.token)
    for handler in (LOAD, VISIT, HYDRATE, LOAD):
        await thief.tell(handler, path="/embed/invoices" if thief.framed else "/invoices")
    await thief.settle()
    if name != "embed":  # who is Maria herself, in a frame
        assert not {w for w in stage.invoices["maria"] | {"Maria"} if w in said(thief.deltas())}
    assert not changes(before, everything_written())
    if online:
        await maria.tell(LOAD, path="/invoices?show=paid")
        await maria.until("invoices_state")
    await thief.close()
    back = await line.call(caller("maria"), "" if online else maria.token)
    await back.tell(LOAD, path="/invoices")
    await back.hydrate(path="/invoices")
    await back.tell(LOAD, path="/invoices")
    await back.until(HER_INVOICE)
    assert (await line.ask("POST", STAY, caller("maria")))[0] == 200


@pytest.mark.parametrize("name", ["nobody", "kim"])
async def test_what_is_still_on_its_way_to_her_does_not_reach_who_takes_her_token(
    stage: Stage, line: Line, looked_into: None, name: str
):
    """She closes the page while much of what she asked for is still being done."""
    for _ in range(3):
        maria = await hers(line, stage)
        for number in range(40):
            await maria.tell(LOAD, path=f"/invoices?show={'all' if number % 2 else 'paid'}")
        await maria.close()
        thief = await line.call(caller(name), maria.token)
        with suppress(TimeoutError):
            while True:
                await thief.hear(0.7)
        assert not {w for w in stage.invoices["maria"] | {"Maria"} if w in "".join(thief.heard)}
        await thief.close()


# From where


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://localhost", "file://"])
async def test_a_socket_from_elsewhere_is_refused(line: Line, origin: str | None):
    for who in (caller("maria"), caller("embed"), caller("nobody")):
        with pytest.raises(Closed):
            await line.call(who, origin=origin)


async def test_a_socket_for_another_host_is_refused(line: Line):
    with pytest.raises(Closed):
        await line.call(caller("maria"), host="evil.example")


@pytest.mark.parametrize("token", ["fixed", "A" * 6_000, "0f8fad5b-d9cb-469f-a165-70867728950e%0d%0aX: 1"])
async def test_a_page_cannot_call_itself_as_it_likes(line: Line, token: str):
    with pytest.raises(Closed):
        await line.call(caller("maria"), token)


@pytest.mark.parametrize("path", ["/_upload", "/_upload/x.pdf", "/ping", "/_health", "/_all_routes"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_the_frameworks_own_routes_are_closed(line: Line, method: str, path: str):
    status, _ = await line.ask(method, path, caller("maria"))
    assert status == 404


async def test_an_upload_onto_her_page_is_closed_while_she_is_there(
    stage: Stage, line: Line, looked_into: None
):
    maria = await hers(line, stage)

    def form() -> aiohttp.FormData:
        made = aiohttp.FormData()
        made.add_field("files", b"x", filename="../a.txt")
        return made

    headers = {"reflex-client-token": maria.token, "reflex-event-handler": LOAD}
    for path in ("/_upload", "/_upload/"):
        with suppress(aiohttp.ClientOSError):  # it may hang up before the file is sent
            assert (await line.ask("POST", path, caller("nobody"), headers=headers, data=form()))[0] == 404
    await maria.settle()
    assert "a.txt" not in "".join(maria.heard)


@pytest.mark.parametrize("path", ["/auth/session", "/auth/sign-out?side=patient", STAY])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_form_of_another_site_is_refused(line: Line, looked_into: None, path: str, origin: str):
    assert (await line.ask("POST", path, caller("maria"), headers={"Origin": origin}))[0] == 403
    assert (await line.ask("POST", STAY, caller("maria")))[0] == 200


async def test_no_answer_lets_another_site_read_it(line: Line):
    evil = {"Origin": "https://evil.example"}
    for path in ("/", "/invoices", "/auth/stay", "/documents/invoice/x.pdf", "/_event/", "/readyz"):
        asked = line.client.get(line.url + path, headers=evil | {"Host": line.host}, allow_redirects=False)
        async with asked as answer:
            assert "access-control-allow-origin" not in answer.headers, path


async def test_another_transport_of_the_socket_is_not_there(line: Line):
    asked = f"/_event/?token={uuid.uuid4()}&EIO=4&transport=polling"
    assert (await line.ask("GET", asked, caller("maria")))[0] >= 400
    assert (await line.ask("POST", asked, caller("maria"), data="40/_event,"))[0] >= 400


# What counts as somebody doing something

ARRIVE = f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal"


async def seen_at(line: Line, does: Callable[[Page], Awaitable[None]], load: str = "") -> datetime:
    """When Maria was last seen to do something, of a session that has been idle for ten minutes."""
    ref = session_ref("cookie-of-maria")
    with transaction(TEST) as tx:
        tx.exec(update(PortalSession).where(col(PortalSession.ref) == ref).values(seen_at=TEN_TO))
    page = await line.call(caller("maria"), load=load)
    await does(page)
    while HER_INVOICE not in "".join(page.heard):
        await page.hear()
    await page.settle()
    await page.close()
    with reading(TEST) as tx:
        return tx.get_or_404(PortalSession, ref).seen_at


async def test_a_page_that_comes_back_is_no_activity_and_one_that_is_opened_is(
    stage: Stage, line: Line, looked_into: None
):
    async def comes_back(page: Page) -> None:
        await page.hydrate(path="/invoices")

    async def is_opened(page: Page) -> None:
        await page.tell(HYDRATE, {"vars": {}, "hashes": ["of what it was built with"]}, "/invoices")

    async def goes_on(page: Page) -> None:
        await page.hydrate(path="/sign-in")
        await page.tell(ARRIVE, path="/invoices")

    assert await seen_at(line, comes_back) == TEN_TO
    assert await seen_at(line, is_opened) == NOON
    assert await seen_at(line, goes_on) == NOON
    # With a word: opened although its first line failed, and loaded anew by its own script.
    assert await seen_at(line, comes_back, "w1") == NOON
    assert await seen_at(line, is_opened, "w2&again=1") == TEN_TO
    assert await seen_at(line, goes_on, "w3&again=1") == NOON


# How much of it


async def test_a_flood_is_cut_off(line: Line):
    page = await line.hydrated(elsewhere(1))
    with suppress(Closed):
        for _ in range(int(BURST) * 3):
            await page.tell(VISIT)
    assert await page.gone()
    assert page.socket.close_code in (1008, 1006)  # who still talks may not hear the reason


@pytest.mark.parametrize(("size", "holds"), [(60_000, True), (300_000, False), (2_000_000, False)])
async def test_a_message_is_at_most_so_large(line: Line, size: int, holds: bool):
    page = await line.hydrated(elsewhere(2))
    with suppress(Closed):
        await page.tell(VISIT, {"more": "x" * size})
        await page.settle()
    assert await page.gone(1) is not holds


async def test_sockets_of_one_address_are_limited_and_others_come_in(line: Line):
    pages = [await line.call(elsewhere(3)) for _ in range(SOCKETS)]
    with pytest.raises(Closed):
        await line.call(elsewhere(3))
    await (await line.call(elsewhere(4))).close()
    for page in pages:
        await page.close()
    await asyncio.sleep(0.3)
    await (await line.call(elsewhere(3))).close()


# One ticket, one session


async def test_two_uses_of_one_ticket_at_once_make_one_session(stage: Stage, line: Line, looked_into: None):
    with transaction(TEST) as tx:
        ticket = write_ticket(tx, way="code", patient_id=MARIA.id)
    asks = [line.ask("POST", "/auth/session", elsewhere(n), json={"ticket": ticket}) for n in range(10, 22)]
    answers = await asyncio.gather(*asks)
    assert sorted(status for status, _ in answers) == [200] + [401] * 11
    with reading(TEST) as tx:
        made = [s for s in tx.exec(select(PortalSession)).all() if s.ip.startswith("203.0.113.")]
    assert len(made) == 1
