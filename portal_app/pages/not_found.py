"""The page for unknown addresses. One page for every language: which one is known from the address only (tokens.css)."""

import reflex as rx

from portal_app.components import layout
from portal_app.components.i18n import _, here, use_language
from portal_app.components.kit import el, link
from portal_app.settings import settings


def not_found() -> rx.Component:
    return el.div(
        el.header(layout.leaf(), class_name=f"{layout.PAGE['open']} flex items-center pt-6"),
        layout.main(*[_message(code) for code in settings().languages], cls=f"{layout.PAGE['open']} py-8"),
        class_name="min-h-dvh",
    )


def _message(code: str) -> rx.Component:
    with use_language(code):
        return el.div(
            el.h1(_("There is no page here"), class_name="text-xl font-bold"),
            el.p(
                _("The link may be old, or the address may have a mistake in it."),
                class_name="text-ink-2 mt-2",
            ),
            link(_("See your invoices"), href=here("/invoices"), cls="btn btn-primary mt-5"),
            lang=code,
            class_name=f"card p-6 md:p-8 only-{code}",
        )


rx.page(route="404", title=_("There is no page here"))(not_found)
