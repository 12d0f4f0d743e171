"""The panel of one payment: what it paid; post it to the ledger, refund it."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import button, el, icon, link, notice, raw_a, refusal_feedback, status_tag
from portal_app.pages.staff.billing.dispute_panel import dispute_section
from portal_app.pages.staff.list_parts import (
    done_status,
    fact,
    panel,
    pressed_button,
    small_field,
    small_input,
    submit_as,
)
from portal_app.state.staff.billing.payment_panel import PaymentPanelState

S = PaymentPanelState


def payment_panel() -> rx.Component:
    post = button(
        icon("book-check", 19),
        _("Post to the ledger"),
        kind="second",
        cls="mt-5 w-full",
        on_click=S.post_payment,
    )
    return panel(
        "payment",
        S.times_opened,
        _("Payment"),
        S.close_panel,
        el.div(
            el.p(S.amount, class_name="text-fig font-bold tnum tracking-tight"),
            el.div(
                status_tag(S.status_tone, S.status),
                el.span(S.decline_reason, class_name="text-sm text-ink-2"),
                class_name="flex flex-wrap items-center gap-2",
            ),
            class_name="mt-1",
        ),
        done_status(S),
        refusal_feedback(S),
        facts(),
        rx.cond(S.refunds.length() > 0, refund_list()),
        dispute_section(),
        rx.cond(S.can_post, post),
        rx.cond(
            S.can_refund,
            refund_form(),
            rx.cond(S.refund_obstacle != "", notice("info", S.refund_obstacle, cls="mt-5")),
        ),
    )


def facts() -> rx.Component:
    receipt = raw_a(
        S.receipt, icon("download", 16, "inline ml-1"), href=S.receipt_href, class_name="link", download=""
    )
    return el.dl(
        fact(_("From"), link(S.payer, href=S.payer_href)),
        fact(_("Date"), S.day),
        fact(_("With"), S.method),
        rx.cond(S.receipt != "", fact(_("Receipt"), receipt)),
        rx.cond(S.ledger != "", fact(_("Ledger"), S.ledger)),
        rx.cond(S.note != "", fact(_("Note"), S.note)),
        each(
            S.allocations,
            lambda part: fact(fill_var("Invoice {number}", number=part.invoice_number), part.amount),
        ),
        class_name="mt-4 tnum",
    )


def refund_list() -> rx.Component:
    def refund_row(item) -> rx.Component:
        return el.li(
            el.span(item.day, class_name="flex-1"),
            status_tag(item.tone, item.status),
            el.span(item.amount, class_name="tnum font-semibold"),
            class_name="flex items-center gap-3 py-2 border-b border-line last:border-0",
        )

    return el.div(
        el.h3(_("Refunds"), class_name="font-bold mt-5"),
        el.ul(each(S.refunds, refund_row), class_name="mt-1"),
    )


def refund_form() -> rx.Component:
    """Two buttons (REF-3): after the first the invoice is due again, the second voids the charge too."""
    progress = el.p(rx.cond(S.busy, _("Sending the refund…"), ""), role="status", class_name="sr-only")
    form = el.form(
        el.input(type="hidden", name="refund", default_value=S.refund_id, key=S.refund_id),
        pressed_button(),
        el.div(amount_field(), reason_field(), class_name="grid sm:grid-cols-[9rem_1fr] gap-3"),
        el.p(
            fill_var("Up to {amount}.", amount=S.refundable),
            " ",
            S.refund_destination,
            id="refund-limit",
            class_name="text-sm text-ink-2 mt-1",
        ),
        el.div(
            explained_button(
                submit_as("refund", icon("undo-2", 19), _("Refund"), cls="w-full sm:min-h-16!"),
                _("What it paid is due again."),
            ),
            explained_button(
                submit_as(
                    "void", icon("ban", 19), _("Refund and void the charge"), cls="w-full sm:min-h-16!"
                ),
                _("Nothing is due again: the charge is taken off too."),
            ),
            class_name="grid sm:grid-cols-2 gap-x-3",
        ),
        progress,
        on_submit=S.refund_payment,
        no_validate=True,
        data_guard="1",
        data_busy=busy_mark(S.busy),
        class_name="mt-3",
    )
    return el.section(
        el.h3(_("Refund"), class_name="font-bold text-lg"),
        form,
        class_name="mt-6 pt-5 border-t border-line",
    )


def amount_field() -> rx.Component:
    control = small_input(
        "amount",
        "money",
        field="refund-amount",
        default_value=S.refundable_for_input,
        key=S.refundable_for_input,
        aria_describedby="refund-limit",
        cls="tnum",
    )
    return small_field(_("Refund amount"), control, name="refund-amount")


def reason_field() -> rx.Component:
    control = small_input("reason", field="refund-reason", max_length=300)
    return small_field(_("Reason"), control, name="refund-reason")


def explained_button(button_: rx.Component, explanation: str) -> rx.Component:
    return el.div(button_, el.p(explanation, class_name="text-sm text-ink-2 mt-1"), class_name="mt-4")
