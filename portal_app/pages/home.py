"""/: leads to the invoices, or to the door."""

import reflex as rx

from portal_app.components.kit import link, skel
from portal_app.components.shell import page
from portal_app.components.words import _, here
from portal_app.state.shell import ShellState


@page("/", "Patient portal", on_load=ShellState.go_in, side="open")
def home() -> rx.Component:
    return rx.fragment(
        skel("h-64 w-full rounded-lg"),
        link(_("Sign in"), href=here("/sign-in"), cls="link inline-flex items-center min-h-11 mt-4"),
    )
