"""The texts of a page about its connection to the server."""

import reflex as rx

from portal_app.components.i18n import _
from portal_app.components.kit import el, icon


def offline() -> rx.Component:
    """The texts about the connection: it is lost, and what became of what was pressed. line.js decides which is seen."""
    look = "items-center gap-2 rounded-md bg-ink text-canvas font-semibold px-4 py-3 shadow-card"
    said = (
        ("when-down", _("We lost the connection. We are trying again.")),
        ("when-unsent", _("No connection: nothing was sent. Press again when it is back.")),
        ("when-unsure", _("The connection was lost as you pressed. See here whether it was done.")),
    )
    return el.div(
        *[el.p(icon("wifi-off", 19), words, class_name=f"{when} {look}") for when, words in said],
        role="status",
        class_name="offline no-print fixed z-50 top-[4.5rem] inset-x-4 mx-auto w-fit max-w-[calc(100vw-2rem)]",
    )
