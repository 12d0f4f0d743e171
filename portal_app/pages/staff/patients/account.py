"""The account on a patient's page: balance, payments that are being posted, credit, and invoices."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import button, card, el, empty, h2, icon, link, notice, opens, status_tag
from portal_app.pages.staff.list_parts import CARD, LEFT, RIGHT, cards, fact, table
from portal_app.state.staff.billing.invoice_panel import InvoicePanelState
from portal_app.state.staff.billing.patient import PatientState

S = PatientState


def balance_card() -> rx.Component:
    all_transactions = link(
        _("All transactions"),
        icon("chevron-right", 18),
        href=S.transactions_href,
        cls="link inline-flex items-center min-h-11 mt-1",
    )
    memberships = link(
        _("Memberships"),
        icon("chevron-right", 18),
        href=S.memberships_href,
        cls="link inline-flex items-center min-h-11",
    )
    return card(
        el.div(
            h2(_("Account balance"), cls="text-base! text-ink-2!"),
            el.p(S.balance, class_name="text-fig font-bold tnum tracking-tight"),
            all_transactions,
            el.div(memberships),
            class_name="md:w-60 flex-none",
        ),
        el.div(
            el.dl(
                fact(_("Due on open invoices"), S.owed),
                each(S.pending_postings, pending_posting),
                rx.cond(
                    S.pending_postings.length() > 0, fact(_("Balance after posting"), S.balance_after_posting)
                ),
                class_name="tnum",
            ),
            rx.cond(S.credit != "", credit_box()),
            rx.cond(S.missing_permission != "", notice("info", S.missing_permission, cls="mt-4")),
            class_name="flex-1 min-w-0 max-w-[40rem]",
        ),
        cls="p-5 md:flex md:gap-8",
    )


def pending_posting(item) -> rx.Component:
    """A payment that was received and is not in the ledger yet (LEDG-1)."""
    return fact(el.span(_("Being posted"), " · ", item.day, " · ", item.method), item.amount)


def credit_box() -> rx.Component:
    use = button(_("Use credit"), kind="second", cls="btn-small mt-2", on_click=S.use_credit)
    return el.div(
        el.p(fill_var("Credit {amount}", amount=S.credit), class_name="font-bold text-ink tnum"),
        el.p(_("It pays open invoices, oldest due first. No money moves."), class_name="text-sm text-ink-2"),
        rx.cond(S.may_take & (S.open_invoices.length() > 0), use),
        class_name="rounded-lg bg-paid-soft p-4 mt-4",
    )


def invoices_card() -> rx.Component:
    nothing = empty("receipt-text", _("No invoices yet"), _("A new invoice starts as a draft; you send it."))
    return card(
        h2(_("Invoices"), cls="px-4 md:px-5 pt-4 pb-3"),
        rx.cond(S.invoices.length() > 0, el.div(invoice_table(), cards(S.invoices, invoice_card)), nothing),
        rx.cond(
            S.older_invoices != "",
            link(
                S.older_invoices,
                href=S.transactions_href,
                cls="link inline-flex items-center min-h-11 px-5 border-t border-line w-full",
            ),
        ),
        cls="overflow-hidden",
    )


def open_button(item) -> rx.Component:
    return el.button(
        item.number,
        type="button",
        class_name="link cursor-pointer min-h-9 text-left tnum whitespace-nowrap",
        **opens(InvoicePanelState.open_panel(item.id)),
    )


def invoice_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.th(open_button(item), scope="row", class_name=LEFT),
            el.td(item.issued, class_name="whitespace-nowrap"),
            el.td(item.due_day, class_name="whitespace-nowrap"),
            el.td(status_tag(item.tone, item.status)),
            el.td(item.total, class_name=f"{RIGHT} tnum"),
            el.td(item.due, class_name=f"{RIGHT} tnum font-semibold"),
            key=item.id,
        )

    heads = [
        (_("Number"), LEFT),
        (_("Date"), LEFT),
        (_("Due date"), LEFT),
        (_("Status"), LEFT),
        (_("Total"), RIGHT),
        (_("Left to pay"), RIGHT),
    ]
    return table(_("Invoices"), heads, S.invoices, table_row)


def invoice_card(item) -> rx.Component:
    return el.li(
        el.div(
            el.div(open_button(item), class_name="[&>button]:min-h-11"),
            el.p(fill_var("Due {day}", day=item.due_day), class_name="text-sm text-ink-2"),
            el.div(status_tag(item.tone, item.status), class_name="mt-1"),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            el.p(item.total, class_name="tnum font-semibold pt-2"),
            rx.cond(
                item.due != "",
                el.p(fill_var("{amount} left", amount=item.due), class_name="text-sm text-ink-2 tnum"),
            ),
            class_name="text-right",
        ),
        class_name=CARD,
        key=item.id,
    )
