"""/: leads to the invoices, or to sign in."""

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import link, skel
from portal_app.components.screen import page
from portal_app.state.layout import LayoutState


@page("/", "Patient portal", on_load=LayoutState.open_start_page, side="open")
def home() -> rx.Component:
    return rx.fragment(
        skel("h-64 w-full rounded-lg"),
        link(_("Sign in"), href=here("/sign-in"), cls="link inline-flex items-center min-h-11 mt-4"),
    )
