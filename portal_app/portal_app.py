"""The portal, put together: pages, plain routes, the shield around them, what runs as long as it does."""

import asyncio
from typing import Any

import reflex as rx
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from portal_app import logs, pages
from portal_app.components import chrome
from portal_app.domain.access import nobody, the_portal
from portal_app.gateways import gateways, practice_system
from portal_app.i18n_paths import default_language
from portal_app.serve import WEB_ROOT
from portal_app.services import audit, drafts, jobs, messages, resets
from portal_app.services.billing.exporting import deliver_exports_forever
from portal_app.services.embedding import framed_by
from portal_app.settings import Surface, settings
from portal_app.state import live
from portal_app.state.base import reported
from portal_app.state.doors import Doors, on_bug, refuse_to_start_without_doors
from portal_app.web import documents, exports, neighbours, passkeys, session, sms, sockets, stripe
from portal_app.web.memory import collect_seldom
from portal_app.web.shield import Shield

# Servers post here without a browser, so without an origin; they prove themselves by a signature.
WITHOUT_ORIGIN = ("/webhooks/",)
SIMULATOR = "/_stripe"
ERRANDS_EVERY = 60  # seconds

assert pages  # they register themselves


def shielded(inner: Any) -> Shield:
    foreign = (SIMULATOR + "/",) if settings().simulated else ()
    return Shield(inner, WEB_ROOT, WITHOUT_ORIGIN, foreign, framed_by=lambda: framed_by(nobody()))


async def pass_on() -> None:
    await live.pass_on(app)


async def run_errands() -> None:
    """What is due again and again; every process may run it, each errand counts once."""
    while True:
        await asyncio.sleep(ERRANDS_EVERY)
        errands = (("seal", audit.seal), ("reset", resets.carry_out_resets), ("drafts", drafts.forget_drafts))
        for name, errand in errands:
            try:
                await asyncio.to_thread(errand, the_portal(name))
            except Exception as bug:  # a database away for a minute must not end the loop
                reported(bug)


async def chase() -> None:
    await jobs.chase_payments_forever(gateways())


async def tell_daily() -> None:
    await jobs.tell_daily_forever()


async def deliver() -> None:
    await messages.deliver_forever(gateways())


async def bring_postings() -> None:
    await deliver_exports_forever(practice_system())


def simulator() -> Starlette:
    """Stripe for the demo, in the same process; it brings its webhooks to the portal's own door."""
    from portal_app.gateways.stripe import simulated_keys  # noqa: PLC0415  (the demo only)
    from portal_app.stripe_simulator import make_app  # noqa: PLC0415

    ours, here = settings(), f"http://127.0.0.1:{settings().port}"
    secret_key, _, webhook_secret = simulated_keys(ours)
    return make_app(
        ours.data_dir / "stripe_simulator.db",
        f"{here}/webhooks/stripe",
        webhook_secret,
        f"{here}{SIMULATOR}",
        secret_key=secret_key,
    )


def put_together() -> rx.App:
    logs.set_up()
    routes: list[BaseRoute] = [
        *session.routes,
        *passkeys.routes,
        *documents.routes,
        *stripe.routes,
        *sms.routes,
    ]
    if settings().surface is not Surface.PATIENT:
        routes += exports.routes
    tasks = [pass_on, deliver, bring_postings, run_errands, chase, tell_daily]
    tasks += [sockets.end_when_told, sockets.sweep, neighbours.answer_neighbours, collect_seldom]
    if settings().simulated:
        from portal_app.stripe_simulator import deliver_webhooks  # noqa: PLC0415

        simulated = simulator()

        async def bring_webhooks() -> None:
            await deliver_webhooks(simulated)

        routes.append(Mount(SIMULATOR, simulated))
        tasks.append(bring_webhooks)
    made = rx.App(
        api_transformer=[Starlette(routes=routes), shielded],
        backend_exception_handler=on_bug,
        toaster=None,
        app_wraps=chrome.WRAPS,
        head_components=chrome.head(),
        hydrate_fallback=chrome.waiting,
        stylesheets=["/tokens.css"],
        html_lang=default_language(),
    )
    made.add_middleware(Doors())
    for task in tasks:
        made.register_lifespan_task(task)
    refuse_to_start_without_doors()
    return made


app = put_together()
