"""What the pages of one invoice and of one receipt share."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import back, card, el, empty, h1, link, loaded


def document_page(S: Any, shown: rx.Component, waiting: rx.Component, missing: rx.Component) -> rx.Component:
    """The way back to the list, and the document of `S`, a LoadedPage state."""
    return el.div(back(_("Back to invoices"), here("/invoices")), loaded(S, shown, waiting, missing))


def missing_document(heading: str, title: str, text: str) -> rx.Component:
    onward = link(_("See your invoices"), href=here("/invoices"), cls="btn btn-second mt-5")
    return el.div(
        h1(heading), card(empty("receipt-text", title, text, onward), cls="mt-5"), class_name="mt-2"
    )
