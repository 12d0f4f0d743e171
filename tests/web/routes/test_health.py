"""/livez and /readyz."""

import httpx
from starlette.applications import Starlette

from portal_app.db import engine as db_engine
from portal_app.settings import settings
from portal_app.web.routes import health


async def get(path: str) -> int:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=health.routes)), base_url="http://portal"
    ) as client:
        return (await client.get(path)).status_code


async def test_a_portal_without_its_database_lives_and_is_not_ready(sqlite_db: str):
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    health._readiness = health._Readiness()
    assert (await get("/livez"), await get("/readyz")) == (200, 200)
    db_engine.bind("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert (
        await get("/readyz") == 200
    )  # for a second the answer is the same: asking without end costs nothing
    health._readiness = health._Readiness()
    assert (await get("/livez"), await get("/readyz")) == (200, 503)
    db_engine.dispose()
    db_engine.bind(sqlite_db)
    health._readiness = health._Readiness()
    assert await get("/readyz") == 200
