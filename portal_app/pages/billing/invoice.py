"""/invoices/[id]: lines, payments, balance; print, PDF, pay."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import (
    button,
    card,
    download_mark,
    el,
    h1,
    h2,
    icon,
    loading,
    notice,
    raw_a,
    skel,
    status_tag,
    summary_row,
)
from portal_app.components.layout import letterhead
from portal_app.components.payment import (
    amount_and_receipt,
    dock_pay,
    how_much,
    pay_card,
    pay_panel,
    refund_line,
)
from portal_app.components.screen import page
from portal_app.pages.billing.document_page import document_page, missing_document
from portal_app.state.billing.invoice import InvoiceState

S = InvoiceState
CELL = "py-3 align-top"


def title():
    return rx.cond(S.number != "", fill_var("Invoice {number}", number=S.number), _("Invoice"))


@page("/invoices/[id]", title, on_load=InvoiceState.load, active="/invoices", dock=lambda: dock_pay(S))
def invoice() -> rx.Component:
    missing = missing_document(
        _("Invoice"), _("We could not find that invoice"), _("Go back to the list and choose one there.")
    )
    return document_page(S, shown(), waiting(), missing)


def shown() -> rx.Component:
    return el.div(
        letterhead(),
        el.div(
            h1(S.title),
            el.p(fill_var("Invoice {number}", number=S.number), class_name="text-ink-2"),
            el.div(
                el.p(S.figure, class_name="text-fig font-bold tnum tracking-tight"),
                status_tag(S.status_tone, S.status),
                class_name="flex flex-wrap items-center gap-x-4 gap-y-1 mt-2",
            ),
            rx.cond(
                S.whose != "",
                notice(
                    "info",
                    fill_var("An invoice of {name}, who lets you pay it", name=S.whose),
                    cls="mt-3",
                ),
            ),
            class_name="mt-2",
        ),
        el.div(
            el.div(
                pay_panel(S, pay_card(S, _("Pay this invoice"), how_much(S))),
                class_name="lg:order-2 lg:w-[25rem] flex-none lg:sticky lg:top-24 self-start stick no-print",
            ),
            el.div(
                lines(),
                payments(),
                about(),
                actions(),
                class_name="lg:order-1 flex-1 min-w-0 mt-5 lg:mt-0 space-y-5",
            ),
            class_name="mt-5 lg:flex lg:gap-8",
        ),
    )


def lines() -> rx.Component:
    head = el.thead(
        el.tr(
            el.th(_("Service"), scope="col", class_name="text-left py-2 font-semibold"),
            el.th(_("Amount"), scope="col", class_name="text-right py-2 font-semibold"),
            class_name="text-sm text-ink-2 border-b border-line",
        )
    )
    total_rows = el.tfoot(
        total_row(_("Total"), S.total, "font-semibold"),
        rx.cond(S.adjusted != "", total_row(_("Adjustments"), S.adjusted)),
        rx.cond(S.paid != "", total_row(_("Amount paid"), S.paid)),
        total_row(_("Left to pay"), S.due, "font-bold"),
    )
    return card(
        el.table(
            el.caption(_("What this invoice is for"), class_name="text-left text-lg font-bold pb-2"),
            head,
            el.tbody(each(S.lines, line)),
            total_rows,
            class_name="w-full",
        ),
        cls="p-5 md:p-6",
    )


def line(item) -> rx.Component:
    return el.tr(
        el.th(
            item.what,
            el.span(item.detail, class_name="block text-sm font-normal text-ink-2"),
            scope="row",
            class_name=f"text-left font-semibold pr-4 wrap-anywhere {CELL}",
        ),
        el.td(item.amount, class_name=f"text-right tnum whitespace-nowrap {CELL}"),
        class_name="border-b border-line",
    )


def total_row(label: str, amount: rx.Var[str], weight: str = "font-normal text-ink-2") -> rx.Component:
    return el.tr(
        el.th(label, scope="row", class_name=f"text-left pt-2.5 wrap-anywhere {weight}"),
        el.td(amount, class_name=f"text-right pt-2.5 tnum whitespace-nowrap {weight}"),
    )


def payments() -> rx.Component:
    return rx.cond(
        S.payments.length() > 0,
        card(
            h2(_("Payments")),
            el.ul(each(S.payments, payment), class_name="mt-1"),
            rx.cond(S.refunds.length() > 0, el.ul(each(S.refunds, refund_line), class_name="mt-2 space-y-1")),
            cls="p-5 md:p-6",
        ),
    )


def payment(item) -> rx.Component:
    return el.li(
        el.div(
            el.p(item.shown, class_name="font-semibold"),
            el.p(item.when, class_name="text-sm text-ink-2"),
            el.div(status_tag(item.tone, item.status), class_name="mt-1"),
            class_name="flex-1 min-w-0",
        ),
        amount_and_receipt(item),
        class_name="flex justify-between gap-4 py-3 border-b border-line last:border-0",
    )


def about() -> rx.Component:
    return card(
        h2(_("About this invoice")),
        el.dl(
            rx.cond(S.people != "", summary_row(_("For"), S.people)),
            rx.cond(S.provider != "", summary_row(_("Provider"), S.provider)),
            summary_row(_("Sent on"), S.issued),
            summary_row(_("Due on"), S.due_day),
            summary_row(_("Number"), S.number),
            class_name="mt-2",
        ),
        cls="p-5 md:p-6",
    )


def actions() -> rx.Component:
    return el.div(
        raw_a(
            icon("download", 19),
            _("Download PDF"),
            href=S.pdf,
            class_name="btn btn-second",
            custom_attrs=download_mark(),
        ),
        raw_a(
            icon("download", 19),
            _("Itemized receipt (HSA, FSA)"),
            href=S.itemised,
            class_name="btn btn-second",
            custom_attrs={"download": ""},
        ),
        button(_("Print"), kind="second", custom_attrs={"data-print": "1"}),
        class_name="no-print flex flex-wrap gap-3",
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your invoice…"),
        skel("h-9 w-64 mt-2"),
        skel("h-11 w-40 mt-4"),
        el.div(
            el.div(
                card(
                    skel("h-7 w-40"),
                    skel("h-12 w-full mt-5"),
                    skel("h-16 w-full mt-5"),
                    skel("h-14 w-full mt-5"),
                    cls="p-5 md:p-6",
                ),
                class_name="lg:order-2 lg:w-[25rem] flex-none",
            ),
            el.div(
                card(skel("h-7 w-48"), skel("h-14 w-full mt-4"), skel("h-14 w-full mt-3"), cls="p-5 md:p-6"),
                class_name="lg:order-1 flex-1 min-w-0 mt-5 lg:mt-0",
            ),
            class_name="mt-6 lg:flex lg:gap-8",
        ),
    )
