"""The layout of a page in a frame of the practice's own site: nearly nothing, and nothing with a fixed position."""

import reflex as rx

from portal_app.components.connection import offline
from portal_app.components.elements import fragment
from portal_app.components.i18n import _, fill_var, in_window
from portal_app.components.kit import el, icon, new_window
from portal_app.components.layout import document, language_toggle, main, refusal, sign_out
from portal_app.components.session_warning import idle_warning
from portal_app.state.layout import LayoutState


def embed_frame(body: rx.Component, path: str, width: str, *, signed_in: bool) -> rx.Component:
    """ui.js tells the site how high the frame is; `data-hosts` says which sites may hear it."""
    return document(
        offline(),
        el.div(
            identity_bar(path),
            main(refusal(), body, cls="min-w-0 py-4"),
            portal_link(),
            class_name=f"mx-auto {width} px-1 sm:px-4",
        ),
        idle_warning() if signed_in else fragment(),
        session="frame" if signed_in else "",
        data_hosts=LayoutState.hosts,
    )


def identity_bar(path: str) -> rx.Component:
    """Who is signed in, "Sign out", and the other language."""
    look = "link inline-flex items-center gap-2 min-h-11 sm:px-2 cursor-pointer"
    name = el.p(fill_var("Signed in as {person}", person=LayoutState.person), class_name="font-semibold")
    return el.header(
        rx.cond(
            LayoutState.person != "",
            el.div(name, sign_out("patient", look), class_name="flex flex-wrap items-center gap-x-2"),
            el.span(),
        ),
        language_toggle(path),
        class_name="flex items-center justify-between gap-2 min-h-11",
    )


def portal_link() -> rx.Component:
    """The link to the whole portal, which opens in a new window: its other pages are never framed."""
    portal = new_window(
        icon("external-link", 18),
        _("Open the patient portal"),
        href=in_window("/invoices"),
        cls="link inline-flex items-center gap-2 min-h-11",
    )
    return el.footer(
        el.p(_("Your visits, forms and details are in the patient portal."), class_name="text-ink-2"),
        portal,
        class_name="no-print border-t border-line mt-6 pt-3 pb-4 text-sm",
    )
