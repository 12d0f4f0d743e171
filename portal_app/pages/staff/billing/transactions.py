"""/staff/transactions: search, select and post to the ledger, open a payment, export."""

import reflex as rx

from portal_app.components.i18n import _, fill_var, here
from portal_app.components.kit import card, el, empty, icon, link, opens, pager, status_tag
from portal_app.components.screen import page
from portal_app.pages.staff.billing.payment_panel import payment_panel
from portal_app.pages.staff.list_parts import (
    CARD,
    LEFT,
    RIGHT,
    cards,
    done_status,
    export_link,
    page_body,
    page_header,
    select,
    small_button,
    small_field,
    small_input,
    table,
)
from portal_app.state.staff.billing.payment_panel import PaymentPanelState
from portal_app.state.staff.billing.transactions import TransactionsState
from portal_app.state.staff.labels import KINDS, STATES

S = TransactionsState


@page("/staff/transactions", "Transactions", on_load=S.load, side="staff")
def transactions() -> rx.Component:
    return el.div(
        page_header(_("Transactions"), *header_actions()),
        done_status(S),
        page_body(S.ready, el.div(filters(), transaction_list()), _("Getting the transactions…")),
        rx.cond(PaymentPanelState.open, payment_panel()),
    )


def header_actions() -> list[rx.Component]:
    record = link(
        icon("banknote", 18),
        _("Record a payment"),
        href=here("/staff/patients"),
        cls="btn btn-primary btn-small",
    )
    return [rx.cond(S.may_export, export_link(S.export_href)), rx.cond(S.may_take, record)]


def filters() -> rx.Component:
    anything = [("", _("Any"))]
    kinds = select("kind", anything + [(k.value, _(t)) for k, t in KINDS.items()], default_value=S.kind)
    states = select("status", anything + [(s.value, _(t)) for s, t in STATES.items()], default_value=S.status)
    words = small_input("q", "search", default_value=S.text, max_length=80)
    form = el.form(
        small_field(
            _("Name or number"),
            words,
            name="q",
            cls="col-span-full lg:flex-1 lg:min-w-64",
        ),
        small_field(_("Kind"), kinds, name="kind", cls="lg:w-36"),
        small_field(_("Status"), states, name="status", cls="lg:w-40"),
        small_field(_("First day"), small_input("from", "date", default_value=S.first), name="from"),
        small_field(_("Last day"), small_input("to", "date", default_value=S.last), name="to"),
        el.button(
            icon("search", 18),
            _("Search"),
            type="submit",
            class_name="btn btn-second btn-small min-h-10! col-span-full",
        ),
        on_submit=S.search_transactions,
        no_validate=True,
        role="search",
        key=S.filters_key,
        class_name="grid grid-cols-[repeat(auto-fit,minmax(min(9rem,100%),1fr))] gap-3 lg:flex lg:items-end mt-5 no-print",
    )
    return el.div(form, list_summary())


def list_summary() -> rx.Component:
    """How many are found, the account the list is narrowed to, and a link to the payments to post."""
    off = "inline-flex items-center gap-1.5 min-h-9 px-3 rounded-full bg-brand-soft text-brand-ink font-semibold"
    person = link(
        S.person,
        icon("x", 16),
        el.span(_("Show everybody"), class_name="sr-only"),
        href=S.everybody_href,
        cls=off,
    )
    wait = link(
        icon("clock", 17), S.to_post, href=S.to_post_href, cls="link inline-flex items-center gap-1.5 min-h-9"
    )
    clear = link(
        _("Clear the search"), href=here("/staff/transactions"), cls="link inline-flex items-center min-h-9"
    )
    return el.div(
        el.span(S.count, class_name="text-ink-2 tnum"),
        rx.cond(S.person != "", person),
        rx.cond(S.filtered, clear),
        rx.cond(S.to_post != "", wait),
        class_name="flex flex-wrap items-center gap-x-5 gap-y-1 mt-3 text-sm",
    )


def transaction_list() -> rx.Component:
    nothing = empty("search", _("Nothing fits"), _("Try a part of the name, or another day."))
    return el.div(
        card(
            posting_bar(),
            rx.cond(
                S.rows.length() > 0, el.div(transaction_table(), cards(S.rows, transaction_card)), nothing
            ),
            cls="mt-2 overflow-hidden",
        ),
        pager(S.page),
    )


def posting_bar() -> rx.Component:
    """The buttons that select all payments and post the selected ones; the second says how many."""
    post = small_button(icon("book-check", 18), S.post_label, kind="primary", on_click=S.post_selected)
    return rx.cond(
        S.selectable_count > 0,
        el.div(
            small_button(S.select_all_label, on_click=S.toggle_all_payments),
            el.div(rx.cond(S.post_label != "", post), aria_live="polite"),
            class_name="flex flex-wrap items-center gap-3 px-4 md:px-5 py-2 border-b border-line",
        ),
    )


def select_box(item) -> rx.Component:
    box = el.input(
        type="checkbox",
        checked=item.selected,
        on_change=S.toggle_payment(item.id).stop_propagation,
        class_name="check",
        aria_label=fill_var("Select {amount} from {who}", amount=item.amount, who=item.person),
    )
    return rx.cond(item.can_post, el.span(box, class_name="grid place-items-center size-9 -m-1"))


def open_button(item) -> rx.Component:
    """The kind of a row; for a payment it is the button that opens its panel."""
    words = el.span(" ", el.span(item.amount, " ", item.person), class_name="sr-only")
    return rx.cond(
        item.payment != "",
        el.button(
            item.kind,
            words,
            type="button",
            class_name="link cursor-pointer min-h-9 text-left",
            **opens(PaymentPanelState.open_panel(item.payment)),
        ),
        el.span(item.kind, class_name="font-semibold"),
    )


def status_of(item) -> rx.Component:
    return el.div(
        status_tag(item.tone, item.status),
        rx.cond(item.detail != "", el.span(item.detail, class_name="text-cap text-ink-2")),
        class_name="flex flex-wrap items-center gap-x-2",
    )


def transaction_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.td(select_box(item), class_name="w-8"),
            el.td(
                item.day,
                el.span(item.time, class_name="block text-sm text-ink-2"),
                class_name="tnum whitespace-nowrap",
            ),
            el.td(open_button(item)),
            el.th(
                link(
                    item.person,
                    href=item.person_href,
                    cls="hover:underline font-semibold block truncate py-2",
                ),
                scope="row",
                class_name=f"{LEFT} max-w-40",
            ),
            el.td(item.invoices, class_name="max-w-32 truncate", title=item.invoices),
            el.td(item.method, class_name="max-w-40"),
            el.td(status_of(item)),
            el.td(item.amount, class_name=f"{RIGHT} tnum font-semibold whitespace-nowrap"),
            key=item.id,
        )

    heads = [
        (el.span(_("Select"), class_name="sr-only"), LEFT),
        (_("When"), LEFT),
        (_("Kind"), LEFT),
        (_("From"), LEFT),
        (_("Invoice"), LEFT),
        (_("With"), LEFT),
        (_("Status"), LEFT),
        (_("Amount"), RIGHT),
    ]
    return table(_("Transactions"), heads, S.rows, table_row)


def transaction_card(item) -> rx.Component:
    return el.li(
        select_box(item),
        el.div(
            el.p(item.person, class_name="font-semibold"),
            el.p(item.day, " · ", item.time, class_name="text-sm text-ink-2"),
            el.p(rx.cond(item.invoices != "", item.invoices, item.method), class_name="text-sm text-ink-2"),
            el.div(status_of(item), class_name="mt-1"),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            el.p(item.amount, class_name="tnum font-bold"),
            el.div(open_button(item), class_name="grid justify-end [&>button]:min-h-11"),
            class_name="text-right",
        ),
        class_name=CARD,
        key=item.id,
    )
