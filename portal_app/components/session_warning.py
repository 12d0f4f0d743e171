"""Marks of a page with a session, and the warning before the session ends (ui.js counts)."""

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import el


def session_marks(side: str) -> dict[str, str]:
    """Attributes for ui.js: the side of the session, and where to go when it ends."""
    sign_in = {"staff": "/staff/sign-in", "frame": "/embed", "link": "/links"}.get(side, "/sign-in")
    return {"data-session": "staff" if side == "staff" else "patient", "data-next": here(sign_in)}


def idle_warning() -> rx.Component:
    """Opened by ui.js two minutes before the end. Closing it keeps the session alive."""
    stay = el.button(
        _("Stay signed in"),
        type="button",
        class_name="btn btn-primary",
        custom_attrs={"command": "close", "commandfor": "idle"},
    )
    return el.dialog(
        el.div(
            el.h2(_("Are you still there?"), id="idle-title", class_name="text-lg font-bold"),
            el.p(
                _("For your privacy we sign you out when nothing happens for 15 minutes."),
                class_name="text-ink-2 mt-2",
            ),
            el.p(
                _("Time left:"),
                " ",
                el.b("2:00", id="idle-left", class_name="tnum", role="timer"),
                class_name="mt-2",
            ),
            el.div(stay, class_name="grid mt-5"),
            class_name="p-5 md:p-6",
        ),
        id="idle",
        aria_labelledby="idle-title",
        class_name="sheet",
    )
