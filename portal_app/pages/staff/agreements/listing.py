"""/staff/agreements: every text with its newest version, and a new one from a template."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, here
from portal_app.components.kit import card, el, empty, feedback, icon, link, status_tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import CARD, LEFT, RIGHT, cards, page_body, page_header, table
from portal_app.pages.staff.memberships.form_parts import (
    checked_field,
    checked_select,
    disclosure,
    submit_small,
)
from portal_app.state.staff.agreements.labels import KINDS
from portal_app.state.staff.agreements.listing import AgreementListState

S = AgreementListState


@page("/staff/agreements", "Agreements", on_load=S.load, side="staff")
def agreements() -> rx.Component:
    return el.div(
        page_header(_("Agreements")),
        rx.cond(
            S.countersign != "",
            link(
                icon("pen-line", 18),
                S.countersign,
                href=here("/staff/agreements/countersign"),
                cls="btn btn-second mt-4",
            ),
        ),
        page_body(
            S.ready,
            el.div(feedback(S), agreement_list(), new_agreement(), class_name="space-y-5 mt-5"),
            _("Getting the agreements…"),
        ),
    )


def agreement_list() -> rx.Component:
    nothing = empty(
        "file-pen-line",
        _("No agreements yet"),
        _("Begin with a template: a membership contract, a financial policy, a privacy acknowledgement."),
    )
    return card(
        rx.cond(S.rows.length() > 0, el.div(agreement_table(), cards(S.rows, agreement_card)), nothing),
        cls="overflow-hidden",
    )


def requests_link(item) -> rx.Component:
    return link(
        _("Requests"), el.span(" ", item.name, class_name="sr-only"), href=item.requests_href, cls="link py-2"
    )


def agreement_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.th(link(item.name, href=item.href, cls="link py-2"), scope="row", class_name=LEFT),
            el.td(item.kind),
            el.td(item.version, class_name="whitespace-nowrap"),
            el.td(item.languages),
            el.td(status_tag(item.tone, item.status)),
            el.td(item.waiting, class_name=f"{RIGHT} tnum"),
            el.td(item.signed, class_name=f"{RIGHT} tnum"),
            el.td(requests_link(item)),
            key=item.id,
        )

    heads = [
        (_("Name"), LEFT),
        (_("Kind"), LEFT),
        (_("Newest version"), LEFT),
        (_("Languages"), LEFT),
        (_("Status"), LEFT),
        (_("Not signed"), RIGHT),
        (_("Signed"), RIGHT),
        (_("Requests"), LEFT),
    ]
    return table(_("Agreements"), heads, S.rows, table_row)


def agreement_card(item) -> rx.Component:
    return el.li(
        el.div(
            link(item.name, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.p(item.kind, class_name="text-sm text-ink-2"),
            el.p(item.version, " ", item.languages, class_name="text-sm text-ink-2"),
            el.p(
                _("Not signed"),
                ": ",
                item.waiting,
                " · ",
                _("Signed"),
                ": ",
                item.signed,
                class_name="text-sm tnum",
            ),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            status_tag(item.tone, item.status),
            requests_link(item),
            class_name="flex flex-col items-end gap-1",
        ),
        class_name=CARD,
        key=item.id,
    )


def new_agreement() -> rx.Component:
    kinds = [(kind.value, _(words) if kind != "other" else _("Empty text")) for kind, words in KINDS.items()]
    return disclosure(
        _("New agreement"),
        el.form(
            el.div(
                checked_select(S, _("Begin with"), "kind", kinds),
                checked_field(S, _("Name for staff"), "name", max_length=100),
                class_name="grid sm:grid-cols-2 gap-x-4",
            ),
            el.p(
                _(
                    "Patients read the title of the text. Templates are a beginning: have a lawyer read yours."
                ),
                class_name="text-sm text-ink-2 mt-2",
            ),
            submit_small(_("Make the agreement"), kind="primary"),
            on_submit=S.create,
            no_validate=True,
            data_guard="1",
            data_busy=busy_mark(S.busy),
            class_name="pb-3",
        ),
    )
