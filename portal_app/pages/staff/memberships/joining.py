"""/staff/memberships/joining: who joined online and waits for an answer."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import busy_mark, field_kind, form, hidden
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    loading,
    notice,
    skel,
    submit,
    summary_row,
)
from portal_app.components.screen import page
from portal_app.state.base import PortalState
from portal_app.state.staff.memberships.joining import WaitingJoinsState

S = WaitingJoinsState
accepts: Any = S.accept


@page(
    "/staff/memberships/joining", "Joined online", on_load=S.load, side="staff", active="/staff/memberships"
)
def joining() -> rx.Component:
    none = card(empty("inbox", _("Nobody waits"), _("Who joins online and pays appears here.")), cls="mt-5")
    rows = el.ul(each(S.rows, request_card), class_name="grid gap-4 mt-5")
    return el.div(
        back(_("Back to memberships"), here("/staff/memberships")),
        h1(_("Joined online")),
        el.p(
            _("They have paid their first invoice. Accept them, or refuse and give all of it back."),
            class_name="text-ink-2",
        ),
        feedback(S),
        rx.cond(
            S.ready,
            rx.cond(S.rows.length() > 0, rows, none),
            rx.cond(PortalState.notice == "", placeholder()),
        ),
    )


def request_card(item: Any) -> rx.Component:
    def line(words: Any) -> rx.Component:
        return el.li(words, class_name="break-words")

    return el.li(
        card(
            el.h2(item.name, class_name="text-lg font-bold break-words"),
            el.dl(
                summary_row(_("Plan"), item.plan),
                summary_row(_("People"), el.ul(each(item.people, line))),
                summary_row(_("Contact"), el.span(item.contact, class_name="break-all")),
                summary_row(_("Address"), item.address),
                summary_row(_("Paid"), item.paid),
                class_name="mt-2",
            ),
            rx.cond(
                item.alike.length() > 0,
                notice("due", _("Perhaps a patient already"), el.ul(each(item.alike, line)), cls="mt-3"),
            ),
            el.div(
                button(_("Accept"), el.span(" ", item.name, class_name="sr-only"), on_click=accepts(item.id)),
                data_busy=busy_mark(S.busy),
                class_name="mt-4",
            ),
            rx.cond(S.may_refund, refusing(item)),
            cls="p-5 md:p-6",
        ),
        key=item.id,
    )


def refusing(item: Any) -> rx.Component:
    """Asked about once: it gives money back."""
    reason = el.label(
        el.span(_("Why, for your own record"), class_name="block font-bold mb-1.5"),
        el.input(name="reason", max_length=500, class_name="input", **field_kind("text")),
    )
    return el.details(
        el.summary(
            _("Refuse and refund"),
            el.span(" ", item.name, class_name="sr-only"),
            class_name="link min-h-11 inline-flex items-center cursor-pointer",
        ),
        form(
            hidden("request", item.id),
            el.p(_("The membership ends, and all that was paid goes back."), class_name="font-semibold"),
            reason,
            submit(_("Refuse and give it back"), cls="btn-second!"),
            busy=S.busy,
            sending=_("Sending the refund…"),
            on_submit=S.refuse,
            cls="grid gap-4 mt-3",
        ),
        class_name="mt-3",
    )


def placeholder() -> rx.Component:
    return loading(_("Getting the requests…"), card(skel("h-56 w-full"), cls="p-5 mt-5"))
