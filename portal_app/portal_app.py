"""The portal, put together: pages, plain routes, the shield around them, what runs as long as it does."""

from pathlib import Path
from typing import Any

import reflex as rx
from starlette.applications import Starlette

from portal_app import logs, pages
from portal_app.components import chrome
from portal_app.gateways import gateways
from portal_app.services import messages
from portal_app.settings import settings
from portal_app.state import live
from portal_app.state.doors import Doors, on_bug, refuse_to_start_without_doors
from portal_app.web import session, sockets
from portal_app.web.shield import Shield

WEB_ROOT = Path(".web/build/client")
# Servers post here without a browser, so without an origin; they prove themselves by a signature.
WITHOUT_ORIGIN = ("/webhooks/stripe",)

assert pages  # they register themselves


def shielded(inner: Any) -> Shield:
    return Shield(inner, WEB_ROOT, WITHOUT_ORIGIN)


async def pass_on() -> None:
    await live.pass_on(app)


async def deliver() -> None:
    await messages.deliver_forever(gateways())


def put_together() -> rx.App:
    logs.set_up()
    made = rx.App(
        api_transformer=[Starlette(routes=[*session.routes]), shielded],
        backend_exception_handler=on_bug,
        toaster=None,
        app_wraps=chrome.WRAPS,
        head_components=chrome.head(),
        hydrate_fallback=chrome.waiting,
        stylesheets=["/tokens.css"],
        html_lang="en",
    )
    made.add_middleware(Doors())
    for task in (pass_on, deliver, sockets.end_when_told):
        made.register_lifespan_task(task)
    refuse_to_start_without_doors()
    return made


app = put_together()
