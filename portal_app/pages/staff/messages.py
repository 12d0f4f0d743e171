"""/staff/messages: the log of messages to patients, also of those that were not delivered."""

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
    pager,
    skel,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import done_status
from portal_app.state.staff.messages import MessageLogState

S = MessageLogState


@page("/staff/messages", "Messages", on_load=S.load, side="staff")
def message_log() -> rx.Component:
    return el.div(
        h1(_("Messages")),
        el.p(
            _("Every email and text to patients. What they say is not shown here."),
            class_name="text-ink-2",
        ),
        done_status(S),
        rx.cond(S.ready, message_list(), placeholder()),
    )


def message_list() -> rx.Component:
    return el.div(
        filters(),
        card(
            rx.cond(
                S.rows.length() > 0,
                el.ul(each(S.rows, message_row)),
                empty("mail", _("Nothing fits"), _("Choose another state or kind, or search for less.")),
            ),
            cls="mt-5 overflow-hidden",
        ),
        pager(S.page),
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
            on_submit=S.search_messages,
            class_name="flex flex-wrap gap-3",
        ),
        el.nav(filter_chips(S.statuses), aria_label=_("State"), class_name="mt-4"),
        el.nav(filter_chips(S.kinds), aria_label=_("Kind"), class_name=f"mt-3 {look}"),
        class_name="mt-5",
    )


def filter_chips(rows) -> rx.Component:
    return el.div(
        each(rows, lambda item: chip(item.label, item.href, item.active)), class_name="flex flex-wrap gap-2"
    )


def message_row(item) -> rx.Component:
    return el.li(
        rx.cond(
            item.by_text,
            icon("message-square", 19, "text-brand mt-1"),
            icon("mail", 19, "text-brand mt-1"),
        ),
        el.div(
            el.p(item.recipient, class_name="font-semibold break-words"),
            el.p(item.kind, " · ", item.age, class_name="text-sm text-ink-2"),
            rx.cond(item.sent_to != "", el.p(item.sent_to, class_name="text-sm text-ink-2 break-all")),
            rx.cond(item.failure != "", el.p(item.failure, class_name="text-sm text-late break-words")),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            status_tag(item.tone, item.status),
            rx.cond(item.can_resend, resend_button(item)),
            class_name="flex flex-col items-end gap-2 flex-none",
        ),
        class_name="flex gap-3 px-4 md:px-5 py-3 border-t border-line first:border-0",
        key=item.id,
    )


def resend_button(item) -> rx.Component:
    recipient = el.span(" ", item.recipient, class_name="sr-only")
    return button(_("Send again"), recipient, kind="second", on_click=S.resend_message(item.id))


def placeholder() -> rx.Component:
    rows = [skel("h-14 w-full mt-3") for _i in range(6)]
    return loading(_("Getting the messages…"), skel("h-11 w-72 mt-5"), card(*rows, cls="mt-5 p-5"))
