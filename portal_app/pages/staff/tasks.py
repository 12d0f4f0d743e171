"""/staff/tasks: what staff have to do because the portal cannot settle it."""

import reflex as rx

from portal_app.components.form_fields import form, hidden
from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, empty, field_error, icon, link, refusal_feedback
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import done_status, page_body, page_header, small_button, small_input
from portal_app.state.staff.tasks import TasksState

S = TasksState


@page("/staff/tasks", "To do", on_load=S.load, side="staff")
def tasks() -> rx.Component:
    return el.div(
        page_header(_("To do"), sub=S.count),
        done_status(S),
        refusal_feedback(S),
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
            el.p(item.message, class_name="wrap-anywhere"),
            el.p(item.age, class_name="text-sm text-ink-2 first-letter:uppercase"),
            rx.cond(item.asks_chart_number, chart_number_form(item)),
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


def chart_number_form(item) -> rx.Component:
    """The chart number of a patient who was added in the portal; the next import then knows them by it."""
    field = "chart_number_" + item.id
    wrong = rx.cond(S.wrong_task == item.id, field_error(S, "chart_number"), "").to(str)
    number = small_input(
        "chart_number",
        field=field,
        max_length=80,
        cls="max-w-56",
        aria_describedby=field + "-error",
        aria_invalid=rx.cond(wrong != "", "true", "false"),
    )
    save = el.button(
        _("Save"),
        el.span(" ", item.patient, class_name="sr-only"),
        type="submit",
        class_name="btn btn-second btn-small min-h-10!",
    )
    return form(
        hidden("task", item.id),
        hidden("patient", item.patient_id),
        el.div(
            el.label(_("Chart number"), html_for=field, class_name="block text-sm font-semibold mb-1"),
            number,
        ),
        save,
        el.p(wrong, id=field + "-error", class_name="text-late font-bold w-full empty:hidden"),
        busy=S.busy,
        sending=_("Saving…"),
        on_submit=S.save_chart_number,
        cls="flex flex-wrap items-end gap-3 mt-2",
    )
