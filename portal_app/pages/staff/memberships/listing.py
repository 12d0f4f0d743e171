"""/staff/memberships: the list, its sums, and what changed this month."""

import reflex as rx

from portal_app.components.form_fields import hidden
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import card, el, empty, h2, icon, link, notice, pager, status_tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import (
    CARD,
    LEFT,
    RIGHT,
    cards,
    export_link,
    fact,
    page_body,
    page_header,
    select,
    small_field,
    small_input,
    table,
)
from portal_app.state.staff.memberships.labels import LAST_CHARGES, STATUSES
from portal_app.state.staff.memberships.listing import MembershipListState

S = MembershipListState


@page("/staff/memberships", "Memberships", on_load=S.load, side="staff")
def memberships() -> rx.Component:
    return el.div(
        page_header(_("Memberships"), actions()),
        rx.cond(
            S.waiting != "",
            link(S.waiting, href=here("/staff/memberships/joining"), cls="btn btn-second mt-4"),
        ),
        page_body(
            S.ready,
            el.div(
                rx.cond(S.missing_permission != "", notice("info", S.missing_permission)),
                filters(),
                sums(),
                membership_list(),
                changes(),
                class_name="space-y-5 mt-5",
            ),
            _("Getting the memberships…"),
        ),
    )


def actions() -> rx.Component:
    return el.div(
        rx.cond(S.may_export, export_link(S.export_href)),
        link(_("Plans"), href=here("/staff/plans"), cls="btn btn-second btn-small"),
        rx.cond(
            S.may_change,
            link(icon("plus", 18), _("Enrol"), href=S.enrol_href, cls="btn btn-primary btn-small"),
        ),
        class_name="flex flex-wrap gap-2",
    )


def filters() -> rx.Component:
    search = el.button(
        icon("search", 18),
        _("Search"),
        type="submit",
        class_name="btn btn-second btn-small min-h-10!",
    )
    return el.div(
        el.form(
            hidden("account", S.filters["account"]),
            *filter_fields(),
            search,
            on_submit=S.search_memberships,
            no_validate=True,
            role="search",
            key=S.filters_key,
            class_name="flex flex-wrap items-end gap-3 no-print",
        ),
        rx.cond(
            S.person != "",
            el.p(
                fill_var("Only those of {person}", person=S.person),
                " · ",
                link(_("Show all"), href=here("/staff/memberships")),
                class_name="mt-3",
            ),
        ),
    )


def filter_fields() -> list[rx.Component]:
    chosen, anything = S.filters, [("", _("Any"))]
    statuses = anything + [(status.value, _(words[1])) for status, words in STATUSES.items()]
    last = anything + [(value.value, _(words)) for value, words in LAST_CHARGES.items()]
    plan = el.select(
        el.option(_("Any"), value=""),
        each(S.plans, lambda plan: el.option(plan.name, value=plan.id)),
        name="plan",
        default_value=chosen["plan"],
        class_name="input input-small max-w-56",
        custom_attrs={"id": "plan"},
    )
    until = small_input("until", "date", default_value=chosen["until"])
    name = small_input("q", "search", default_value=chosen["q"], max_length=80)
    return [
        small_field(_("Name"), name, name="q"),
        small_field(_("Status"), select("status", statuses, default_value=chosen["status"]), name="status"),
        small_field(_("Plan"), plan, name="plan"),
        small_field(_("Next invoice by"), until, name="until"),
        small_field(_("Last invoice"), select("last", last, default_value=chosen["last"]), name="last"),
    ]


def sums() -> rx.Component:
    return card(
        el.dl(
            fact(_("Memberships found"), S.count),
            fact(_("Members of running memberships"), S.people),
            fact(_("Each month, of what the portal bills"), S.monthly),
            class_name="tnum max-w-[36rem]",
        ),
        rx.cond(S.without_price != "", notice("late", S.without_price, cls="mt-3")),
        cls="p-5",
    )


def membership_list() -> rx.Component:
    nothing = empty("search", _("Nothing fits"), _("Try a part of the name, or another status."))
    return el.div(
        card(
            rx.cond(S.rows.length() > 0, el.div(rows_table(), cards(S.rows, row_card)), nothing),
            cls="overflow-hidden",
        ),
        pager(S.page, oldest_first=True),
    )


def rows_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.th(link(item.owner, href=item.href, cls="link py-2"), scope="row", class_name=LEFT),
            el.td(item.plan),
            el.td(status_tag(item.tone, item.status)),
            el.td(item.members),
            el.td(item.next_bill, class_name="whitespace-nowrap"),
            el.td(item.amount, class_name=f"{RIGHT} tnum"),
            el.td(item.last, class_name="tnum"),
            key=item.id,
        )

    heads = [
        (_("Name"), LEFT),
        (_("Plan"), LEFT),
        (_("Status"), LEFT),
        (_("How many members"), LEFT),
        (_("Next invoice"), LEFT),
        (_("Amount"), RIGHT),
        (_("Last invoice"), LEFT),
    ]
    return table(_("Memberships"), heads, S.rows, table_row)


def row_card(item) -> rx.Component:
    return el.li(
        el.div(
            link(item.owner, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.p(item.plan, " · ", item.members, class_name="text-sm text-ink-2"),
            el.div(status_tag(item.tone, item.status), class_name="mt-1"),
            class_name="flex-1 min-w-0",
        ),
        el.div(
            el.p(item.amount, class_name="tnum font-bold"),
            el.p(item.next_bill, class_name="text-sm text-ink-2"),
            class_name="text-right",
        ),
        class_name=CARD,
        key=item.id,
    )


def changes() -> rx.Component:
    def change_row(item) -> rx.Component:
        return el.li(
            el.span(item.day, class_name="tnum text-ink-2 w-16 flex-none"),
            link(item.owner, href=item.href),
            el.span(item.what, class_name="text-right ml-auto"),
            class_name="flex flex-wrap items-center gap-3 min-h-11 border-b border-line last:border-0",
            key=item.key,
        )

    return card(
        h2(_("Changed this month")),
        el.ul(
            each(
                S.counts, lambda line: el.li(line, class_name="tag bg-quiet-soft text-quiet tnum", key=line)
            ),
            class_name="flex flex-wrap gap-2 mt-2",
        ),
        rx.cond(
            S.changes.length() > 0,
            el.ul(each(S.changes, change_row), class_name="mt-2"),
            el.p(_("Nothing has changed this month."), class_name="text-ink-2 mt-2"),
        ),
        cls="p-5",
    )
