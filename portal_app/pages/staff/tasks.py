"""/staff/tasks: what needs a person."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, empty, icon, link
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import act, open_page, told, top
from portal_app.state.staff.tasks import TasksState

S = TasksState


@page("/staff/tasks", "Needs a person", on_load=S.load, side="staff")
def tasks() -> rx.Component:
    return el.div(
        top(_("Needs a person"), sub=S.count),
        told(S.said),
        open_page(S.ready, listed(), _("Getting what needs a person…")),
    )


def listed() -> rx.Component:
    nothing = empty(
        "circle-check", _("Nothing needs you"), _("What the portal cannot settle by itself appears here.")
    )
    return card(
        rx.cond(S.rows.length() > 0, el.ul(each(S.rows, one)), nothing),
        cls="mt-5 overflow-hidden",
    )


def one(item) -> rx.Component:
    about = rx.cond(
        item.who_href != "",
        link(item.who, href=item.who_href, cls="link inline-flex items-center min-h-9"),
        rx.fragment(),
    )
    return el.li(
        el.div(
            about,
            el.p(item.message),
            el.p(item.since, class_name="text-sm text-ink-2 first-letter:uppercase"),
            class_name="flex-1 min-w-0",
        ),
        act(
            icon("check", 18),
            _("Done"),
            el.span(" ", item.message, class_name="sr-only"),
            on_click=S.finish(item.id),
            cls="flex-none self-start",
        ),
        class_name="flex gap-4 px-4 md:px-5 py-3 border-t border-line first:border-0",
        key=item.id,
    )
