"""Adding a page to the portal, inside the layout of its side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from portal_app.components import embed, layout
from portal_app.components.elements import as_text, framework
from portal_app.components.i18n import _, in_window, use_language
from portal_app.components.kit import el
from portal_app.components.session_warning import idle_warning
from portal_app.i18n import gettext_noop
from portal_app.settings import Surface, settings
from portal_app.state.layout import LayoutState

Side = Literal["patient", "staff", "open", "staff_open", "frame", "frame_open", "link"]
Body = Callable[[], rx.Component]
DESCRIPTION = gettext_noop("See and pay your invoices, and everything else for your care.")


@dataclass(frozen=True, slots=True)
class Frame:
    """The layout of a page."""

    path: str
    side: Side = "patient"
    active: str = ""  # path of its navigation entry
    dock: Body | None = None  # one action at the bottom of a phone


def page(
    route: str,
    title: str | Callable[[], Any],
    *,
    on_load: Any = (),
    side: Side = "patient",
    active: str = "",
    dock: Body | None = None,
) -> Callable[[Body], Body]:
    """Register the decorated body at `route`, once per language, inside its frame.

    `title` is a msgid, or a function that gives a var where the title changes with the state.
    """
    frame = Frame(route, side, active or route, dock)

    def add(body: Body) -> Body:
        if _shown_here(side):
            for code in settings().languages:
                with use_language(code):
                    _add(body, frame, code, title, on_load)
        return body

    return add


def _add(body: Body, frame: Frame, code: str, title: str | Callable[[], Any], on_load: Any) -> None:
    def framed() -> rx.Component:
        with use_language(code, in_frame=frame.side.startswith("frame")):
            return _FRAMES[frame.side](body(), frame)

    framed.__name__ = f"{body.__name__}_{code}"
    # The compiler collects the stateful components of a module in one script. With a module name for each page and
    # language, a page loads neither those of other pages nor of other languages.
    framed.__module__ = f"{body.__module__}_{code}"
    loads: list[Any] = [*on_load] if isinstance(on_load, list | tuple) else [on_load]
    framework.page(
        route=in_window(frame.path),
        title=_titled(title),
        description=_(DESCRIPTION),
        on_load=[_ARRIVALS[frame.side], *loads],
    )(framed)


def _titled(title: str | Callable[[], Any]) -> rx.Var[str]:
    first = title() if callable(title) else _(title)
    return as_text(first) + " – " + as_text(layout.practice_name())


def _shown_here(side: Side) -> bool:
    surface = settings().surface
    return surface is Surface.BOTH or (surface is Surface.STAFF) == side.startswith("staff")


def _patient(body: rx.Component, frame: Frame) -> rx.Component:
    return layout.patient_frame(body, frame.path, frame.active, frame.dock() if frame.dock else None)


def _open(body: rx.Component, frame: Frame) -> rx.Component:
    return layout.open_frame(body, frame.path)


def _linked(body: rx.Component, frame: Frame) -> rx.Component:
    """The layout for a session of an action link: as before signing in, with "Sign out"."""
    leave = el.div(layout.sign_out("patient", "btn btn-quiet -mx-2"), class_name="no-print mt-5")
    dock = frame.dock() if frame.dock else None
    return layout.open_frame(el.div(body, leave, idle_warning()), frame.path, session="link", dock=dock)


def _staff(body: rx.Component, frame: Frame) -> rx.Component:
    return layout.staff_frame(body, frame.path, frame.active)


def _embedded(body: rx.Component, frame: Frame) -> rx.Component:
    width = "max-w-[32rem]" if frame.side == "frame_open" else "max-w-[72rem]"
    return embed.embed_frame(body, frame.path, width, signed_in=frame.side == "frame")


_FRAMES = {
    "patient": _patient,
    "open": _open,
    "staff": _staff,
    "staff_open": _open,
    "frame": _embedded,
    "frame_open": _embedded,
    "link": _linked,
}
_ARRIVALS = {
    "patient": LayoutState.load_patient_layout,
    "open": LayoutState.load_visitor_layout,
    "staff": LayoutState.load_staff_layout,
    "staff_open": LayoutState.load_visitor_layout,
    "frame": LayoutState.load_patient_layout,
    "frame_open": LayoutState.load_visitor_layout,
    "link": LayoutState.load_visitor_layout,
}
