"""/staff/messages: what was sent to patients, and what did not arrive."""

import reflex as rx

from portal_app.components.form_fields import field, text_input
from portal_app.components.i18n import _, each
from portal_app.components.kit import (
    button,
    card,
    chip,
    el,
    empty,
    h1,
    icon,
    loading,
    notice,
    page_links,
    skel,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.state.staff.messages import MessageLogState

S = MessageLogState


@page("/staff/messages", "Messages", on_load=S.load, side="staff")
def messages() -> rx.Component:
    return el.div(
        h1(_("Messages")),
        el.p(
            _("Every email and text to patients. Their words stay with their readers."),
            class_name="text-ink-2",
        ),
        el.div(rx.cond(S.done != "", notice("paid", S.done, cls="mt-4")), role="status", aria_live="polite"),
        rx.cond(S.ready, listed(), waiting()),
    )


def listed() -> rx.Component:
    return el.div(
        filters(),
        card(
            rx.cond(
                S.rows.length() > 0,
                el.ul(each(S.rows, message)),
                empty("mail", _("Nothing fits"), _("Choose another state or kind, or search for less.")),
            ),
            cls="mt-5 overflow-hidden",
        ),
        page_links(S.pages, S.newer, S.older, S.where),
    )


def filters() -> rx.Component:
    look = "flex flex-wrap gap-2"
    return el.div(
        el.form(
            field(
                _("Name, email or phone"),
                "search",
                text_input("search", "search", default_value=S.search, key=S.search, cls="sm:max-w-[22rem]"),
                cls="flex-1 min-w-0",
            ),
            button(icon("search", 19), _("Search"), type="submit", kind="second", cls="self-end"),
            on_submit=S.find,
            class_name="flex flex-wrap gap-3",
        ),
        el.nav(chips(S.fates), aria_label=_("State"), class_name="mt-4"),
        el.nav(chips(S.kinds), aria_label=_("Kind"), class_name=f"mt-3 {look}"),
        class_name="mt-5",
    )


def chips(rows) -> rx.Component:
    return el.div(
        each(rows, lambda item: chip(item.label, item.href, item.on)), class_name="flex flex-wrap gap-2"
    )


def message(item) -> rx.Component:
    return el.li(
        rx.cond(
            item.by_text,
            icon("message-square", 19, "text-brand mt-1"),
            icon("mail", 19, "text-brand mt-1"),
        ),
        el.div(
            el.p(item.who, class_name="font-semibold break-words"),
            el.p(item.kind, " · ", item.when, class_name="text-sm text-ink-2"),
            rx.cond(item.sent_to != "", el.p(item.sent_to, class_name="text-sm text-ink-2 break-all")),
            rx.cond(item.why != "", el.p(item.why, class_name="text-sm text-late break-words")),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            status_tag(item.tone, item.fate),
            rx.cond(item.again, again(item)),
            class_name="flex flex-col items-end gap-2 flex-none",
        ),
        class_name="flex gap-3 px-4 md:px-5 py-3 border-t border-line first:border-0",
        key=item.id,
    )


def again(item) -> rx.Component:
    whom = el.span(" ", item.who, class_name="sr-only")
    return button(_("Send again"), whom, kind="second", on_click=S.send_again(item.id))


def waiting() -> rx.Component:
    rows = [skel("h-14 w-full mt-3") for _i in range(6)]
    return loading(_("Getting the messages…"), skel("h-11 w-72 mt-5"), card(*rows, cls="mt-5 p-5"))
