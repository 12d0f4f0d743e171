"""The served portal, started once for all who attack it."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from sqlmodel import col, func, select

from portal_app.db.scope import reading
from portal_app.db.tables.jobs import Job
from portal_app.db.tables.messages import OutboxMessage
from portal_app.services.jobs.registry import JOBS
from tests.attacks import served
from tests.attacks.everybody import TEST
from tests.attacks.served import Stage
from tests.attacks.wire import Line
from tests.conftest import NOON
from tests.e2e.portal import CLIENT, Portal
from tests.servers import Postgres, wait_until


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
        with made.looked_into():
            wait_until(has_settled, seconds=120, what="the end of the jobs' first runs")
        yield made
        assert not (faults := portal.faults()), faults
    finally:
        portal.remove()


def has_settled() -> bool:
    """Whether each job has run, and what they wrote is sent: from then on only attacks change anything."""
    unsent = select(func.count()).select_from(OutboxMessage).where(col(OutboxMessage.sent_at).is_(None))
    waiting = unsent.where(OutboxMessage.failed == "", col(OutboxMessage.next_try_at) <= NOON)
    with reading(TEST) as tx:
        ran = set(tx.exec(select(Job.name).where(col(Job.finished_at).is_not(None))))
        return ran >= JOBS.keys() and tx.exec(waiting).one() == 0


@pytest.fixture
async def line(stage: Stage) -> Any:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        yield Line(stage.portal.url, client)


@pytest.fixture
def looked_into(stage: Stage) -> Iterator[None]:
    with stage.looked_into():
        yield
