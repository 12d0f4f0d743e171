"""What staff may change of one membership: pause, plan, bill day, end, one member's end, renewal of an expired one."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, h2
from portal_app.pages.staff.list_parts import small_button
from portal_app.pages.staff.memberships.form_parts import (
    checked_choice,
    checked_field,
    disclosure,
    submit_small,
    tick,
)
from portal_app.state.staff.memberships.membership import StaffMembershipState

S = StaffMembershipState


def change_forms() -> rx.Component:
    look = "grid md:grid-cols-2 gap-4 items-start"
    return el.div(
        rx.cond(
            S.may_change,
            el.div(
                plan_form(),
                pause_form(),
                bill_day_form(),
                coupon_form(),
                rx.cond(S.current_members.length() > 1, member_end_form()),
                end_form(),
                class_name=look,
            ),
            rx.cond(S.may_end, el.div(end_form(), class_name=look)),
        ),
        rx.cond(S.renewals.length() > 0, renewal_card()),
    )


def one_form(handler: Any, *body: Any) -> rx.Component:
    return el.form(*body, on_submit=handler, no_validate=True, data_busy=busy_mark(S.busy), class_name="pb-3")


def option(item) -> rx.Component:
    return el.option(item.name, value=item.id)


def plan_form() -> rx.Component:
    return disclosure(
        _("Change the plan"),
        el.p(_("From the next bill date that has no invoice."), class_name="text-sm text-ink-2"),
        one_form(
            S.ask_plan,
            checked_choice(S, _("New plan"), "plan", each(S.other_plans, option), form="plan"),
            submit_small(_("Show the price…")),
        ),
    )


def pause_form() -> rx.Component:
    return disclosure(
        _("Pause the membership"),
        el.p(
            _("No invoices are made in the pause, and the contract ends later."),
            class_name="text-sm text-ink-2",
        ),
        one_form(
            S.ask_pause,
            checked_field(S, _("First day of the pause"), "first_day", "date", form="pause"),
            checked_field(S, _("Last day of the pause"), "pause_last_day", "date", form="pause"),
            checked_field(S, _("Reason for the pause"), "pause_reason", form="pause"),
            submit_small(_("Pause…")),
        ),
    )


def bill_day_form() -> rx.Component:
    return disclosure(
        _("Move the bill day"),
        el.p(_("The days between are free."), class_name="text-sm text-ink-2"),
        one_form(
            S.ask_bill_day,
            checked_field(
                S, _("Day of the month, from 1 to 28"), "bill_day", "number", form="bill_day", max_length=2
            ),
            submit_small(_("Show the dates…")),
        ),
    )


def member_end_form() -> rx.Component:
    return disclosure(
        _("End one member"),
        el.p(
            _("Without a day it ends with the running period. What was paid of later periods is refunded."),
            class_name="text-sm text-ink-2",
        ),
        one_form(
            S.ask_member_end,
            checked_choice(S, _("Member"), "member", each(S.current_members, option), form="member"),
            checked_field(S, _("Last day"), "last_day", "date", form="member"),
            checked_field(S, _("Reason"), "reason", form="member"),
            submit_small(_("End the member…")),
        ),
    )


def coupon_form() -> rx.Component:
    return disclosure(
        _("Add a coupon"),
        el.p(_("From the next bill date that has no invoice."), class_name="text-sm text-ink-2"),
        one_form(
            S.ask_coupon,
            checked_field(S, _("Coupon code"), "coupon", form="coupon"),
            submit_small(_("Show the price…")),
        ),
    )


def end_form() -> rx.Component:
    return disclosure(
        _("End the membership"),
        el.p(
            _("Without a day it ends with the running period, and nothing is given back."),
            class_name="text-sm text-ink-2",
        ),
        one_form(
            S.ask_end,
            checked_field(S, _("Last day"), "last_day", "date", form="end"),
            checked_field(S, _("Reason"), "reason", form="end"),
            tick("refund", _("Refund the unearned part of what was paid")),
            submit_small(_("End…")),
        ),
    )


def renewal_card() -> rx.Component:
    def way(item) -> rx.Component:
        return el.div(
            el.h3(item.title, class_name="font-bold"),
            el.ul(
                each(item.lines, lambda line: el.li(line, key=line)),
                class_name="tnum text-sm text-ink-2 mt-1",
            ),
            el.p(_("Invoiced now:"), " ", el.b(item.sum, class_name="tnum"), class_name="mt-1"),
            small_button(
                _("Renew…"),
                el.span(" ", item.title, class_name="sr-only"),
                on_click=S.ask_renewal(item.from_old_date),
                cls="mt-3",
            ),
            class_name="flex-1 min-w-56",
            key=item.title,
        )

    return card(
        h2(_("Renew the expired contract")),
        el.div(each(S.renewals, way), class_name="flex flex-wrap gap-6 mt-3"),
        cls="p-5",
    )
