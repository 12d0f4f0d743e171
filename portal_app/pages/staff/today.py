"""/staff: today's payments, shown as they arrive."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, empty, h1, h2, icon, loading, skel, status_tag
from portal_app.components.screen import page
from portal_app.state.staff.today import TodayState

S = TodayState


@page("/staff", "Today", on_load=S.load, side="staff")
def today() -> rx.Component:
    return el.div(
        el.div(h1(_("Today")), el.p(S.day, class_name="text-ink-2 first-letter:uppercase min-h-6")),
        announcement(),
        rx.cond(S.ready, dashboard(), placeholder()),
    )


def announcement() -> rx.Component:
    """A live region: announces a payment when it arrives, without moving the focus."""
    look = "flex items-center gap-2 rounded-md px-4 py-3 mt-4 font-bold "
    text = rx.cond(
        S.announcement_tone == "late",
        el.p(icon("triangle-alert", 20), S.announcement, class_name=look + "bg-late-soft text-late"),
        el.p(icon("circle-check", 20), S.announcement, class_name=look + "bg-paid-soft text-paid"),
    )
    return el.div(rx.cond(S.announcement != "", text), role="status", aria_live="polite")


def dashboard() -> rx.Component:
    return el.div(
        el.dl(
            figure(_("Received"), S.received),
            figure(_("Payments"), S.payment_count),
            figure(_("Declined"), S.declined_count),
            figure(_("Waiting"), S.pending_count),
            class_name="grid grid-cols-[repeat(auto-fit,minmax(min(9rem,100%),1fr))] gap-3 md:gap-4 mt-5",
        ),
        card(
            h2(_("Payments today"), cls="px-5 pt-5 pb-3"),
            rx.cond(S.rows.length() > 0, el.div(payment_cards(), payment_table()), no_payments()),
            cls="mt-5 overflow-hidden",
        ),
    )


def figure(label: str, value) -> rx.Component:
    return el.div(
        el.dt(label, class_name="text-sm font-semibold text-ink-2"),
        el.dd(value, class_name="text-xl font-bold tnum mt-1 tracking-tight"),
        class_name="card p-4",
    )


def no_payments() -> rx.Component:
    return empty(
        "receipt-text",
        _("No payments yet today"),
        _("They appear here by themselves, the moment they arrive."),
    )


def payment_cards() -> rx.Component:
    def payment_card(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.payer, class_name="font-semibold"),
                el.p(item.time, " · ", item.invoices, class_name="text-sm text-ink-2"),
                el.p(item.method, class_name="text-sm text-ink-2"),
                el.div(
                    status_tag(item.tone, item.status),
                    el.span(item.detail, class_name="text-sm text-ink-2"),
                    class_name="flex flex-wrap items-center gap-x-2 mt-1.5",
                ),
                class_name="flex-1 min-w-0",
            ),
            el.span(item.amount, class_name="tnum font-bold"),
            class_name="flex gap-3 px-5 py-3 border-t border-line",
            key=item.id,
        )

    return el.ul(each(S.rows, payment_card), class_name="md:hidden")


def payment_table() -> rx.Component:
    heads = (
        (_("Time"), "text-left pl-5 pr-3"),
        (_("From"), "text-left px-3"),
        (_("Invoice"), "text-left px-3"),
        (_("With"), "text-left px-3"),
        (_("Status"), "text-left px-3"),
        (_("Amount"), "text-right pl-3 pr-5"),
    )
    return el.div(
        el.table(
            el.thead(
                el.tr(
                    *[
                        el.th(text, scope="col", class_name=f"py-2 font-semibold {look}")
                        for text, look in heads
                    ],
                    class_name="text-sm text-ink-2 border-y border-line bg-sunken",
                )
            ),
            el.tbody(each(S.rows, payment_row)),
            class_name="w-full",
        ),
        class_name="hidden md:block overflow-x-auto relative",
        tab_index=0,
        role="region",
        aria_label=_("Payments today"),
    )


def payment_row(item) -> rx.Component:
    cell = "px-3 py-2"
    return el.tr(
        el.td(item.time, class_name=f"pl-5 {cell} tnum whitespace-nowrap"),
        el.th(item.payer, scope="row", class_name=f"text-left font-semibold {cell}"),
        el.td(item.invoices, class_name=cell),
        el.td(item.method, class_name=cell),
        el.td(
            status_tag(item.tone, item.status),
            el.span(item.detail, class_name="block text-sm text-ink-2"),
            class_name=cell,
        ),
        el.td(item.amount, class_name=f"text-right tnum font-semibold pr-5 {cell}"),
        class_name="border-b border-line last:border-0",
        key=item.id,
    )


def placeholder() -> rx.Component:
    box = el.div(skel("h-5 w-20"), skel("h-8 w-28 mt-1"), class_name="card p-4")
    return loading(
        _("Getting today’s payments…"),
        el.div(
            box,
            box,
            box,
            box,
            class_name="grid grid-cols-[repeat(auto-fit,minmax(min(9rem,100%),1fr))] gap-3 md:gap-4 mt-5",
        ),
        card(skel("h-7 w-40"), skel("h-12 w-full mt-4"), skel("h-12 w-full mt-3"), cls="mt-5 p-5"),
    )
