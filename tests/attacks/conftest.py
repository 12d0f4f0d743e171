"""The served portal, started once for all who attack it."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.attacks import served
from tests.attacks.served import Stage
from tests.attacks.wire import Line
from tests.e2e.portal import CLIENT, Portal
from tests.servers import Postgres


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    yield from serving()


@pytest.fixture(scope="session")
def stage_on_postgres(postgres: Postgres) -> Iterator[Stage]:
    postgres.command("CREATE DATABASE stage")
    yield from serving(DATABASE_URL=postgres.url("stage"))


def serving(**more: str) -> Iterator[Stage]:
    if not (CLIENT / "index.html").exists():
        pytest.skip("the pages are not built: python scripts/build.py")
    # No jobs: what a sweep finds written, the sweep has written.
    quiet = {"PORTAL_CLOCK": "2026-06-15T12:00", "PORTAL_TRUSTED_PROXY_HOPS": "1", "PORTAL_JOBS": "no"}
    portal = Portal(settings={**quiet, **more})
    try:
        portal.command("migrate")
        made = served.set_up(portal)
        portal.start()
        yield made
        assert not (faults := portal.faults()), faults
    finally:
        portal.remove()


@pytest.fixture
async def line(stage: Stage) -> Any:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        yield Line(stage.portal.url, client)


@pytest.fixture
def looked_into(stage: Stage) -> Iterator[None]:
    with stage.looked_into():
        yield
