"""/invoices: what is owed now, and all invoices."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    card,
    chip,
    el,
    empty,
    h1,
    h2,
    icon,
    link,
    loading,
    pager,
    skel,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.state.billing.invoices import InvoicesState

S = InvoicesState
ROW = "row relative flex items-start gap-2 p-4 md:px-5 first:rounded-t-lg last:rounded-b-lg border-b border-line"
OWED = "p-5 md:p-6 flex flex-col sm:flex-row sm:items-center gap-4"


@page("/invoices", "Invoices", on_load=InvoicesState.load)
def invoices() -> rx.Component:
    return el.div(
        h1(_("Invoices")),
        el.div(rx.cond(S.ready, listed(), waiting()), class_name="mt-5"),
    )


def listed() -> rx.Component:
    return el.div(
        rx.cond(S.visit_when != "", next_visit()),
        rx.cond(S.owes, owed(), nothing_owed()),
        rx.cond(S.for_others.length() > 0, for_others()),
        filters(),
        rx.cond((S.show == "all") & (S.page.number == 1) & (S.to_pay.length() > 0), to_pay()),
        history(),
    )


def next_visit() -> rx.Component:
    leaf = el.div(
        el.span(S.visit_month, class_name="text-cap font-bold uppercase leading-4"),
        el.span(S.visit_day, class_name="text-lg font-bold leading-6 tnum"),
        class_name="grid place-items-center content-center size-14 flex-none rounded-md bg-brand text-on-brand",
        aria_hidden="true",
    )
    return card(
        leaf,
        el.div(
            el.h2(_("Next appointment"), class_name="text-sm font-semibold text-ink-2"),
            el.p(S.visit_when, class_name="font-bold first-letter:uppercase"),
            el.p(S.visit_about, class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-[min(9rem,100%)]",
        ),
        cls="p-4 md:px-5 mb-4 flex flex-wrap items-center gap-4",
    )


def owed() -> rx.Component:
    pay = link(
        S.pay_words,
        href=S.pay_href,
        cls="btn btn-primary w-full",
        aria_describedby="pay-for",
    )
    return card(
        el.div(
            el.h2(_("You owe"), class_name="text-ink-2 font-semibold"),
            el.p(S.owed, class_name="text-fig font-bold tnum tracking-tight"),
            el.p(S.owed_words, class_name="text-ink-2"),
            class_name="flex-1 min-w-0",
        ),
        rx.cond(
            S.pay_href != "",
            el.div(
                pay,
                el.p(
                    fill_var("Oldest: {title}", title=S.pay_for),
                    id="pay-for",
                    class_name="text-sm text-ink-2 mt-2 sm:text-center",
                ),
                class_name="sm:w-60",
            ),
        ),
        cls=OWED,
    )


def nothing_owed() -> rx.Component:
    return card(
        icon("circle-check", 40, "text-paid"),
        el.div(
            el.h2(_("Nothing to pay"), class_name="text-lg font-bold"),
            el.p(_("When we send you an invoice, you will see it here."), class_name="text-ink-2"),
        ),
        cls="p-5 md:p-6 flex items-center gap-4",
    )


def to_pay() -> rx.Component:
    rest = link(
        S.to_pay_rest,
        href=here("/invoices") + "?show=to_pay",
        cls="link inline-flex items-center min-h-11",
    )
    return el.section(
        h2(_("To pay"), cls="mt-8 mb-3"),
        el.ul(each(S.to_pay, row), class_name="card"),
        rx.cond(S.to_pay_rest != "", rest),
    )


def for_others() -> rx.Component:
    """Invoices of adults who let the viewer pay: never part of what the viewer owes."""
    return el.section(
        h2(_("Invoices you may pay for others"), cls="mt-8 mb-3"),
        el.ul(each(S.for_others, row), class_name="card"),
    )


def filters() -> rx.Component:
    look = "flex flex-wrap gap-2"
    people = el.ul(each(S.people, one_chip), class_name=look, aria_label=_("By person"))
    return el.nav(
        el.ul(each(S.shows, one_chip), class_name=look, aria_label=_("By status")),
        rx.cond(S.people.length() > 0, people),
        aria_label=_("Show only"),
        class_name="no-print grid gap-2 mt-6",
    )


def history() -> rx.Component:
    title = rx.match(S.show, ("to_pay", _("To pay")), ("paid", _("Already paid")), _("History"))
    again = link(_("Show all invoices"), href=here("/invoices"), cls="btn btn-second mt-5")
    return el.section(
        h2(title, cls="mt-8 mb-3"),
        rx.cond(
            S.rows.length() > 0,
            el.ul(each(S.rows, row), class_name="card"),
            rx.cond(
                S.filtered,
                card(empty("receipt-text", _("No invoices here"), _("Nothing fits what you chose."), again)),
                card(empty("receipt-text", _("Nothing here yet"), _("What you have paid is kept here."))),
            ),
        ),
        pager(S.page),
    )


def one_chip(item) -> rx.Component:
    return el.li(chip(item.label, item.href, item.on))


def row(item) -> rx.Component:
    return el.li(
        el.div(
            el.h3(
                link(item.title, href=item.href, cls="row-link font-bold text-ink"), class_name="leading-6"
            ),
            el.p(item.about, class_name="text-sm text-ink-2"),
            el.div(status_tag(item.tone, item.status), class_name="mt-1.5"),
            class_name="flex-1 min-w-0",
        ),
        el.span(item.amount, class_name="tnum font-bold leading-6"),
        icon("chevron-right", 20, "text-ink-3 mt-[2px]"),
        class_name=ROW + " last:border-0",
    )


def waiting() -> rx.Component:
    """The same boxes and headings as the page, so that nothing moves when the data comes."""

    def one() -> rx.Component:
        words = el.div(
            skel("h-6 w-44"), skel("h-[22px] w-28 mt-px"), skel("h-6 w-36 mt-[7px]"), class_name="flex-1"
        )
        return el.div(
            words, skel("h-6 w-16"), class_name="flex p-4 md:px-5 border-b border-line last:border-0"
        )

    figure = el.div(skel("h-6 w-20"), skel("h-11 w-40 mt-px"), skel("h-6 w-24 mt-1"), class_name="flex-1")
    return loading(
        _("Getting your invoices…"),
        card(
            skel("size-14"),
            el.div(skel("h-5 w-32"), skel("h-6 w-48 mt-1")),
            cls="p-4 md:px-5 mb-4 flex items-center gap-4",
        ),
        card(figure, skel("h-12 w-full sm:w-52"), cls=OWED),
        el.div(*[skel("h-11 w-24 rounded-full!") for _i in range(3)], class_name="flex gap-2 mt-6"),
        h2(_("To pay"), cls="mt-8 mb-3"),
        el.div(one(), one(), class_name="card"),
        h2(_("History"), cls="mt-8 mb-3"),
        el.div(one(), one(), one(), class_name="card"),
    )
