"""The panel of one invoice: its lines and amounts; send it, void it, write it off."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import button, el, icon, notice, raw_a, refusal_feedback, status_tag
from portal_app.pages.staff.list_parts import (
    done_status,
    fact,
    panel,
    pressed_button,
    small_field,
    small_input,
    submit_as,
)
from portal_app.pages.staff.patients.pay_link import pay_link_section
from portal_app.state.staff.billing.invoice_panel import InvoicePanelState

S = InvoicePanelState


def invoice_panel() -> rx.Component:
    return panel(
        "invoice",
        S.times_opened,
        fill_var("Invoice {number}", number=S.number),
        S.close_panel,
        el.div(status_tag(S.status_tone, S.status), class_name="mt-1"),
        done_status(S),
        refusal_feedback(S),
        invoice_lines(),
        facts(),
        raw_a(
            icon("download", 18),
            _("Download PDF"),
            href=S.pdf_href,
            download="",
            class_name="btn btn-second btn-small mt-4",
        ),
        rx.cond(S.can_send, draft_actions()),
        rx.cond(S.can_link, pay_link_section()),
        rx.cond(S.can_void | S.can_write_off, void_or_write_off_form()),
        rx.cond(S.missing_permission != "", notice("info", S.missing_permission, cls="mt-4")),
    )


def invoice_lines() -> rx.Component:
    def line_row(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.description, class_name="font-semibold"),
                el.p(item.detail, class_name="text-sm text-ink-2"),
                class_name="flex-1 min-w-0",
            ),
            el.span(item.amount, class_name="tnum"),
            class_name="flex gap-3 py-2 border-b border-line",
        )

    return el.ul(each(S.lines, line_row), class_name="mt-4")


def facts() -> rx.Component:
    return el.dl(
        fact(_("Total"), S.total),
        rx.cond(S.adjusted != "", fact(_("Adjustments"), S.adjusted)),
        rx.cond(S.paid != "", fact(_("Amount paid"), S.paid)),
        fact(_("Left to pay"), S.due),
        fact(_("Date"), S.issued),
        fact(_("Due date"), S.due_day),
        class_name="tnum",
    )


def draft_actions() -> rx.Component:
    return el.div(
        el.p(
            _("A draft: the patient does not see it. Sending charges the account and tells the patient."),
            class_name="text-ink-2",
        ),
        button(icon("send", 19), _("Send the invoice"), cls="w-full mt-3", on_click=S.send_draft),
        button(_("Discard the draft"), kind="quiet", cls="mt-2", on_click=S.discard_draft),
        class_name="mt-5 pt-5 border-t border-line",
    )


def void_or_write_off_form() -> rx.Component:
    void = el.div(
        submit_as("void", icon("ban", 19), _("Void the invoice"), cls="w-full"),
        el.p(_("For a mistake: the invoice no longer counts."), class_name="text-sm text-ink-2 mt-1"),
        class_name="mt-4",
    )
    write_off = el.div(
        submit_as("write_off", icon("eraser", 19), _("Write off what is due"), cls="w-full"),
        el.p(
            _("What is still due is forgiven; what was paid stays paid."),
            class_name="text-sm text-ink-2 mt-1",
        ),
        class_name="mt-4",
    )
    return el.form(
        el.h3(_("Void or write off"), class_name="font-bold text-lg"),
        pressed_button(),
        small_field(
            _("Reason"),
            small_input("reason", field="invoice-reason", max_length=300),
            name="invoice-reason",
            cls="mt-2",
        ),
        rx.cond(S.can_void, void),
        rx.cond(S.can_write_off, write_off),
        on_submit=S.void_or_write_off,
        no_validate=True,
        data_guard="1",
        data_busy=busy_mark(S.busy),
        class_name="mt-6 pt-5 border-t border-line",
    )
