"""/staff/plans: every plan with its price and how many memberships have it."""

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import back, card, el, empty, icon, link, notice, status_tag, tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import CARD, LEFT, cards, page_body, page_header, table
from portal_app.state.staff.memberships.plans import PlanListState

S = PlanListState


@page("/staff/plans", "Plans", on_load=S.load, side="staff", active="/staff/memberships")
def plans() -> rx.Component:
    actions = rx.cond(
        S.may_change,
        el.div(
            link(_("Coupons"), href=here("/staff/coupons"), cls="btn btn-second btn-small"),
            link(
                icon("plus", 18),
                _("New plan"),
                href=here("/staff/plans/new"),
                cls="btn btn-primary btn-small",
            ),
            class_name="flex flex-wrap gap-2",
        ),
    )
    return el.div(
        back(_("Back to memberships"), here("/staff/memberships")),
        page_header(_("Plans"), actions),
        page_body(
            S.ready,
            el.div(
                rx.cond(S.missing_permission != "", notice("info", S.missing_permission, cls="mt-4")),
                plan_list(),
            ),
            _("Getting the plans…"),
        ),
    )


def plan_list() -> rx.Component:
    nothing = empty("badge-check", _("No plans yet"), _("A plan says what members pay and what they get."))
    return card(
        rx.cond(S.rows.length() > 0, el.div(plan_table(), cards(S.rows, plan_card)), nothing),
        cls="overflow-hidden mt-5",
    )


def limit_tag(item) -> rx.Component:
    return rx.cond(item.above_limit, tag("due", _("Above the monthly limit")))


def plan_table() -> rx.Component:
    def table_row(item) -> rx.Component:
        return el.tr(
            el.th(link(item.name, href=item.href, cls="link py-2"), scope="row", class_name=LEFT),
            el.td(item.period),
            el.td(item.price, " ", limit_tag(item), class_name="tnum"),
            el.td(item.memberships, class_name="whitespace-nowrap"),
            el.td(status_tag(item.tone, item.status)),
            key=item.id,
        )

    heads = [
        (_("Plan"), LEFT),
        (_("Period"), LEFT),
        (_("Price"), LEFT),
        (_("Memberships"), LEFT),
        (_("Status"), LEFT),
    ]
    return table(_("Plans"), heads, S.rows, table_row)


def plan_card(item) -> rx.Component:
    return el.li(
        el.div(
            link(item.name, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.p(item.period, " · ", item.memberships, class_name="text-sm text-ink-2"),
            el.p(item.price, class_name="text-sm tnum"),
            el.div(
                status_tag(item.tone, item.status), limit_tag(item), class_name="mt-1 flex flex-wrap gap-2"
            ),
            class_name="flex-1 min-w-0",
        ),
        class_name=CARD,
        key=item.id,
    )
