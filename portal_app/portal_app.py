"""The portal, put together: pages, plain routes, the shield around them, what runs as long as it does."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import reflex as rx
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from portal_app import logs, pages
from portal_app.components import layout
from portal_app.domain.access import nobody
from portal_app.gateways import gateways, practice_system, sealer
from portal_app.i18n_paths import default_language
from portal_app.serve import WEB_ROOT, require_right_database
from portal_app.services.agreements.copies.make import make_copies_when_woken
from portal_app.services.jobs.base import JobGateways
from portal_app.services.jobs.registry import JOBS
from portal_app.services.jobs.runner import Runner, run_jobs_forever
from portal_app.services.messaging import delivery
from portal_app.services.practice.embedding import framed_by
from portal_app.settings import Surface, settings
from portal_app.state import live, page_memory
from portal_app.state.event_shapes import is_known_event
from portal_app.state.guards import GuardMiddleware, on_bug, refuse_to_start_unguarded
from portal_app.web import cluster, redis_watch
from portal_app.web.garbage_collection import tune_garbage_collector
from portal_app.web.routes import (
    agreement_scans,
    documents,
    exports,
    health,
    passkeys,
    session,
    sms_webhook,
    stripe_webhook,
    verify,
)
from portal_app.web.shield import closed_pages, sockets
from portal_app.web.shield.shield import Shield

# Servers post here without a browser, so without an origin; they prove themselves by a signature.
Task = Callable[[], Awaitable[None]]
WITHOUT_ORIGIN = ("/webhooks/",)
SIMULATOR = "/_stripe"

assert pages  # they register themselves


def shielded(inner: Any) -> Shield:
    foreign = (SIMULATOR + "/",) if settings().simulated else ()
    shield = Shield(inner, WEB_ROOT, WITHOUT_ORIGIN, foreign, framed_by=lambda: framed_by(nobody()))
    shield.is_known_event = is_known_event
    return shield


async def pass_on() -> None:
    await live.pass_on(app)


async def run_jobs() -> None:
    """Every process looks for due jobs; each job runs in one of them."""
    await run_jobs_forever(Runner(JOBS, JobGateways.of(gateways(), practice_system())))


async def deliver() -> None:
    await delivery.deliver_when_woken(gateways())


async def make_agreement_copies() -> None:
    await make_copies_when_woken(sealer)


async def forget_closed_pages() -> None:
    await closed_pages.forget_closed_pages(partial(page_memory.forget_page, app))


TASKS: tuple[Task, ...] = (
    pass_on,
    deliver,
    make_agreement_copies,
    run_jobs,
    # These stay with each process: they look after its own sockets and memory.
    sockets.close_ended_sessions,
    sockets.sweep,
    forget_closed_pages,
    cluster.answer_other_processes,
    redis_watch.watch_redis,
    tune_garbage_collector,
)


def simulator() -> Starlette:
    """Stripe for the demo, in the same process; it sends its webhooks to the portal's own route."""
    from portal_app.gateways.stripe import simulated_keys  # noqa: PLC0415  (the demo only)
    from portal_app.stripe_simulator.app import make_app  # noqa: PLC0415

    ours, here = settings(), f"http://127.0.0.1:{settings().port}"
    secret_key, _, webhook_secret = simulated_keys(ours)
    return make_app(
        ours.data_dir / "stripe_simulator.db",
        f"{here}/webhooks/stripe",
        webhook_secret,
        f"{here}{SIMULATOR}",
        secret_key=secret_key,
    )


class PortalApp(rx.App):
    """Whatever server calls it (`portal serve`, granian by hand), it serves the database of its mode only."""

    def __call__(self) -> Any:
        require_right_database()
        return super().__call__()


def routes_of_surface() -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *health.routes,
        *session.routes,
        *passkeys.routes,
        *documents.routes,
        *verify.routes,
        *stripe_webhook.routes,
        *sms_webhook.routes,
    ]
    if settings().surface is not Surface.PATIENT:
        routes += [*exports.routes, *agreement_scans.routes]
    return routes


def tasks_of_process() -> list[Task]:
    """What goes on beside the pages: all of it, or without the jobs where the settings leave these to another process."""
    return [task for task in TASKS if task is not run_jobs or settings().jobs]


def add_simulator(routes: list[BaseRoute], tasks: list[Task]) -> None:
    """The demo's own Stripe: its routes, and the task that brings its webhooks."""
    from portal_app.stripe_simulator.app import deliver_webhooks  # noqa: PLC0415

    simulated = simulator()

    async def bring_webhooks() -> None:
        await deliver_webhooks(simulated)

    routes.append(Mount(SIMULATOR, simulated))
    tasks.append(bring_webhooks)


def put_together() -> rx.App:
    logs.set_up()
    routes, tasks = routes_of_surface(), tasks_of_process()
    if settings().simulated:
        add_simulator(routes, tasks)
    made = PortalApp(
        api_transformer=[Starlette(routes=routes), shielded],
        backend_exception_handler=on_bug,
        toaster=None,
        app_wraps=layout.WRAPS,
        head_components=layout.head(),
        hydrate_fallback=layout.waiting,
        stylesheets=["/tokens.css"],
        html_lang=default_language(),
    )
    made.add_middleware(GuardMiddleware())
    for task in tasks:
        made.register_lifespan_task(task)
    refuse_to_start_unguarded()
    return made


app = put_together()
