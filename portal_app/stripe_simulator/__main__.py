"""`python -m portal_app.stripe_simulator --port 12111`: the simulator by itself, on loopback only."""

import argparse
import asyncio
import contextlib
import logging

from granian.constants import Interfaces
from granian.server.embed import Server

from portal_app.stripe_simulator.app import deliver_webhooks, make_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m portal_app.stripe_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--store", default=":memory:", help="SQLite file; in memory if none is named")
    parser.add_argument("--webhook-url", default="", help="where events are posted")
    parser.add_argument("--webhook-secret", default="whsec_simulated")
    asked = parser.parse_args()
    app = make_app(
        asked.store,
        asked.webhook_url,
        asked.webhook_secret,
        f"http://127.0.0.1:{asked.port}",
        with_switches=True,
    )
    server = Server(app, address="127.0.0.1", port=asked.port, interface=Interfaces.ASGINL, log_access=False)
    logging.getLogger("granian").setLevel(logging.WARNING)

    async def serve() -> None:
        deliveries = asyncio.create_task(deliver_webhooks(app))
        try:
            await server.serve()
        finally:
            deliveries.cancel()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
