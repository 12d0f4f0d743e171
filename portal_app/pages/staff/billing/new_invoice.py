"""/staff/invoices/new: a draft with its lines, saved or sent at once."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, field_kind
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import card, el, empty, icon, link
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import (
    act,
    how,
    open_page,
    press,
    small_field,
    small_input,
    top,
    trouble,
)
from portal_app.state.staff.billing.invoices import NewInvoiceState

S = NewInvoiceState


@page("/staff/invoices/new", "New invoice", on_load=S.load, side="staff", active="/staff/patients")
def new_invoice() -> rx.Component:
    away = link(icon("x", 18), _("Cancel"), href=S.back, cls="btn btn-second btn-small")
    return el.div(
        top(_("New invoice"), rx.cond(S.back != "", away), sub=fill_var("Billed to {name}", name=S.name)),
        open_page(S.ready, rx.cond(S.missing, nobody(), draft()), _("Getting the account…")),
    )


def nobody() -> rx.Component:
    find = link(_("Find a patient"), href=here("/staff/patients"), cls="btn btn-second mt-5")
    return card(empty("users", _("Whom is it for?"), _("Find the patient first."), find), cls="mt-5")


def draft() -> rx.Component:
    return el.form(
        el.input(type="hidden", name="invoice", default_value=S.invoice, key=S.invoice),
        how(),
        trouble(S.trouble),
        rx.cond(S.kept, left_before()),
        el.div(each(S.lines, one_line), class_name="grid gap-3 mt-5"),
        act(icon("plus", 18), _("Add a line"), on_click=S.add_line, cls="mt-3"),
        card(
            small_field(
                _("Due date"),
                small_input("due", "date", default_value=S.due, on_blur=kept("due")),
                name="due",
                cls="sm:w-52",
            ),
            small_field(
                _("Note (optional)"),
                small_input(
                    "note",
                    max_length=300,
                    default_value=S.note,
                    on_blur=kept("note"),
                ),
                name="note",
                cls="flex-1",
            ),
            cls="p-4 mt-5 grid gap-3 sm:flex",
        ),
        el.div(
            press("send", icon("send", 19), _("Send the invoice"), kind="primary"),
            press("draft", _("Save as a draft")),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        el.p(
            _(
                "Sending charges the account and tells the patient. A draft is seen by nobody but the practice."
            ),
            class_name="text-sm text-ink-2 mt-2",
        ),
        on_submit=S.save,
        key=S.invoice,
        no_validate=True,
        data_guard="1",
        data_busy=busy_mark(S.busy),
    )


def kept(field):
    """What is left in a field goes to the draft, when it is left."""
    return lambda value: S.keep(field, value)


def left_before() -> rx.Component:
    return el.p(
        _("This is what you typed before and have not sent."),
        " ",
        el.button(_("Start anew"), type="button", on_click=S.start_anew, class_name="link"),
        class_name="text-sm text-ink-2 mt-4",
    )


def one_line(line) -> rx.Component:
    n = line.n.to_string()

    def labelled(label: str, name: str, cls: str, kind: str = "text", **props) -> rx.Component:
        field = name + "_" + n
        return el.div(
            el.label(label, html_for=field, class_name="block text-sm font-semibold mb-1"),
            el.input(
                name=field,
                class_name="input input-small",
                custom_attrs={"id": field},
                on_blur=kept(field),
                **field_kind(kind),
                **props,
            ),
            class_name=cls,
        )

    who = "person_" + n
    person = el.div(
        el.label(_("Patient"), html_for=who, class_name="block text-sm font-semibold mb-1"),
        el.select(
            each(S.people, lambda p: el.option(p.name, value=p.id)),
            name=who,
            default_value=line.patient,
            on_change=kept(who),
            class_name="input input-small",
            custom_attrs={"id": who},
        ),
        class_name="col-span-2 md:col-span-3",
    )
    return el.fieldset(
        el.legend(fill_var("Line {n}", n=n), class_name="sr-only"),
        el.div(
            person,
            labelled(
                _("What it is for"),
                "what",
                "col-span-2 md:col-span-4",
                max_length=200,
                default_value=line.what,
            ),
            labelled(_("Date of service"), "day", "col-span-2 md:col-span-2", "date", default_value=line.day),
            labelled(_("Quantity"), "quantity", "md:col-span-1", "number", default_value=line.quantity),
            labelled(_("Amount of one"), "amount", "md:col-span-2", "money", default_value=line.amount),
            class_name="grid grid-cols-2 md:grid-cols-12 gap-3",
        ),
        class_name="card p-4",
        key=n,
    )
