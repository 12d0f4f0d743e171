"""The portal, put together: pages, plain routes, the shield around them, what runs as long as it does."""

from pathlib import Path
from typing import Any

import reflex as rx
from starlette.applications import Starlette

from portal_app import pages
from portal_app.components import chrome
from portal_app.state.doors import Doors, on_bug, refuse_to_start_without_doors
from portal_app.web import session
from portal_app.web.shield import Shield

WEB_ROOT = Path(".web/build/client")
WEBHOOKS = ("/webhooks/stripe",)

assert pages  # they register themselves


def shielded(inner: Any) -> Shield:
    return Shield(inner, WEB_ROOT, WEBHOOKS)


app = rx.App(
    api_transformer=[Starlette(routes=[*session.routes]), shielded],
    backend_exception_handler=on_bug,
    toaster=None,
    app_wraps=chrome.WRAPS,
    head_components=chrome.head(),
    hydrate_fallback=chrome.waiting,
    stylesheets=["/tokens.css"],
    html_lang="en",
)
app.add_middleware(Doors())
refuse_to_start_without_doors()
