"""No event runs without a door: refused at start-up, and again for each event."""

from typing import Any

from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import StateUpdate
from reflex_base.registry import RegistrationContext

from portal_app.domain.access import Side
from portal_app.domain.errors import NotSignedIn
from portal_app.services.sign_in import principal_of
from portal_app.state.base import PortalState, in_thread, reported, visitor_now

_ROOT = "reflex___state____state"
HYDRATE = frozenset({f"{_ROOT}.hydrate", f"{_ROOT}.hydrate_and_load"})
# The framework's own, which hold nothing of ours.
FRAMEWORK = HYDRATE | {
    f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal",
    f"{_ROOT}.reflex___state____on_load_internal_state.set_is_hydrated",
    f"{_ROOT}.reflex___state____update_vars_internal_state.update_vars_internal",
    f"{_ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception",
}


def door_of(name: str) -> object:
    """The handler's door, or None: a permission, or "open"."""
    entry = RegistrationContext.get().event_handlers.get(name)
    return getattr(entry.handler.fn, "door", None) if entry else None


def without_door() -> list[str]:
    """Handlers anybody could call. `setvar` is refused by the middleware."""
    return [
        name
        for name in RegistrationContext.get().event_handlers
        if name not in FRAMEWORK
        and not name.endswith((".setvar", ".set_is_hydrated"))
        and door_of(name) is None
    ]


def refuse_to_start_without_doors() -> None:
    if names := without_door():
        raise RuntimeError(f"event handlers without guarded or open_to_all: {', '.join(sorted(names))}")


class Doors(Middleware):
    """Default-deny, and a state that belongs to one login only."""

    async def preprocess(self, app: Any, state: Any, event: Event) -> StateUpdate | None:
        visitor = visitor_now()
        ours = await state.get_state(PortalState)
        if event.name in HYDRATE:
            if ours._bound_ref != visitor.refs or not await in_thread(
                _all_hold, visitor.patient, visitor.staff
            ):
                state._get_root_state().reset()  # hydrate loads the whole tree: everything is wiped
                ours._bound_ref = visitor.refs
        elif ours._bound_ref != visitor.refs:
            # They signed in or out, or the state was lost: fill the page again instead.
            return StateUpdate(events=[Event(name=f"{_ROOT}.hydrate_and_load")])
        if event.name in FRAMEWORK or door_of(event.name) is not None:
            return None
        return StateUpdate()


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
