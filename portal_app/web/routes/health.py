"""Health checks: /livez says that the process answers, /readyz that it can serve."""

import asyncio
import logging
import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.services.practice.readiness import find_obstacle
from portal_app.web.threads import in_thread

_HOLDS = 1.0  # seconds an answer is given again: whoever asks without end costs nothing
_log = logging.getLogger("portal.health")


class _Readiness:
    """The last answer, looked up by one request at a time."""

    def __init__(self) -> None:
        self.obstacle: str = ""
        self.until = 0.0
        self.lock = asyncio.Lock()

    async def look(self) -> str:
        async with self.lock:
            if time.monotonic() >= self.until:
                found = await in_thread(find_obstacle)
                if found != self.obstacle:
                    _log.warning("ready again" if not found else "not ready: %s", *([found] if found else []))
                self.obstacle, self.until = found, time.monotonic() + _HOLDS
            return self.obstacle


_readiness = _Readiness()


async def alive(_: Request) -> Response:
    """Answer that the process runs."""
    return PlainTextResponse("ok")


async def can_serve(_: Request) -> Response:
    """200, or 503: the database does not take writes, the disk is full, or Redis is away where it is configured."""
    return PlainTextResponse("not ready", 503) if await _readiness.look() else PlainTextResponse("ok")


routes = [Route("/livez", alive), Route("/readyz", can_serve)]
