"""A session that ends in one process closes its pages in another, within a second: over a real Redis."""

import os
import subprocess
import sys

from tests.servers import Server

HOLDS_THE_PAGE = """
import asyncio, time
from portal_app.web.shield.sockets import OPEN, Socket, close_ended_sessions

async def send(_): ...

async def main():
    page = Socket("t", ("a" * 64,), "127.0.0.1", send)
    OPEN.add(page)
    listening = asyncio.ensure_future(close_ended_sessions())
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    await asyncio.wait_for(page.ended.wait(), 20)
    print(time.time(), flush=True)
    listening.cancel()

asyncio.run(main())
"""
ENDS_THE_SESSION = """
import time
from portal_app.services import live
told = time.time()
live.announce("session:" + "a" * 64)
time.sleep(0.5)
print(told)
"""


def test_signing_out_reaches_the_other_backends_within_a_second(redis_server: Server):
    around = os.environ | {
        "REDIS_URL": f"redis://127.0.0.1:{redis_server.port}/0",
        "PORTAL_DEMO_USES_ENV": "yes",
    }
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_PAGE], env=around, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
        told = subprocess.run(
            [sys.executable, "-c", ENDS_THE_SESSION], env=around, capture_output=True, text=True, check=True
        )
        ended = other.stdout.readline()
    assert float(ended) - float(told.stdout) < 1
