"""What "open my invoices" costs the backend, beside the least that Reflex can be asked to do.

`python -m tests.bench.bench_events` prints it, for 20 rows of 5,000 patients with 60,000 invoices on
SQLite. The practice is made once, in build/bench. Processor time, not the clock's: the machine may be busy.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "bench"
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")  # 50 sockets each
SESSIONS, EACH = 160, 12
TICKS = os.sysconf("SC_CLK_TCK")
HYDRATE = "reflex___state____state.hydrate_and_load"
HYDRATED = '"is_hydrated_rx_state_":true'
PAGE = {"pathname": "/invoices", "asPath": "/invoices", "query": {}}


def settings_of(port: int) -> dict[str, str]:
    return {
        "PORTAL_MODE": "demo",
        "PORTAL_DEMO_USES_ENV": "yes",
        "PORTAL_DATA_DIR": str(HOME),
        "PORTAL_PORT": str(port),
        "PORTAL_PUBLIC_URL": f"http://localhost:{port}",
        "PORTAL_SECRET_KEY": "bench-" + "0123456789abcdef" * 4,
        "DATABASE_URL": f"sqlite:///{HOME / 'portal.db'}",
        "PYTHONPATH": str(ROOT),
    }


def prepare() -> list[str]:
    """The practice, and the cookies of some who are signed in to it."""
    from sqlmodel import col, select  # noqa: PLC0415  (after the environment is set)

    from portal_app.db.scope import transaction  # noqa: PLC0415
    from portal_app.db.tables.families import Patient  # noqa: PLC0415
    from portal_app.db.tables.practice import Practice  # noqa: PLC0415
    from portal_app.demo import PRACTICE  # noqa: PLC0415
    from portal_app.domain.access import system_principal  # noqa: PLC0415
    from portal_app.services.imports.run import run_import  # noqa: PLC0415
    from portal_app.services.sign_in.sessions import redeem, write_ticket  # noqa: PLC0415
    from tests.bench.bench_import import PATIENTS, write_practice  # noqa: PLC0415

    if not (HOME / "ready").exists():
        shutil.rmtree(HOME, ignore_errors=True)
        (HOME / "csv").mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "portal_app.cli", "migrate"], cwd=ROOT, check=True)
        with transaction(system_principal("bench")) as tx:
            tx.add(Practice(id="practice", **PRACTICE))
        write_practice(HOME / "csv")
        run_import(system_principal("import"), HOME / "csv")
        (HOME / "ready").touch()
    # Every third answers for a family; the older half are adults.
    answering = [str(n) for n in range(PATIENTS) if n % 3 == 0][-SESSIONS:]
    with transaction(system_principal("bench")) as tx:
        who = tx.exec(select(Patient.id).where(col(Patient.chart_number).in_(answering))).all()
        tickets = [write_ticket(tx, way="bench", patient_id=patient_id) for patient_id in who]
    return [redeem(ticket).value for ticket in tickets]


def serve() -> None:
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    from portal_app import serve as served  # noqa: PLC0415
    from portal_app.settings import settings  # noqa: PLC0415

    ours = settings()
    served.prepare(ours)
    Server(
        "tests.bench.served:app",
        factory=True,
        address=ours.bind,
        port=ours.port,
        interface=Interfaces.ASGI,
        websockets=True,
    ).serve()


class Browser:
    """One page of one patient, as little as the wire needs."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """A page that does not answer "are you there?" is gone after 20 seconds."""
        while True:
            said = await self.socket.receive_str()
            if said == "2":
                await self.socket.send_str("3")
            else:
                self.said.put_nowait(said)

    async def tell(self, name: str, until: str = "") -> int:
        """Sends one event; the size of the answer, which is over when it says `until`."""
        until = until or f'"{name.rpartition(".")[0]}":'
        event = {"name": name, "payload": {}, "router_data": PAGE}
        await self.socket.send_str("42/_event," + json.dumps(["event", event]))
        size, said = 0, ""
        async with asyncio.timeout(60):
            while until not in said:
                said = await self.said.get()
                size += len(said)
        return size


async def arrive(client: Any, port: int, cookie: str) -> Browser:
    origin = f"http://localhost:{port}"
    socket = await client.ws_connect(
        f"{origin}/_event/?token={uuid.uuid4()}&EIO=4&transport=websocket",
        headers={"Origin": origin, "Cookie": f"demo-portal={cookie}", "Host": f"localhost:{port}"},
        max_msg_size=0,
    )
    await socket.receive_str()
    await socket.send_str("40/_event,")
    await socket.receive_str()
    return Browser(socket)


class Server:
    """The portal as a process of its own, and what it has used."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.bench.bench_events", "--serve"]
        self.process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)

    def _family(self) -> list[Path]:
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(place.name)) == self.process.pid:
                    found.append(place)
            except ProcessLookupError:
                continue
        return found

    def cpu(self) -> float:
        """Milliseconds of processor time so far."""
        stats = [(place / "stat").read_text().rpartition(")")[2].split() for place in self._family()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) * 1000 / TICKS

    def memory(self) -> int:
        """Kilobytes."""
        status = [(place / "status").read_text() for place in self._family()]
        return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in status if "VmRSS:" in text)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


async def measure(server: Server, port: int, cookies: list[str]) -> dict[str, float]:
    import aiohttp  # noqa: PLC0415

    from portal_app.state.billing.invoices import InvoicesState  # noqa: PLC0415
    from tests.bench.served import BARE  # noqa: PLC0415

    clients = [aiohttp.ClientSession(connector=from_address(address)) for address in ADDRESSES]
    pages: list[Browser] = []
    try:
        first = await arrive(clients[0], port, cookies[0])
        await first.tell(HYDRATE, HYDRATED)  # what is loaded once is no session's
        first.listening.cancel()
        before = server.memory()
        for number, cookie in enumerate(cookies[1:]):
            page = await arrive(clients[number % len(clients)], port, cookie)
            pages.append(page)
            await page.tell(HYDRATE, HYDRATED)
            await page.tell(f"{InvoicesState.get_full_name()}.load")
        grown = server.memory() - before
        bare, _ = await cost_of_each(server, pages, BARE)
        opening, size = await cost_of_each(server, pages, f"{InvoicesState.get_full_name()}.load")
        return {
            "sessions": len(pages),
            "kilobytes_per_session": round(grown / len(pages)),
            "bare_event_ms": round(bare, 2),
            "open_my_invoices_ms": round(opening, 2),
            "ratio": round(opening / bare, 1),
            "answer_bytes": size,
        }
    finally:
        for client in clients:
            await client.close()
        for page in pages:
            page.listening.cancel()


async def cost_of_each(server: Server, pages: list[Browser], name: str) -> tuple[float, int]:
    """Milliseconds of the server's processor for one such event while it has enough to do; its answer's size.

    Every page asks again as soon as it is answered: a server that is woken for each event alone pays for
    the waking, several times what the event costs.
    """
    for page in pages[:20]:
        await page.tell(name)

    async def asking(page: Browser) -> int:
        sizes = [await page.tell(name) for _round in range(EACH)]
        return max(sizes)

    before = server.cpu()
    sizes = await asyncio.gather(*(asking(page) for page in pages))
    return (server.cpu() - before) / (EACH * len(pages)), max(sizes)


def from_address(address: str) -> Any:
    import aiohttp  # noqa: PLC0415

    return aiohttp.TCPConnector(local_addr=(address, 0), limit=0)


def run() -> dict[str, float]:
    from tests.servers import free_port, listening, wait_until  # noqa: PLC0415

    port = free_port()
    os.environ.update(settings_of(port))
    cookies = prepare()
    server = Server(port)
    try:
        wait_until(lambda: listening(port), seconds=60, what="the portal")
        time.sleep(1)
        return asyncio.run(measure(server, port, cookies))
    finally:
        server.stop()


@pytest.mark.bench
@pytest.mark.slow
def test_open_my_invoices_costs_at_most_two_milliseconds():
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_events"], capture_output=True, text=True, check=True
    )
    print(made.stdout)
    assert json.loads(made.stdout)["open_my_invoices_ms"] <= 2


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve()
    else:
        print(json.dumps(run(), indent=1))
