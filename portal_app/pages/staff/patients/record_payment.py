"""The panel that records a payment made at the front desk: cash, a check, the card terminal."""

import reflex as rx

from portal_app.components.form_fields import choice, form
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import el, notice, refusal_feedback, submit
from portal_app.pages.staff.list_parts import panel, small_field, small_input
from portal_app.state.staff.billing.patient import PatientState

S = PatientState


def record_panel() -> rx.Component:
    return panel(
        "record",
        S.times_opened,
        _("Record a payment"),
        S.close_payment_form,
        refusal_feedback(S),
        payment_form(),
    )


def payment_form() -> rx.Component:
    return form(
        el.input(type="hidden", name="payment", default_value=S.payment, key=S.payment),
        small_field(
            _("Amount"),
            small_input(
                "amount",
                "money",
                field="record-amount",
                default_value=S.owed_for_input,
                aria_describedby="record-limit",
                cls="tnum max-w-40",
            ),
            name="record-amount",
        ),
        el.p(
            fill_var("Owed: {amount}. What exceeds it is kept as credit.", amount=S.owed),
            id="record-limit",
            class_name="text-sm text-ink-2 mt-1",
        ),
        method_choices(),
        rx.cond(S.open_invoices.length() > 0, invoice_choices()),
        small_field(
            _("Note (optional)"),
            small_input("note", field="record-note", max_length=200),
            name="record-note",
            cls="mt-4",
        ),
        rx.cond(S.deposit_question != "", deposit_question()),
        submit(
            rx.cond(S.deposit_question != "", _("Record it, the rest as credit"), _("Record the payment")),
            cls="w-full mt-6",
        ),
        busy=S.busy,
        sending=_("Recording the payment…"),
        on_submit=S.record_payment,
        cls="mt-4",
    )


def deposit_question() -> rx.Component:
    """Asked once for this amount; another amount is asked about again."""
    return el.div(
        el.input(type="hidden", name="deposit_for", default_value=S.deposit_for, key=S.deposit_for),
        notice("due", S.deposit_question, data_focus="1"),
        class_name="mt-4",
    )


def method_choices() -> rx.Component:
    return el.fieldset(
        el.legend(_("How it was paid"), class_name="text-sm font-semibold mb-1"),
        el.div(
            choice("method", "cash", _("Cash"), checked=True),
            choice("method", "check", _("Check")),
            choice("method", "terminal", _("Card terminal")),
            class_name="grid sm:grid-cols-3 gap-2",
        ),
        class_name="mt-4",
    )


def invoice_choices() -> rx.Component:
    """Which invoices the payment is for. With none chosen the oldest due are paid first."""

    def invoice_choice(item) -> rx.Component:
        return choice(
            item.id,
            "1",
            item.number,
            sub=fill_var("Due {day}", day=item.due_day),
            side=el.span(item.due, class_name="tnum font-semibold"),
            kind="checkbox",
        )

    return el.fieldset(
        el.legend(_("For which invoices"), class_name="text-sm font-semibold"),
        el.p(_("Choose none, and the oldest due is paid first."), class_name="text-sm text-ink-2 mb-1"),
        el.div(each(S.open_invoices, invoice_choice), class_name="grid gap-2"),
        class_name="mt-4",
    )
