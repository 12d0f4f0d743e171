"""/staff/invoices/new: the lines of a new invoice, saved as a draft or sent at once."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, field_kind
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import card, el, empty, icon, link, refusal_feedback
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import (
    page_body,
    page_header,
    pressed_button,
    small_button,
    small_field,
    small_input,
    submit_as,
)
from portal_app.state.staff.billing.new_invoice import NewInvoiceState

S = NewInvoiceState


@page("/staff/invoices/new", "New invoice", on_load=S.load, side="staff", active="/staff/patients")
def new_invoice() -> rx.Component:
    cancel = link(icon("x", 18), _("Cancel"), href=S.patient_href, cls="btn btn-second btn-small")
    return el.div(
        page_header(
            _("New invoice"),
            rx.cond(S.patient_href != "", cancel),
            sub=fill_var("Billed to {name}", name=S.guarantor),
        ),
        page_body(S.ready, rx.cond(S.missing, patient_missing(), invoice_form()), _("Getting the account…")),
    )


def patient_missing() -> rx.Component:
    find = link(_("Find a patient"), href=here("/staff/patients"), cls="btn btn-second mt-5")
    return card(empty("users", _("Whom is it for?"), _("Find the patient first."), find), cls="mt-5")


def invoice_form() -> rx.Component:
    return el.form(
        el.input(type="hidden", name="invoice", default_value=S.invoice, key=S.invoice),
        pressed_button(),
        refusal_feedback(S),
        rx.cond(S.restored, restored_draft()),
        el.div(each(S.lines, line_fields), class_name="grid gap-3 mt-5"),
        small_button(icon("plus", 18), _("Add a line"), on_click=S.add_line, cls="mt-3", data_opens=""),
        due_and_note(),
        el.div(
            submit_as("send", icon("send", 19), _("Send the invoice"), kind="primary"),
            submit_as("draft", _("Save as a draft")),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        el.p(
            _(
                "Sending charges the account and tells the patient. A draft is seen by nobody but the practice."
            ),
            class_name="text-sm text-ink-2 mt-2",
        ),
        on_submit=S.save_invoice,
        key=S.invoice,
        no_validate=True,
        data_guard="1",
        data_draft="1",
        data_busy=busy_mark(S.busy),
    )


def due_and_note() -> rx.Component:
    due = small_input("due", "date", default_value=S.due, on_blur=save_when_left("due"))
    note = small_input("note", max_length=300, default_value=S.note, on_blur=save_when_left("note"))
    return card(
        small_field(_("Due date"), due, name="due", cls="sm:w-52"),
        small_field(_("Note (optional)"), note, name="note", cls="flex-1"),
        cls="p-4 mt-5 grid gap-3 sm:flex",
    )


def save_when_left(field):
    """An event handler that saves a field into the draft when the field is left."""
    return lambda value: S.save_draft_field(field, value)


def restored_draft() -> rx.Component:
    return el.p(
        _("This is what you typed before and have not sent."),
        " ",
        el.button(_("Start over"), type="button", on_click=S.start_over, class_name="link"),
        class_name="text-sm text-ink-2 mt-4",
    )


def line_fields(line) -> rx.Component:
    """The fields of one line; their names end with its number."""
    n = line.n.to_string()
    return el.fieldset(
        el.legend(fill_var("Line {n}", n=n), class_name="sr-only"),
        el.div(
            person_select(line, "person_" + n),
            labelled_input(
                _("What it is for"),
                "what_" + n,
                "col-span-2 md:col-span-4",
                max_length=200,
                default_value=line.description,
            ),
            labelled_input(
                _("Date of service"), "day_" + n, "col-span-2 md:col-span-2", "date", default_value=line.day
            ),
            labelled_input(
                _("Quantity"), "quantity_" + n, "md:col-span-1", "number", default_value=line.quantity
            ),
            labelled_input(
                _("Unit price"), "amount_" + n, "md:col-span-2", "money", default_value=line.amount
            ),
            class_name="grid grid-cols-2 md:grid-cols-12 gap-3",
        ),
        class_name="card p-4",
        key=n,
    )


def person_select(line, name) -> rx.Component:
    return el.div(
        el.label(_("Patient"), html_for=name, class_name="block text-sm font-semibold mb-1"),
        el.select(
            each(S.people, lambda person: el.option(person.name, value=person.id)),
            name=name,
            default_value=line.patient,
            on_change=save_when_left(name),
            class_name="input input-small",
            custom_attrs={"id": name},
        ),
        class_name="col-span-2 md:col-span-3",
    )


def labelled_input(label: str, name, cls: str, kind: str = "text", **props) -> rx.Component:
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        el.input(
            name=name,
            class_name="input input-small",
            custom_attrs={"id": name},
            on_blur=save_when_left(name),
            **field_kind(kind),
            **props,
        ),
        class_name=cls,
    )
