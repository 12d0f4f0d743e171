"""/staff/patients/[id]: whose account it is, then the parts of the page."""

import reflex as rx

from portal_app.components.i18n import _, fill_var, here
from portal_app.components.kit import back, card, done_message, el, empty, icon, link
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import open_page, top
from portal_app.pages.staff.patients.account import balance, invoices
from portal_app.pages.staff.patients.invoice_panel import invoice_panel
from portal_app.pages.staff.patients.record_payment import record_panel
from portal_app.state.staff.billing.invoices import InvoicePanelState
from portal_app.state.staff.billing.patient import PatientState

S = PatientState


def title():
    return rx.cond(S.name != "", S.name, _("Patient"))


@page(
    "/staff/patients/[id]",
    title,
    on_load=[InvoicePanelState.close, S.load],
    side="staff",
    active="/staff/patients",
)
def patient() -> rx.Component:
    return el.div(
        back(_("Back to patients"), here("/staff/patients")),
        open_page(S.ready, rx.cond(S.missing, not_there(), shown()), _("Getting the account…")),
        rx.cond(S.asking, record_panel()),
        rx.cond(InvoicePanelState.open, invoice_panel()),
    )


def not_there() -> rx.Component:
    return card(
        empty("users", _("We could not find that patient"), _("Search for the name or the chart number.")),
        cls="mt-3",
    )


def shown() -> rx.Component:
    """Other parts of a patient's page join here, each from its own file."""
    record = el.button(
        icon("banknote", 18),
        _("Record a payment"),
        type="button",
        on_click=S.ask,
        class_name="btn btn-primary btn-small",
    )
    new = link(icon("file-plus", 18), _("New invoice"), href=S.new_invoice, cls="btn btn-second btn-small")
    return el.div(
        top(S.name, rx.cond(S.may_take, el.div(new, record, class_name="flex flex-wrap gap-2")), sub=about()),
        done_message(S.said),
        el.div(
            balance(),
            invoices(),
            class_name="mt-5 space-y-5",
        ),
    )


def about() -> rx.Component:
    billed = el.span(
        " · ",
        _("Billed to"),
        " ",
        link(S.guarantor, href=S.guarantor_href),
    )
    answers = el.span(" · ", fill_var("Also answers for {people}", people=S.people))
    return el.span(
        fill_var("Chart {number}", number=S.chart),
        rx.cond(S.guarantor != "", billed, rx.cond(S.people != "", answers)),
    )
