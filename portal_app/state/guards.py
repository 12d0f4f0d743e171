"""No event runs without a guard: checked when the app starts, and again for each event."""

# The framework keeps those fields and methods of a state from the browser that begin with an underscore.
# pyright: reportPrivateUsage=false

import logging
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import StateUpdate
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from portal_app.domain.access import Permission, Principal, Side, nobody
from portal_app.domain.errors import NotSignedIn, PermissionDenied
from portal_app.gateways.bus import is_redis_away
from portal_app.services.sign_in.sessions import principal_of
from portal_app.settings import Surface, settings
from portal_app.state.base import (
    PortalState,
    cause_now,
    in_thread,
    page_now,
    place_now,
    refused,
    reported,
    visitor_now,
)
from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.invoices import InvoicesState
from portal_app.state.billing.receipt import ReceiptState
from portal_app.state.layout import LayoutState
from portal_app.state.sign_in.code import SignInState
from portal_app.visitor import Visitor

_log = logging.getLogger("portal.state")
_MOST_AUTOMATIC = 20  # events that one reconnected page causes
_ROOT = "reflex___state____state"
HYDRATE = frozenset({f"{_ROOT}.hydrate", f"{_ROOT}.hydrate_and_load"})
ON_LOAD = f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal"
# Events of the framework itself, which touch none of our states.
FRAMEWORK = HYDRATE | {
    ON_LOAD,
    f"{_ROOT}.reflex___state____on_load_internal_state.set_is_hydrated",
    f"{_ROOT}.reflex___state____update_vars_internal_state.update_vars_internal",
    f"{_ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception",
}


def guard_of(name: str) -> object:
    """The guard of the handler: a permission, or "open"; None where it has none."""
    entry = RegistrationContext.get().event_handlers.get(name)
    return getattr(entry.handler.fn, "guard", None) if entry else None


def unguarded_handlers() -> list[str]:
    """Names of handlers without a guard. `setvar` is refused by the middleware."""
    return [
        name
        for name in RegistrationContext.get().event_handlers
        if name not in FRAMEWORK
        and not name.endswith((".setvar", ".set_is_hydrated"))
        and guard_of(name) is None
    ]


@cache
def in_frames() -> frozenset[str]:
    """The states whose pages may be framed: signing in by code, invoices, paying. A new page is not framed by itself."""
    framed = (LayoutState, SignInState, InvoicesState, InvoiceState, ReceiptState)
    return frozenset(state.get_full_name() for state in framed)


def is_other_surface(name: str) -> bool:
    """Whether the handler is of the side that this process does not serve (PORTAL_SURFACE)."""
    surface, guard = settings().surface, guard_of(name)
    state = name.rpartition(".")[0]
    if surface is Surface.BOTH or guard is None or state == LayoutState.get_full_name():
        return False
    of_staff = (
        guard.side is Side.STAFF if isinstance(guard, Permission) else "staff" in state.rpartition(".")[2]
    )
    return of_staff is not (surface is Surface.STAFF)


def refuse_to_start_unguarded() -> None:
    if names := unguarded_handlers():
        raise RuntimeError(f"event handlers without requires or public: {', '.join(sorted(names))}")


class GuardMiddleware(Middleware):
    """Refuses events without a guard, and keeps a state for one session only."""

    async def preprocess(self, app: Any, state: Any, event: Event) -> StateUpdate | None:
        visitor = visitor_now()
        ours = await state.get_state(PortalState)
        if event.name in HYDRATE:
            # Each page load has an id. A page that sends none sends, when opened, what it was built with.
            opened = visitor.load != ours._load or bool(event.payload.get("hashes"))
            if opened or ours._bound_ref != visitor.refs or not await in_thread(_sessions_hold, visitor):
                # The last person at this browser may have left their contact or a used ticket: everything is
                # emptied (hydrate loads the whole tree). Only a page that was open goes on where it was.
                state._get_root_state().reset()
                ours._bound_ref = visitor.refs
            ours._load = visitor.load
            reconnected = visitor.again if visitor.load else not opened
            ours._automatic_events = (EventContext.get().txid,) if reconnected else ()
            _count_hydrate(ours, opened=opened)
        elif ours._bound_ref != visitor.refs:
            # They signed in or out, or the state was lost: load the page again instead.
            return StateUpdate(events=[Event(name=f"{_ROOT}.hydrate_and_load")])
        elif cause_now() in ours._automatic_events:
            ours._automatic_events = (*ours._automatic_events[-_MOST_AUTOMATIC:], EventContext.get().txid)
        if event.name == ON_LOAD:
            _count_load(ours)
        if event.name in FRAMEWORK:
            return None
        not_framed = visitor.embedded and event.name.rpartition(".")[0] not in in_frames()
        if not_framed or guard_of(event.name) is None or is_other_surface(event.name):
            await _note_refusal(visitor, event.name)
            return StateUpdate()
        return None


def _count_hydrate(ours: PortalState, *, opened: bool) -> None:
    """A page is opened, or connects again, maybe at another address that it went to without a connection."""
    here = place_now()
    ours._visit += opened or here != ours._at
    ours._at, ours._arrived_at = here, page_now()


def _count_load(ours: PortalState) -> None:
    """A load event that hydrate caused, however late, belongs to its visit; from a page it is a step to another page."""
    ours._visit += cause_now() is None and page_now() != ours._arrived_at
    ours._at, ours._arrived_at = place_now(), ""


async def _note_refusal(visitor: Visitor, name: str) -> None:
    """Note in the audit trail an event without a guard, or one that a frame may not send."""
    principal = await in_thread(_principal_of, visitor)
    await refused(principal, name.replace("reflex___state____", ""), PermissionDenied("guard"))


def _principal_of(visitor: Visitor) -> Principal:
    for side in (Side.PATIENT, Side.STAFF):
        with suppress(NotSignedIn):
            return replace(principal_of(visitor.ref(side), side), ip=visitor.ip, device=visitor.device)
    return nobody(visitor.ip, device=visitor.device)


def _sessions_hold(visitor: Visitor) -> bool:
    """Whether none of the sessions has ended; a page that is loaded after that starts empty."""
    for ref, side in ((visitor.patient, Side.PATIENT), (visitor.staff, Side.STAFF)):
        if ref:
            try:
                principal_of(ref, side)
            except NotSignedIn:
                return False
    return True


def on_bug(exception: Exception) -> None:
    """Log an exception that no guard caught; the page is told nothing of it.

    Without Redis its socket is closed soon (web/redis_watch.py): then the page says that there is no connection.
    """
    if is_redis_away(exception):
        _log.warning("an event was not done: Redis is away")
    else:
        reported(exception)
