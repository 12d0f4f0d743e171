"""/staff/tasks: what staff have to do because the portal cannot settle it."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, empty, icon, link
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import page_body, page_header, small_button, status_message
from portal_app.state.staff.tasks import TasksState

S = TasksState


@page("/staff/tasks", "To do", on_load=S.load, side="staff")
def tasks() -> rx.Component:
    return el.div(
        page_header(_("To do"), sub=S.count),
        status_message(S.message),
        page_body(S.ready, task_list(), _("Getting the tasks…")),
    )


def task_list() -> rx.Component:
    nothing = empty(
        "circle-check", _("Nothing to do"), _("What the portal cannot settle by itself appears here.")
    )
    return card(
        rx.cond(S.rows.length() > 0, el.ul(each(S.rows, task_row)), nothing),
        cls="mt-5 overflow-hidden",
    )


def task_row(item) -> rx.Component:
    about = rx.cond(
        item.patient_href != "",
        link(item.patient, href=item.patient_href, cls="link inline-flex items-center min-h-9"),
        rx.fragment(),
    )
    return el.li(
        el.div(
            about,
            el.p(item.message),
            el.p(item.age, class_name="text-sm text-ink-2 first-letter:uppercase"),
            class_name="flex-1 min-w-0",
        ),
        small_button(
            icon("check", 18),
            _("Done"),
            el.span(" ", item.message, class_name="sr-only"),
            on_click=S.finish_task(item.id),
            cls="flex-none self-start",
        ),
        class_name="flex gap-4 px-4 md:px-5 py-3 border-t border-line first:border-0",
        key=item.id,
    )
