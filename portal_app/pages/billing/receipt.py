"""/receipt?id=: how much was paid and for which invoices, what happens next, a PDF to keep."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    card,
    download_mark,
    el,
    h2,
    icon,
    link,
    loading,
    raw_a,
    skel,
    summary_row,
)
from portal_app.components.layout import call_us, letterhead
from portal_app.components.screen import page
from portal_app.pages.billing.document_page import document_page, missing_document
from portal_app.state.billing.receipt import ReceiptState

S = ReceiptState


def title():
    return rx.cond(S.number != "", fill_var("Receipt {number}", number=S.number), _("Receipt"))


@page("/receipt", title, on_load=ReceiptState.load, active="/invoices")
def receipt() -> rx.Component:
    missing = missing_document(
        _("Receipt"), _("We could not find that receipt"), _("You find each receipt with its invoice.")
    )
    return document_page(S, shown(), waiting(), missing)


def shown() -> rx.Component:
    return el.div(
        letterhead(),
        rx.cond(S.tone == "paid", payment_received(), payment_status()),
        card(
            el.dl(
                summary_row(_("Paid with"), S.shown),
                summary_row(_("Paid by"), S.payer),
                summary_row(_("Date"), S.on),
                rx.cond(S.refunded != "", summary_row(_("Refunded"), S.refunded)),
                rx.cond(S.taken_back != "", summary_row(_("Taken back by the bank"), S.taken_back)),
                rx.cond(S.credit != "", summary_row(_("Kept as credit"), S.credit)),
            ),
            h2(_("What it paid"), cls="mt-5"),
            el.ul(each(S.parts, paid_invoice), class_name="mt-1"),
            cls="p-5 md:p-6",
        ),
        what_next(),
        el.div(
            raw_a(
                icon("download", 19),
                _("Download receipt"),
                href=S.pdf,
                class_name="btn btn-second",
                custom_attrs=download_mark(),
            ),
            link(_("See your invoices"), href=here("/invoices"), cls="btn btn-primary"),
            class_name="no-print flex flex-wrap gap-3",
        ),
        call_us(),
        class_name="space-y-6 mt-3",
    )


def payment_received() -> rx.Component:
    """The top of the receipt of a payment that arrived."""
    return el.div(
        icon("circle-check", 44, "text-paid"),
        el.h1(_("Payment received"), data_focus="1", class_name="text-xl md:text-2xl font-bold mt-3"),
        el.p(S.amount, class_name="text-fig font-bold tnum mt-1"),
        el.p(_("Receipt number"), " ", el.b(S.number, class_name="tnum"), class_name="mt-2"),
        class_name="rounded-xl bg-paid-soft p-6 md:p-8",
    )


def payment_status() -> rx.Component:
    """The top of a receipt whose payment was refunded, disputed or is still on its way: the status is the heading."""
    return el.div(
        icon("info", 44, "text-info"),
        el.h1(S.status, data_focus="1", class_name="text-xl md:text-2xl font-bold mt-3"),
        el.p(S.amount, class_name="text-fig font-bold tnum mt-1"),
        rx.cond(
            S.number != "",
            el.p(_("Receipt number"), " ", el.b(S.number, class_name="tnum"), class_name="mt-2"),
        ),
        class_name="rounded-xl bg-info-soft p-6 md:p-8",
    )


def paid_invoice(item) -> rx.Component:
    return el.li(
        el.div(
            link(item.title, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.p(item.about, class_name="text-sm text-ink-2 -mt-1.5"),
            rx.cond(item.left != "", el.p(item.left, class_name="text-sm text-due font-semibold tnum")),
            class_name="min-w-0",
        ),
        el.span(item.amount, class_name="tnum font-semibold min-h-11 inline-flex items-center"),
        class_name="flex justify-between gap-4 py-1.5 border-b border-line last:border-0",
    )


def what_next() -> rx.Component:
    return el.div(
        h2(_("What happens next")),
        el.ul(
            rx.cond(S.email != "", el.li(fill_var("We email the receipt to {email}.", email=S.email))),
            rx.cond(S.by_bank, el.li(_("Your bank shows the payment in 1 to 3 days."))),
            rx.cond(
                ~S.posted,
                el.li(
                    _(
                        "The practice adds the payment to your account by hand. Until then the balance on paper may be the old one."
                    )
                ),
            ),
            el.li(_("If you used an HSA or FSA card, keep the receipt for your taxes.")),
            class_name="list-disc pl-6 mt-2 space-y-1.5",
        ),
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your receipt…"),
        el.div(
            skel("h-11 w-11"),
            skel("h-9 w-64 mt-3"),
            skel("h-11 w-40 mt-2"),
            class_name="rounded-xl bg-sunken p-6 md:p-8 mt-3",
        ),
        card(skel("h-6 w-full"), skel("h-6 w-full mt-4"), skel("h-6 w-full mt-4"), cls="p-5 md:p-6 mt-6"),
    )
