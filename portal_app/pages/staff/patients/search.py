"""/staff/patients: search by name or chart number."""

import reflex as rx

from portal_app.components.i18n import _, fill_var
from portal_app.components.kit import card, el, empty, icon, link, pager, tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import (
    CARD,
    LEFT,
    RIGHT,
    cards,
    page_body,
    page_header,
    small_field,
    small_input,
    table,
)
from portal_app.state.staff.billing.patients import PatientsState

S = PatientsState


@page("/staff/patients", "Patients", on_load=S.load, side="staff")
def patients() -> rx.Component:
    return el.div(
        page_header(_("Patients")),
        page_body(S.ready, el.div(search_form(), search_results()), _("Getting the patients…")),
    )


def search_form() -> rx.Component:
    words = small_input("q", "search", default_value=S.search_text, key=S.search_text, max_length=80)
    return el.form(
        small_field(
            _("Name or chart number"), words, name="q", cls="flex-1 min-w-[min(12rem,100%)] max-w-[32rem]"
        ),
        el.button(
            icon("search", 18), _("Search"), type="submit", class_name="btn btn-primary btn-small min-h-10!"
        ),
        on_submit=S.search_patients,
        no_validate=True,
        role="search",
        class_name="flex flex-wrap items-end gap-3 mt-5",
    )


def search_results() -> rx.Component:
    nobody = empty("search", _("Nobody found"), _("Try a part of the name, or the chart number."))
    hint = empty(
        "users",
        _("Find a patient"),
        _("Type a name or a chart number to see balance, invoices and payments."),
    )
    return el.div(
        el.p(S.count, class_name="text-sm text-ink-2 mt-3 min-h-6 tnum", role="status"),
        card(
            rx.cond(
                S.rows.length() > 0,
                el.div(patient_table(), cards(S.rows, patient_card)),
                rx.cond(S.search_text != "", nobody, hint),
            ),
            cls="mt-2 overflow-hidden",
        ),
        pager(S.page),
    )


def patient_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.th(
                link(item.name, href=item.href, cls="link inline-flex items-center min-h-9"),
                rx.cond(item.active, rx.fragment(), el.span(tag("quiet", _("Inactive")), class_name="ml-2")),
                scope="row",
                class_name=LEFT,
            ),
            el.td(item.chart_number, class_name="tnum"),
            el.td(item.birth_date),
            el.td(item.guarantor),
            el.td(item.balance, class_name=f"{RIGHT} tnum font-semibold"),
            key=item.id,
        )

    heads = [
        (_("Name"), LEFT),
        (_("Chart number"), LEFT),
        (_("Date of birth"), LEFT),
        (_("Billed to"), LEFT),
        (_("Account balance"), RIGHT),
    ]
    return table(_("Patients"), heads, S.rows, table_row)


def patient_card(item) -> rx.Component:
    return el.li(
        el.div(
            link(item.name, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.p(fill_var("Chart {number}", number=item.chart_number), class_name="text-sm text-ink-2"),
            rx.cond(
                item.guarantor != "",
                el.p(fill_var("Billed to {name}", name=item.guarantor), class_name="text-sm text-ink-2"),
            ),
            class_name="flex-1 min-w-0",
        ),
        el.span(item.balance, class_name="tnum font-bold pt-2"),
        class_name=CARD,
        key=item.id,
    )
