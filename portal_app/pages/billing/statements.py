"""/statements: what happened on the account in a period; PDF, print, email; documents for taxes and health accounts."""

import reflex as rx

from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, each
from portal_app.components.kit import (
    account_picker,
    button,
    card,
    chip,
    el,
    empty,
    feedback,
    figure_row,
    h1,
    h2,
    icon,
    loaded,
    loading,
    pager,
    raw_a,
    skel,
    submit,
    summary_row,
)
from portal_app.components.layout import letterhead
from portal_app.components.screen import page
from portal_app.state.billing.statements import StatementsState

S = StatementsState
BOX = "p-5 md:p-6"
CELL = "py-2.5 align-top"


@page("/statements", "Statements", on_load=StatementsState.load)
def statements() -> rx.Component:
    return el.div(
        h1(_("Statements")),
        el.div(
            loaded(S, shown(), waiting(), not_there()),
            class_name="mt-5",
        ),
    )


def not_there() -> rx.Component:
    return card(
        empty(
            "file-text",
            _("We could not find that statement"),
            _("You see statements of the account that you answer for."),
        )
    )


def shown() -> rx.Component:
    return el.div(
        letterhead(),
        account_picker(S.accounts),
        periods(),
        rx.cond(S.period != "", statement(), feedback(S, "")),
        papers(),
        class_name="space-y-5",
    )


def periods() -> rx.Component:
    look = "flex flex-wrap gap-2"
    people = el.ul(each(S.people, one_chip), class_name=f"{look} mt-2", aria_label=_("By person"))
    return el.div(
        el.nav(
            el.ul(each(S.presets, one_chip), class_name=look, aria_label=_("Period")),
            rx.cond(S.people.length() > 0, people),
            aria_label=_("Show only"),
        ),
        el.details(
            el.summary(_("Another period"), class_name="link inline-flex items-center min-h-11 w-fit"),
            form(
                el.div(
                    day(_("First day"), "from", S.first),
                    day(_("Last day"), "to", S.last),
                    class_name="flex flex-wrap gap-4",
                ),
                submit(_("Show"), cls="mt-4"),
                busy=S.busy,
                sending=_("Getting your statement…"),
                on_submit=S.choose_period,
                cls="mt-2",
            ),
            open=S.period == "",
            class_name="mt-2",
        ),
        class_name="no-print",
    )


def day(label: str, name: str, value: rx.Var[str]) -> rx.Component:
    typed = text_input(
        name,
        "date",
        form_error=rx.cond(S.period == "", S.message, ""),
        default_value=value,
        key=value,
        cls="max-w-48",
    )
    return field(label, name, typed, cls="min-w-0")


def one_chip(item) -> rx.Component:
    return el.li(chip(item.label, item.href, item.on))


def statement() -> rx.Component:
    return card(
        el.div(
            el.div(
                h2(S.period),
                el.p(S.whose, class_name="text-ink-2"),
                class_name="min-w-0",
            ),
            el.div(
                el.p(_("Balance on the last day"), class_name="text-sm text-ink-2"),
                el.p(S.closing, class_name="text-xl font-bold tnum"),
                class_name="sm:text-right",
            ),
            class_name="flex flex-wrap justify-between gap-x-6 gap-y-3",
        ),
        activity(),
        pager(S.page, oldest_first=True),
        rx.cond(S.posting.length() > 0, being_posted()),
        el.h3(_("In short"), class_name="font-bold mt-6"),
        el.dl(
            summary_row(_("Balance at the start"), S.opening),
            each(S.sums, sum_row),
            summary_row(el.b(_("Balance at the end")), S.closing),
            class_name="mt-1",
        ),
        rx.cond(S.persons.length() > 0, by_person()),
        actions(),
        cls=BOX,
    )


def activity() -> rx.Component:
    """A table on a desktop; on a phone each line is a small block with its two figures."""
    head = el.thead(
        el.tr(
            el.th(_("Date"), scope="col", class_name="text-left py-2 pr-4 font-semibold"),
            el.th(_("Description"), scope="col", class_name="text-left py-2 pr-4 font-semibold"),
            el.th(_("Amount"), scope="col", class_name="text-right py-2 pr-4 font-semibold"),
            el.th(_("Balance"), scope="col", class_name="text-right py-2 font-semibold"),
            class_name="text-sm text-ink-2 border-b border-line",
        ),
        class_name="sr-only sm:not-sr-only",
    )
    start = entry(S.start_day, S.start_words, "", "", S.start)
    return el.table(
        el.caption(_("What happened"), class_name="text-left font-bold pb-1"),
        head,
        el.tbody(start, each(S.rows, one_entry)),
        class_name="w-full mt-6",
    )


def one_entry(item) -> rx.Component:
    return entry(item.when, item.what, item.who, item.amount, item.running)


def entry(when, what, who, amount, running) -> rx.Component:
    balance = el.span(_("Balance"), " ", class_name="sm:hidden text-ink-2 font-normal")
    return el.tr(
        el.td(
            when,
            class_name=f"{CELL} pr-4 sm:whitespace-nowrap text-ink-2 block sm:table-cell max-sm:pb-0",
        ),
        el.th(
            what,
            rx.cond(who != "", el.span(who, class_name="block text-sm font-normal text-ink-2")),
            scope="row",
            class_name=f"{CELL} pr-4 text-left font-semibold block sm:table-cell max-sm:py-0",
        ),
        el.td(
            amount,
            class_name=f"{CELL} pr-4 text-right tnum whitespace-nowrap inline-block sm:table-cell max-sm:min-w-1/2 max-sm:text-left",
        ),
        el.td(
            balance,
            running,
            class_name=f"{CELL} text-right tnum font-semibold whitespace-nowrap inline-block sm:table-cell max-sm:min-w-1/2",
        ),
        class_name="border-b border-line block sm:table-row",
    )


def being_posted() -> rx.Component:
    """What was received by the last day and is not in the balance yet (STMT-5)."""
    return el.div(
        el.h3(_("Received, being posted"), class_name="font-bold"),
        el.dl(
            each(S.posting, sum_row),
            summary_row(el.b(_("After posting")), S.after_posting),
            class_name="mt-1",
        ),
        class_name="mt-6 rounded-lg bg-info-soft p-4",
    )


def sum_row(item) -> rx.Component:
    return figure_row(item.label, item.amount)


def by_person() -> rx.Component:
    return el.div(
        el.h3(_("By person"), class_name="font-bold"),
        el.ul(each(S.persons, person_row), class_name="mt-1"),
        class_name="mt-6",
    )


def person_row(item) -> rx.Component:
    """Lines, not a table: three figures in a row do not fit a phone."""
    about = el.p(
        el.span(_("Charges"), " ", item.charges, class_name="inline-block"),
        " · ",
        el.span(_("Payments and credits"), " ", item.payments, class_name="inline-block"),
        class_name="text-sm text-ink-2 tnum",
    )
    return el.li(
        el.div(el.p(item.name, class_name="font-semibold"), about, class_name="min-w-0"),
        el.span(item.together, class_name="tnum font-semibold whitespace-nowrap"),
        class_name="flex justify-between gap-4 py-2.5 border-b border-line last:border-0",
    )


def actions() -> rx.Component:
    return el.div(
        el.div(
            download(_("Download PDF"), S.pdf),
            button(_("Print"), kind="second", custom_attrs={"data-print": "1"}),
            button(icon("mail", 19), _("Email it to me"), kind="second", on_click=S.email_statement),
            class_name="flex flex-wrap gap-3",
        ),
        feedback(S),
        class_name="no-print mt-6",
    )


def download(text, href) -> rx.Component:
    return raw_a(
        icon("download", 19), text, href=href, class_name="btn btn-second", custom_attrs={"download": ""}
    )


def papers() -> rx.Component:
    """What taxes and health accounts ask for."""
    return card(
        h2(_("For taxes and health accounts")),
        rx.cond(
            S.years.length() > 0,
            el.div(
                el.p(_("All payments of a year, as a list:"), class_name="mt-2"),
                el.ul(each(S.years, year), class_name="flex flex-wrap gap-3 mt-2"),
            ),
        ),
        rx.cond(
            S.itemised != "",
            el.div(
                el.p(
                    _(
                        "The itemized receipt says who had which service, when and by whom, with its code, charge and what was paid. HSA, FSA and insurers ask for it. It is for the period above."
                    ),
                    class_name="mt-5",
                ),
                el.div(download(_("Itemized receipt"), S.itemised), class_name="mt-2"),
            ),
        ),
        cls=f"{BOX} no-print",
    )


def year(item) -> rx.Component:
    return el.li(download(item.label, item.href))


def waiting() -> rx.Component:
    return loading(
        _("Getting your statement…"),
        el.div(*[skel("h-11 w-28 rounded-full!") for _i in range(4)], class_name="flex flex-wrap gap-2"),
        card(skel("h-7 w-64"), skel("h-10 w-full mt-6"), skel("h-10 w-full mt-2"), cls=f"{BOX} mt-5"),
    )
