"""The patient's agreements, with copies and scans, when staff ask for them."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, h2, icon, raw_a, status_tag
from portal_app.pages.staff.list_parts import small_button
from portal_app.state.staff.agreements.patient import PatientAgreementsState

S = PatientAgreementsState


def agreements_card() -> rx.Component:
    found = rx.cond(
        S.rows.length() > 0,
        el.ul(each(S.rows, agreement_row), class_name="mt-2"),
        el.p(_("No agreements yet"), class_name="text-ink-2 mt-2"),
    )
    return rx.cond(
        S.may_read,
        card(
            h2(_("Agreements")),
            el.div(rx.cond(S.shown, found), role="status"),
            rx.cond(~S.shown, small_button(_("Show the agreements"), on_click=S.show, cls="mt-3")),
            cls="p-5",
        ),
    )


def agreement_row(item) -> rx.Component:
    copy = raw_a(
        icon("download", 18),
        _("Copy"),
        el.span(" ", item.title, class_name="sr-only"),
        href=item.copy_href,
        class_name="btn btn-second btn-small",
        download="",
    )
    return el.li(
        el.div(
            el.p(item.title, class_name="font-semibold break-words"),
            el.p(item.details, class_name="text-sm text-ink-2"),
            class_name="min-w-0 flex-1",
        ),
        status_tag(item.tone, item.status),
        rx.cond(item.copy_href != "", copy),
        class_name="flex flex-wrap items-center gap-3 py-2 border-b border-line last:border-0",
        key=item.key,
    )
