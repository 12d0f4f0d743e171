"""/staff/patients/[id]: a patient and the account that is billed for them."""

import reflex as rx

from portal_app.components.i18n import _, fill_var, here
from portal_app.components.kit import back, card, done_feedback, el, empty, icon, link, opens
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import page_body, page_header
from portal_app.pages.staff.patients.account import balance_card, invoices_card
from portal_app.pages.staff.patients.agreements import agreements_card
from portal_app.pages.staff.patients.invoice_panel import invoice_panel
from portal_app.pages.staff.patients.record_payment import record_panel
from portal_app.state.staff.agreements.patient import PatientAgreementsState
from portal_app.state.staff.billing.invoice_panel import InvoicePanelState
from portal_app.state.staff.billing.patient import PatientState

S = PatientState


def title():
    return rx.cond(S.name != "", S.name, _("Patient"))


@page(
    "/staff/patients/[id]",
    title,
    on_load=[InvoicePanelState.close_panel, PatientAgreementsState.load, S.load],
    side="staff",
    active="/staff/patients",
)
def patient() -> rx.Component:
    return el.div(
        back(_("Back to patients"), here("/staff/patients")),
        page_body(S.ready, rx.cond(S.missing, patient_missing(), account()), _("Getting the account…")),
        rx.cond(S.recording, record_panel()),
        rx.cond(InvoicePanelState.open, invoice_panel()),
    )


def patient_missing() -> rx.Component:
    return card(
        empty("users", _("We could not find that patient"), _("Search for the name or the chart number.")),
        cls="mt-3",
    )


def account() -> rx.Component:
    """The parts of the page; each has its own module."""
    record = el.button(
        icon("banknote", 18),
        _("Record a payment"),
        type="button",
        class_name="btn btn-primary btn-small",
        **opens(S.open_payment_form),
    )
    new = link(
        icon("file-plus", 18), _("New invoice"), href=S.new_invoice_href, cls="btn btn-second btn-small"
    )
    enrol = link(icon("badge-check", 18), _("Enrol"), href=S.enrol_href, cls="btn btn-second btn-small")
    return el.div(
        page_header(
            S.name,
            rx.cond(S.may_enrol, enrol),
            rx.cond(S.may_take, el.div(new, record, class_name="flex flex-wrap gap-2")),
            sub=subtitle(),
        ),
        done_feedback(S),
        el.div(
            balance_card(),
            invoices_card(),
            agreements_card(),
            class_name="mt-5 space-y-5",
        ),
    )


def subtitle() -> rx.Component:
    billed = el.span(
        " · ",
        _("Billed to"),
        " ",
        link(S.guarantor, href=S.guarantor_href),
    )
    answers = el.span(" · ", fill_var("Also answers for {people}", people=S.other_people))
    return el.span(
        rx.cond(
            S.chart_number != "",
            fill_var("Chart {number}", number=S.chart_number),
            _("No chart number yet"),
        ),
        rx.cond(S.guarantor != "", billed, rx.cond(S.other_people != "", answers)),
    )
