"""No event runs without a door: refused at start-up, and again for each event."""

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

_LONGEST = 20  # events that follow from one return of a page
_ROOT = "reflex___state____state"
HYDRATE = frozenset({f"{_ROOT}.hydrate", f"{_ROOT}.hydrate_and_load"})
ON_LOAD = f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal"
# The framework's own, which hold nothing of ours.
FRAMEWORK = HYDRATE | {
    ON_LOAD,
    f"{_ROOT}.reflex___state____on_load_internal_state.set_is_hydrated",
    f"{_ROOT}.reflex___state____update_vars_internal_state.update_vars_internal",
    f"{_ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception",
}


def guard_of(name: str) -> object:
    """The handler's door, or None: a permission, or "open"."""
    entry = RegistrationContext.get().event_handlers.get(name)
    return getattr(entry.handler.fn, "door", None) if entry else None


def unguarded_handlers() -> list[str]:
    """Handlers anybody could call. `setvar` is refused by the middleware."""
    return [
        name
        for name in RegistrationContext.get().event_handlers
        if name not in FRAMEWORK
        and not name.endswith((".setvar", ".set_is_hydrated"))
        and guard_of(name) is None
    ]


@cache
def in_frames() -> frozenset[str]:
    """The states of what may be framed: signing in by code, invoices, paying. Whatever joins later may not."""
    may = (LayoutState, SignInState, InvoicesState, InvoiceState, ReceiptState)
    return frozenset(state.get_full_name() for state in may)


def elsewhere(name: str) -> bool:
    """Is it a handler of the side that this process does not serve (PORTAL_SURFACE)?"""
    surface, door = settings().surface, guard_of(name)
    state = name.rpartition(".")[0]
    if surface is Surface.BOTH or door is None or state == LayoutState.get_full_name():
        return False
    staffs = door.side is Side.STAFF if isinstance(door, Permission) else "staff" in state.rpartition(".")[2]
    return staffs is not (surface is Surface.STAFF)


def refuse_to_start_unguarded() -> None:
    if names := unguarded_handlers():
        raise RuntimeError(f"event handlers without guarded or open_to_all: {', '.join(sorted(names))}")


class GuardMiddleware(Middleware):
    """Default-deny, and a state that belongs to one login only."""

    async def preprocess(self, app: Any, state: Any, event: Event) -> StateUpdate | None:
        visitor = visitor_now()
        ours = await state.get_state(PortalState)
        if event.name in HYDRATE:
            # Each loading has a word of its own. A page that says none has, when opened, what it was built with.
            opened = visitor.load != ours._load or bool(event.payload.get("hashes"))
            if opened or ours._bound_ref != visitor.refs or not await _all_hold_now(visitor):
                # Whoever sat here before may have left their contact or a spent ticket: everything is
                # wiped (hydrate loads the whole tree). Only a page that was open goes on where it was.
                state._get_root_state().reset()
                ours._bound_ref = visitor.refs
            ours._load = visitor.load
            by_itself = visitor.again if visitor.load else not opened
            ours._by_itself = (EventContext.get().txid,) if by_itself else ()
            _arrives(ours, opened=opened)
        elif ours._bound_ref != visitor.refs:
            # They signed in or out, or the state was lost: fill the page again instead.
            return StateUpdate(events=[Event(name=f"{_ROOT}.hydrate_and_load")])
        elif cause_now() in ours._by_itself:
            ours._by_itself = (*ours._by_itself[-_LONGEST:], EventContext.get().txid)
        if event.name == ON_LOAD:
            _loads(ours)
        if event.name in FRAMEWORK:
            return None
        framed_out = visitor.embedded and event.name.rpartition(".")[0] not in in_frames()
        if framed_out or guard_of(event.name) is None or elsewhere(event.name):
            await _tell_of(visitor, event.name)
            return StateUpdate()
        return None


def _arrives(ours: PortalState, *, opened: bool) -> None:
    """A page is opened, or was open and connects again, maybe after a step that was taken without a line."""
    here = place_now()
    ours._visit += opened or here != ours._at
    ours._at, ours._arrived_at = here, page_now()


def _loads(ours: PortalState) -> None:
    """What a page loads with follows its arrival; alone it is a step from one page to another."""
    ours._visit += page_now() != ours._arrived_at
    ours._at, ours._arrived_at = place_now(), ""


async def _tell_of(visitor: Visitor, name: str) -> None:
    """The trail's line for an event without a door, or not for a frame."""
    whose = await in_thread(_somebody, visitor)
    await refused(whose, name.replace("reflex___state____", ""), PermissionDenied("door"))


def _somebody(visitor: Visitor) -> Principal:
    for side in (Side.PATIENT, Side.STAFF):
        with suppress(NotSignedIn):
            return replace(principal_of(visitor.ref(side), side, touch=False), ip=visitor.ip)
    return nobody(visitor.ip)


async def _all_hold_now(visitor: Visitor) -> bool:
    return await in_thread(_all_hold, visitor.patient, visitor.staff)


def _all_hold(patient: str, staff: str) -> bool:
    """A page that is loaded after its session ended starts empty."""
    for ref, side in ((patient, Side.PATIENT), (staff, Side.STAFF)):
        if ref:
            try:
                principal_of(ref, side, touch=False)
            except NotSignedIn:
                return False
    return True


def on_bug(exception: Exception) -> None:
    """What no door caught: logged; the page is told nothing of it."""
    reported(exception)
