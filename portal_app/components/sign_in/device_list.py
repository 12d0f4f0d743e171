"""The devices with a session, each with "Sign out there"."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import button, card, el, h2, icon, tag


def device_list(rows: Any, sign_out: Any, sign_out_others: Any) -> rx.Component:
    """A card with a row for each session; `sign_out` takes a session's id, `sign_out_others` nothing."""

    def one(item: Any) -> rx.Component:
        return el.li(
            icon("monitor-smartphone", 22, "text-ink-2 mt-0.5"),
            el.div(
                el.p(item.words, class_name="font-semibold"),
                el.p(item.since, class_name="text-sm text-ink-2"),
                el.p(item.seen, class_name="text-sm text-ink-2"),
                class_name="flex-1 min-w-[min(10rem,100%)]",
            ),
            rx.cond(
                item.here,
                tag("info", _("This device")),
                button(
                    _("Sign out there"),
                    el.span(": ", item.words, class_name="sr-only"),
                    kind="second",
                    on_click=sign_out(item.id),
                ),
            ),
            class_name="flex flex-wrap gap-3 items-start py-3 border-b border-line last:border-0",
            key=item.id,
        )

    return card(
        h2(_("Where you are signed in")),
        el.ul(each(rows, one), class_name="mt-1"),
        rx.cond(
            rows.length() > 1,
            button(_("Sign out everywhere else"), kind="quiet", on_click=sign_out_others, cls="-ml-2 mt-1"),
        ),
        cls="p-5 md:p-6",
    )
