"""What a click on Memberships costs the backend beside a click on Invoices, both in the same run.

`python -m tests.bench.bench_memberships` prints it, in the practice of bench_events.py: families of three, each with
twelve invoices a person, and a membership with autopay that was billed for some months. Processor time, not the
clock's: the machine may be busy. The two clicks take turns, so that what the machine does meanwhile burdens both.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

import pytest

from tests.bench import bench_events as events

AT_MOST = 1.2  # times a click on Invoices
ROUNDS = 3


async def measure(server: events.Server, port: int, cookies: list[str]) -> dict[str, float]:
    import aiohttp  # noqa: PLC0415

    from portal_app.state.billing.invoices import InvoicesState  # noqa: PLC0415
    from portal_app.state.memberships.memberships import MembershipsState  # noqa: PLC0415

    clicks = {
        "invoices": f"{InvoicesState.get_full_name()}.load",
        "memberships": f"{MembershipsState.get_full_name()}.load",
    }
    clients = [aiohttp.ClientSession(connector=events.from_address(address)) for address in events.ADDRESSES]
    pages: list[events.Browser] = []
    costs: dict[str, list[float]] = {name: [] for name in clicks}
    sizes: dict[str, int] = {}
    try:
        for number, cookie in enumerate(cookies):
            pages.append(await events.arrive(clients[number % len(clients)], port, cookie))
            await pages[-1].tell(events.HYDRATE, events.HYDRATED)
        for _ in range(ROUNDS):
            for name, handler in clicks.items():
                cost, sizes[name] = await events.cost_of_each(server, pages, handler)
                costs[name].append(cost)
    finally:
        for client in clients:
            await client.close()
        for page in pages:
            page.listening.cancel()
    found = {f"{name}_ms": round(statistics.median(some), 2) for name, some in costs.items()}
    ratios = [m / i for m, i in zip(costs["memberships"], costs["invoices"], strict=True)]
    found |= {f"{name}_bytes": size for name, size in sizes.items()}
    return {"sessions": len(pages), **found, "ratio": round(statistics.median(ratios), 2)}


def run() -> dict[str, float]:
    from tests.servers import free_port, listening, wait_until  # noqa: PLC0415

    port = free_port()
    os.environ.update(events.settings_of(port))
    cookies = events.prepare()
    from tests.bench.families import add_families  # noqa: PLC0415  (after the environment is set)

    families = add_families()
    server = events.Server(port)
    try:
        wait_until(lambda: listening(port), seconds=60, what="the portal")
        time.sleep(1)
        return {"families": families} | asyncio.run(measure(server, port, cookies))
    finally:
        server.stop()


@pytest.mark.bench
@pytest.mark.slow
def test_a_click_on_memberships_costs_about_as_much_as_one_on_invoices():
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_memberships"], capture_output=True, text=True, check=True
    )
    print(made.stdout)
    assert json.loads(made.stdout)["ratio"] <= AT_MOST


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
