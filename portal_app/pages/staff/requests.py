"""/staff/requests: names, birth dates and sexes that patients ask to have changed."""

from typing import Any, Literal

import reflex as rx

from portal_app.components.form_fields import field_kind, form, hidden
from portal_app.components.i18n import _, each
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    loading,
    skel,
    submit,
    summary_row,
)
from portal_app.components.screen import page
from portal_app.state.base import PortalState
from portal_app.state.staff.requests import RequestsState

S = RequestsState


@page("/staff/requests", "Requests", on_load=S.load, side="staff")
def requests() -> rx.Component:
    none = card(
        empty("inbox", _("No requests"), _("What patients ask you to change appears here.")), cls="mt-5"
    )
    rows = el.ul(each(S.rows, request_card), class_name="grid gap-4 mt-5")
    return el.div(
        h1(_("Requests")),
        el.p(_("Only the practice changes name, date of birth and sex."), class_name="text-ink-2"),
        feedback(S),
        rx.cond(
            S.ready,
            rx.cond(S.rows.length() > 0, rows, none),
            rx.cond(PortalState.notice == "", placeholder()),
        ),
    )


def request_card(item: Any) -> rx.Component:
    return el.li(
        card(
            el.h2(item.patient, class_name="text-lg font-bold"),
            el.p(item.about, class_name="text-sm text-ink-2"),
            el.dl(
                summary_row(_("To be changed"), item.field_label),
                summary_row(_("On file"), item.on_file),
                summary_row(_("The patient writes"), item.wish),
                class_name="mt-2",
            ),
            form(
                hidden("request", item.id),
                rx.match(
                    item.field,
                    ("name", name_fields(item)),
                    ("birth_date", text_field(item, "birth_date", _("New date of birth"), "date")),
                    text_field(item, "sex", _("New sex"), "text"),
                ),
                el.div(
                    submit(_("Change it")),
                    button(_("Do not change"), kind="second", on_click=S.dismiss_change(item.id)),
                    class_name="flex flex-wrap gap-3",
                ),
                busy=S.busy,
                sending=_("Saving…"),
                on_submit=S.apply_change,
                cls="grid gap-4 mt-4",
            ),
            cls="p-5 md:p-6",
        ),
        key=item.id,
    )


def name_fields(item: Any) -> rx.Component:
    return el.div(
        text_field(item, "given_name", _("First name"), "text", item.given_name),
        text_field(item, "family_name", _("Last name"), "text", item.family_name),
        class_name="grid sm:grid-cols-2 gap-4",
    )


def text_field(
    item: Any, name: str, label: str, kind: Literal["text", "date"], value: Any = ""
) -> rx.Component:
    """A field inside its label: the page has several of this name, so an id would not be unique."""
    return el.label(
        el.span(label, class_name="block font-bold mb-1.5"),
        el.input(name=name, default_value=value, class_name="input", **field_kind(kind)),
    )


def placeholder() -> rx.Component:
    return loading(_("Getting the requests…"), card(skel("h-56 w-full"), cls="p-5 mt-5"))
