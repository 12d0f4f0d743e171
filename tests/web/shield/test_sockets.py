"""The open sockets: how many from one address, and when they are closed."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side, system_principal
from portal_app.domain.sign_in import session_ref
from portal_app.settings import settings
from portal_app.web.shield import rate_budgets, shield
from portal_app.web.shield.shield import BURST, RATE, Shield
from portal_app.web.shield.sockets import OpenSockets, Socket
from tests.people import MARIA, People

HOST = "localhost:3000"
SOCKETS = settings().sockets_per_address
TOKEN = "0f8fad5b-d9cb-469f-a165-{:012x}"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> OpenSockets:
    """An empty house."""
    made = OpenSockets()
    monkeypatch.setattr(shield, "OPEN", made)
    return made


class Knock:
    """A socket that comes and stays until it is told to go."""

    def __init__(
        self, number: int, ip: str = "203.0.113.7", cookie: str = "", house: Shield | None = None
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode())]
        self.scope = {
            "type": "websocket",
            "path": "/_event/",
            "query_string": f"token={TOKEN.format(number)}&EIO=4".encode(),
            "client": (ip, 1),
            "headers": [*headers, *([(b"cookie", cookie.encode())] if cookie else [])],
        }
        self.task = asyncio.ensure_future(
            (house or Shield(inner, Path("/nowhere")))(self.scope, self.heard.get, self.send)
        )

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.heard.put_nowait({"type": "websocket.disconnect", "code": 1000})

    @property
    def refused(self) -> bool:
        return bool(self.sent) and self.sent[0]["type"] == "websocket.close"

    async def leave(self) -> None:
        self.heard.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task


async def inner(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def after_all_have_moved() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def test_those_who_still_wait_to_be_let_in_are_counted(
    held: OpenSockets, monkeypatch: pytest.MonkeyPatch
):
    """Each may wait for seconds until a dead line is given up: a hundred at once would all be let in."""
    gate = asyncio.Event()

    async def slow(_: str) -> bool:
        await gate.wait()
        return True

    monkeypatch.setattr(held, "drop_if_dead", slow)
    knocks = [Knock(n) for n in range(SOCKETS + 10)]
    other = Knock(999, ip="203.0.113.8")
    await after_all_have_moved()
    assert [knock.refused for knock in knocks] == [False] * SOCKETS + [True] * 10
    gate.set()
    await after_all_have_moved()
    assert not other.refused
    for knock in (*knocks[:SOCKETS], other):
        await knock.leave()
    assert held.connections.of_address == {}  # nobody is counted who has gone


async def test_who_is_cut_off_while_waiting_is_counted_no_more(
    held: OpenSockets, monkeypatch: pytest.MonkeyPatch
):
    async def for_ever(_: str) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(held, "drop_if_dead", for_ever)
    knock = Knock(1)
    await after_all_have_moved()
    assert held.connections.of_address == {"203.0.113.7": 1}
    knock.task.cancel()
    await asyncio.gather(knock.task, return_exceptions=True)
    assert held.connections.of_address == {}


async def test_a_flood_is_cut_off_and_a_large_message_counts_for_several(
    held: OpenSockets, monkeypatch: pytest.MonkeyPatch
):
    now = [0.0]
    monkeypatch.setattr(rate_budgets, "time", SimpleNamespace(monotonic=lambda: now[0]))
    calm, loud, large = Knock(1), Knock(2), Knock(3)
    for _ in range(400):
        calm.heard.put_nowait({"type": "websocket.receive", "text": "2"})
        await after_all_have_moved()
        now[0] += 1 / RATE
    assert not any(message["type"] == "websocket.close" for message in calm.sent)
    for _ in range(70):
        loud.heard.put_nowait({"type": "websocket.receive", "text": "2"})
    for _ in range(20):
        large.heard.put_nowait({"type": "websocket.receive", "text": f'40/_event,{{"x":"{"x" * 250_000}"}}'})
    await after_all_have_moved()
    assert loud.task.done() and large.task.done()
    assert [knock.sent[-1].get("reason") for knock in (loud, large)] == ["too many events"] * 2
    await calm.leave()


async def test_many_pages_of_one_address_together_have_a_limit_and_the_neighbour_has_not(
    held: OpenSockets, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rate_budgets, "time", SimpleNamespace(monotonic=lambda: 0.0))
    house = Shield(inner, Path("/nowhere"))
    ours, neighbour = [Knock(n, house=house) for n in range(40)], Knock(99, ip="203.0.113.8", house=house)
    for _ in range(int(BURST) - 5):
        for knock in (*ours, neighbour):
            knock.heard.put_nowait({"type": "websocket.receive", "text": "2"})
    await after_all_have_moved()
    cut = [knock for knock in ours if knock.task.done()]
    assert cut and {knock.sent[-1].get("reason") for knock in cut} == {"too many events"}
    assert not neighbour.task.done()
    late = Knock(100, house=house)
    await after_all_have_moved()
    assert late.refused
    for knock in (*ours, neighbour):
        if not knock.task.done():
            await knock.leave()


async def test_a_network_on_ipv6_is_one_address(held: OpenSockets):
    knocks = [Knock(n, ip=f"2001:db8:1:1::{n:x}") for n in range(SOCKETS + 1)]
    other = Knock(99, ip="2001:db8:1:2::1")
    await after_all_have_moved()
    assert knocks[-1].refused and not knocks[-2].refused and not other.refused
    for knock in (*knocks[:-1], other):
        await knock.leave()


@pytest.mark.parametrize("said", [{"text": "nonsense"}, {"text": '42/_event,["event",1]'}, {"bytes": b"2"}])
async def test_what_no_page_says_ends_the_call(held: OpenSockets, said: dict[str, Any]):
    knock = Knock(1)
    knock.heard.put_nowait({"type": "websocket.receive", **said})
    await after_all_have_moved()
    assert knock.task.done()
    assert knock.sent[-1].get("reason") == "unreadable"


async def test_every_page_of_a_session_is_closed_when_it_ends_and_no_other(held: OpenSockets):
    hers = [Knock(n, cookie="demo-portal=maria") for n in (1, 2)]
    his = Knock(3, cookie="demo-portal=luis")
    await after_all_have_moved()
    (ref,) = {ref for page in held.by_token.values() for ref in page.refs} - _refs(his, held)
    assert held.end(ref) == 2
    await after_all_have_moved()
    assert all(page.task.done() for page in hers)
    assert [page.sent[-1].get("reason") for page in hers] == ["session ended"] * 2
    assert not his.task.done()
    await his.leave()
    assert (held.by_token, held.by_ref, held.connections.of_address) == ({}, {}, {})


def _refs(knock: Knock, held: OpenSockets) -> set[str]:
    found: list[Socket] = [page for page in held.by_token.values() if page.send == knock.send]
    return {ref for page in found for ref in page.refs}


async def test_who_is_signed_in_still_opens_pages_where_others_used_up_their_address(
    held: OpenSockets, sample_people: People
):
    with transaction(system_principal("test")) as tx, clock.held_at(clock.now()):
        moment = {"created_at": clock.now(), "seen_at": clock.now()}
        ref = session_ref("of-maria")
        tx.add(PortalSession(ref=ref, side=Side.PATIENT, patient_id=MARIA.id, language="en", **moment))
    held.connections.of_address["203.0.113.7"] = SOCKETS
    invented, stranger = Knock(1, cookie="demo-portal=invented"), Knock(2)
    maria = Knock(3, cookie="demo-portal=of-maria")
    for _ in range(20):
        await asyncio.sleep(0.05)  # the session is read in a thread
        if maria.sent:
            break
    assert (invented.refused, stranger.refused, maria.refused) == (True, True, False)
    await maria.leave()
