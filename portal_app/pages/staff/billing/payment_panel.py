"""One payment beside the list: what it paid, post it, give it back."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import button, el, icon, link, notice, raw_a, status_tag
from portal_app.pages.staff.list_parts import fact, how, panel, press, small_field, small_input, told, trouble
from portal_app.state.staff.billing.payment_panel import PaymentPanelState

S = PaymentPanelState


def payment_panel() -> rx.Component:
    post = button(
        icon("book-check", 19), _("Post to the ledger"), kind="second", cls="mt-5 w-full", on_click=S.post
    )
    return panel(
        "payment",
        S.turn,
        _("Payment"),
        S.close,
        el.div(
            el.p(S.amount, class_name="text-fig font-bold tnum tracking-tight"),
            el.div(
                status_tag(S.tone, S.status),
                el.span(S.why, class_name="text-sm text-ink-2"),
                class_name="flex flex-wrap items-center gap-2",
            ),
            class_name="mt-1",
        ),
        told(S.done),
        trouble(S.trouble),
        facts(),
        rx.cond(S.refunds.length() > 0, given_back()),
        rx.cond(S.can_post, post),
        rx.cond(S.can_refund, refund(), rx.cond(S.no_refund != "", notice("info", S.no_refund, cls="mt-5"))),
    )


def facts() -> rx.Component:
    paper = raw_a(
        S.receipt, icon("download", 16, "inline ml-1"), href=S.receipt_href, class_name="link", download=""
    )
    return el.dl(
        fact(_("From"), link(S.who, href=S.who_href)),
        fact(_("Date"), S.day),
        fact(_("With"), S.shown),
        rx.cond(S.receipt != "", fact(_("Receipt"), paper)),
        rx.cond(S.ledger != "", fact(_("Ledger"), S.ledger)),
        rx.cond(S.note != "", fact(_("Note"), S.note)),
        each(S.parts, lambda part: fact(fill_var("Invoice {number}", number=part.number), part.amount)),
        class_name="mt-4 tnum",
    )


def given_back() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.span(item.day, class_name="flex-1"),
            status_tag(item.tone, item.status),
            el.span(item.amount, class_name="tnum font-semibold"),
            class_name="flex items-center gap-3 py-2 border-b border-line last:border-0",
        )

    return el.div(
        el.h3(_("Refunds"), class_name="font-bold mt-5"), el.ul(each(S.refunds, one), class_name="mt-1")
    )


def refund() -> rx.Component:
    """Two different buttons (REF-3): the first leaves the bill to be paid, the second ends it."""
    doing = el.p(rx.cond(S.busy, _("Sending the refund…"), ""), role="status", class_name="sr-only")
    form = el.form(
        el.input(type="hidden", name="refund", default_value=S.refund_id, key=S.refund_id),
        how(),
        el.div(amount(), why(), class_name="grid sm:grid-cols-[9rem_1fr] gap-3"),
        el.p(
            fill_var("Up to {amount}.", amount=S.at_most),
            " ",
            S.goes_back,
            id="refund-limit",
            class_name="text-sm text-ink-2 mt-1",
        ),
        el.div(
            two(
                press("refund", icon("undo-2", 19), _("Refund"), cls="w-full sm:min-h-16!"),
                _("What it paid is due again."),
            ),
            two(
                press("void", icon("ban", 19), _("Refund and void the charge"), cls="w-full sm:min-h-16!"),
                _("Nothing is due again: the charge is taken off too."),
            ),
            class_name="grid sm:grid-cols-2 gap-x-3",
        ),
        doing,
        on_submit=S.refund,
        no_validate=True,
        data_guard="1",
        data_busy=busy_mark(S.busy),
        class_name="mt-3",
    )
    return el.section(
        el.h3(_("Give money back"), class_name="font-bold text-lg"),
        form,
        class_name="mt-6 pt-5 border-t border-line",
    )


def amount() -> rx.Component:
    control = small_input(
        "amount",
        "money",
        field="refund-amount",
        default_value=S.at_most_plain,
        key=S.at_most_plain,
        aria_describedby="refund-limit",
        cls="tnum",
    )
    return small_field(_("Amount to give back"), control, name="refund-amount")


def why() -> rx.Component:
    control = small_input("reason", field="refund-reason", max_length=300)
    return small_field(_("Why"), control, name="refund-reason")


def two(pressed: rx.Component, means: str) -> rx.Component:
    return el.div(pressed, el.p(means, class_name="text-sm text-ink-2 mt-1"), class_name="mt-4")
