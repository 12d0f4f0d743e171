"""/staff/agreements/countersign: what waits for the practice's signature, signed many at once."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, field, form, text_input
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    link,
    refusal,
    refusal_feedback,
    submit,
)
from portal_app.components.screen import page
from portal_app.components.sign_in.steps import code_field, step_title
from portal_app.pages.staff.list_parts import page_body, page_header, small_button
from portal_app.pages.staff.memberships.form_parts import checked_field
from portal_app.state.staff.agreements.countersign import CountersignState

S = CountersignState


@page(
    "/staff/agreements/countersign", "Countersign", on_load=S.load, side="staff", active="/staff/agreements"
)
def countersign() -> rx.Component:
    return el.div(
        back(_("Back to agreements"), here("/staff/agreements")),
        rx.cond(
            S.needs_reauth,
            card(el.div(reauthenticate(), class_name="max-w-[32rem]"), cls="p-5 md:p-8 mt-3"),
            el.div(
                page_header(_("Countersign")),
                page_body(S.ready, body(), _("Getting what waits for a signature…")),
            ),
        ),
    )


def body() -> rx.Component:
    nothing = empty(
        "circle-check", _("Nothing waits for the practice’s signature"), _("It stands here when it does.")
    )
    return el.div(
        feedback(S),
        rx.cond(
            S.rows.length() > 0,
            el.form(
                waiting_list(),
                signature(),
                on_submit=S.sign,
                no_validate=True,
                data_guard="1",
                data_busy=busy_mark(S.busy),
                class_name="space-y-5",
            ),
            card(nothing),
        ),
        class_name="space-y-5 mt-5",
    )


def waiting_list() -> rx.Component:
    wrong = field_error(S, "chosen")
    return card(
        el.div(
            small_button(_("Choose all, or none"), on_click=S.toggle_all),
            rx.cond(
                wrong != "",
                el.p(wrong, id="chosen-error", class_name="text-late font-bold", data_focus="said"),
            ),
            class_name="flex flex-wrap items-center gap-3 p-4",
        ),
        el.ul(each(S.rows, waiting_row)),
        cls="overflow-hidden",
    )


def waiting_row(item) -> rx.Component:
    box = el.input(
        type="checkbox",
        name=item.id,
        checked=item.chosen,
        on_change=S.toggle(item.id).stop_propagation,
        class_name="check",
    )
    words = el.span(
        el.span(item.patient, " – ", item.agreement, class_name="block font-semibold break-words"),
        el.span(item.details, class_name="block text-sm text-ink-2"),
        class_name="min-w-0",
    )
    return el.li(
        el.label(box, words, class_name="flex gap-3 items-center min-h-11 flex-1 min-w-0"),
        link(
            _("Read the text"),
            el.span(" ", item.agreement, class_name="sr-only"),
            href=item.text_href,
            cls="link py-2",
        ),
        rx.cond(item.refused != "", el.p(item.refused, class_name="text-late font-bold w-full")),
        class_name="flex flex-wrap items-center gap-x-4 px-4 py-2 border-t border-line",
        key=item.id,
    )


def signature() -> rx.Component:
    return card(
        el.p(
            fill_var(
                "You sign for the practice, as {name}. Type your name as it stands here. Each agreement is signed by itself.",
                name=S.me_name,
            ),
        ),
        el.div(
            checked_field(
                S,
                _("Your full name"),
                "signature",
                "full_name",
                default_value=S.typed["signature"],
                max_length=100,
            ),
            checked_field(
                S,
                _("Your title (optional), like “Practice manager”"),
                "title",
                default_value=S.typed["title"],
                max_length=60,
            ),
            class_name="grid sm:grid-cols-2 gap-x-4 items-end",
            key=S.form_key,
        ),
        el.button(S.label, type="submit", class_name="btn btn-primary mt-5"),
        cls="p-5",
    )


def reauthenticate() -> rx.Component:
    control = text_input("password", "password", form_error=refusal(S))
    return el.div(
        step_title(_("Is it you?")),
        el.p(_("Before you sign, show us once more that it is you."), class_name="text-ink-2 mt-2"),
        refusal_feedback(S),
        form(
            field(_("Password"), "password", control),
            el.div(code_field(_("6-digit code from your app"), form_error=refusal(S)), class_name="mt-5"),
            submit(S.label, cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Signing…"),
            on_submit=S.reauthenticate,
            cls="mt-5",
            key="reauthenticate",
        ),
        el.div(button(_("Cancel"), kind="quiet", on_click=S.cancel), class_name="mt-3 -mx-2"),
    )
