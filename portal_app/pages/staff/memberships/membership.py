"""/staff/memberships/[id]: one membership with its members, invoices and history, and what staff change of it."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.components.i18n import _, each, here
from portal_app.components.kit import (
    back,
    card,
    el,
    empty,
    feedback,
    h2,
    link,
    notice,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import fact, page_body, page_header, small_button
from portal_app.pages.staff.memberships.form_parts import question
from portal_app.pages.staff.memberships.membership_forms import change_forms
from portal_app.state.staff.memberships.membership import StaffMembershipState

S = StaffMembershipState


def title():
    return rx.cond(S.owner != "", S.owner, _("Membership"))


@page("/staff/memberships/[id]", title, on_load=S.load, side="staff", active="/staff/memberships")
def membership() -> rx.Component:
    missing = card(
        empty("users", _("We could not find that membership"), _("Search for its owner.")), cls="mt-3"
    )
    return el.div(
        back(_("Back to memberships"), here("/staff/memberships")),
        page_body(S.ready, rx.cond(S.missing, missing, content()), _("Getting the membership…")),
    )


def content() -> rx.Component:
    return el.div(
        page_header(S.owner, status_tag(S.tone, S.status), sub=S.plan),
        feedback(S),
        question(
            S, el.ul(each(S.question_lines, lambda line: el.li(line, key=line)), class_name="tnum mt-1")
        ),
        rx.cond(S.trouble != "", notice("late", S.trouble, cls="mt-4")),
        rx.cond(
            S.above_limit,
            notice("due", _("Above the monthly limit of direct primary care."), cls="mt-4"),
        ),
        rx.cond(S.missing_permission != "", notice("info", S.missing_permission, cls="mt-4")),
        el.div(
            facts(),
            lines(_("Members of this membership"), S.members),
            rx.cond(S.pauses.length() > 0, lines(_("Pauses"), S.pauses, end_pause)),
            lines(_("Invoices"), S.invoices, bill_again),
            change_forms(),
            lines(_("History"), S.history),
            class_name="space-y-5 mt-5",
        ),
    )


def facts() -> rx.Component:
    return card(
        el.dl(
            fact(_("Paid by"), link(S.owner, href=S.owner_href)),
            rx.cond(S.next_bill != "", fact(_("Next invoice"), S.next_bill)),
            rx.cond(S.next_amount != "", fact(_("Amount"), S.next_amount)),
            rx.cond(S.coming_plan != "", fact(_("Plan from the next invoice on"), S.coming_plan)),
            rx.cond(S.coupons != "", fact(_("Coupons"), S.coupons)),
            rx.cond(S.contract_end != "", fact(_("Contract ends"), S.contract_end)),
            rx.cond(S.ends_on != "", fact(_("Last day"), S.ends_on)),
            rx.cond(S.paid_with != "", fact(_("Paid automatically with"), S.paid_with)),
            class_name="tnum max-w-[36rem]",
        ),
        rx.cond(
            S.may_end,
            el.div(
                rx.cond(
                    S.ends_on != "",
                    small_button(_("Take the end back…"), on_click=S.ask_take_back_end),
                ),
                rx.cond(
                    S.paid_with != "",
                    small_button(_("Turn off automatic payment…"), on_click=S.ask_stop_autopay),
                ),
                class_name="flex flex-wrap gap-3 mt-3 empty:hidden",
            ),
        ),
        cls="p-5",
    )


def end_pause(item) -> rx.Component:
    return rx.cond(
        S.may_change,
        small_button(
            _("End the pause…"),
            el.span(" ", item.title, class_name="sr-only"),
            on_click=S.ask_pause_end(item.key),
        ),
    )


def bill_again(item) -> rx.Component:
    return rx.cond(
        S.may_bill_again & (item.again != ""),
        small_button(
            _("Bill this period again…"),
            el.span(" ", item.detail, class_name="sr-only"),
            on_click=S.ask_bill_again(item.again),
        ),
    )


def lines(heading: str, rows: Any, action: Callable[[Any], rx.Component] | None = None) -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.title, class_name="font-semibold"),
                el.p(item.detail, class_name="text-sm text-ink-2"),
                rx.cond(item.status != "", status_tag(item.tone, item.status)),
                class_name="flex-1 min-w-44",
            ),
            el.span(item.amount, class_name="tnum text-ink-2"),
            action(item) if action else rx.fragment(),
            class_name="flex flex-wrap gap-x-4 gap-y-2 py-2 border-b border-line last:border-0",
            key=item.key,
        )

    nothing = el.p(_("Nothing yet."), class_name="text-ink-2 mt-2")
    return card(
        h2(heading),
        rx.cond(rows.length() > 0, el.ul(each(rows, one), class_name="mt-2"), nothing),
        cls="p-5",
    )
