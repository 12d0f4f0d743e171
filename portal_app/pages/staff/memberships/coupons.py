"""/staff/coupons: the coupons of memberships, a new one, and switching one off."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, hidden
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import back, card, el, empty, feedback, h2, status_tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import CARD, page_body, page_header, small_button
from portal_app.pages.staff.memberships.form_parts import (
    checked_choice,
    checked_field,
    question,
    submit_small,
)
from portal_app.state.staff.memberships.coupons import CouponsState

S = CouponsState


@page("/staff/coupons", "Coupons", on_load=S.load, side="staff", active="/staff/memberships")
def coupons() -> rx.Component:
    return el.div(
        back(_("Back to plans"), here("/staff/plans")),
        page_header(_("Coupons")),
        page_body(
            S.ready,
            el.div(
                feedback(S),
                question(S),
                el.div(coupon_list(), new_coupon(), class_name="space-y-5 mt-5"),
            ),
            _("Getting the coupons…"),
        ),
    )


def coupon_list() -> rx.Component:
    nothing = empty("badge-check", _("No coupons yet"), _("A coupon takes a part off the price of a period."))
    return card(rx.cond(S.rows.length() > 0, el.ul(each(S.rows, coupon_row)), nothing), cls="overflow-hidden")


def coupon_row(item) -> rx.Component:
    off = small_button(
        _("Switch off…"),
        el.span(" ", item.code, class_name="sr-only"),
        on_click=S.ask_off(item.id, item.code),
        cls="flex-none self-start",
    )
    return el.li(
        el.div(
            el.p(item.code, class_name="font-bold wrap-anywhere"),
            rx.cond(item.name != "", el.p(item.name, class_name="wrap-anywhere")),
            el.p(item.reduction, " ", item.limits, class_name="text-sm text-ink-2 tnum"),
            rx.cond(item.plan != "", el.p(item.plan, class_name="text-sm text-ink-2")),
            el.div(
                status_tag(item.tone, item.status),
                el.span(item.uses, class_name="text-sm text-ink-2 tnum"),
                class_name="flex flex-wrap items-center gap-2 mt-1",
            ),
            class_name="flex-1 min-w-0",
        ),
        rx.cond(item.off, rx.fragment(), off),
        class_name=CARD,
        key=item.id,
    )


def new_coupon() -> rx.Component:
    return card(
        h2(_("New coupon")),
        el.form(
            hidden("coupon", S.coupon),
            el.div(
                checked_field(S, _("Code"), "code", max_length=30),
                checked_field(S, _("Name (only staff see it)"), "name", max_length=120),
                checked_field(S, _("Percent off"), "percent", "number"),
                checked_field(S, _("Or amount off"), "amount", "money"),
                checked_field(S, _("For how many periods (empty: all)"), "periods", "number"),
                checked_field(S, _("How many memberships may use it (empty: any)"), "uses_at_most", "number"),
                checked_field(S, _("First day to use it"), "first_day", "date"),
                checked_field(S, _("Last day to use it"), "last_day", "date"),
                checked_choice(
                    S,
                    _("Plan"),
                    "plan",
                    el.option(_("Every plan"), value=""),
                    each(S.plans, lambda plan: el.option(plan.name, value=plan.id)),
                ),
                class_name="grid sm:grid-cols-2 gap-x-4 items-end",
            ),
            submit_small(_("Save the coupon"), kind="primary"),
            on_submit=S.create,
            no_validate=True,
            data_guard="1",
            data_busy=busy_mark(S.busy),
            key=S.coupon,
        ),
        cls="p-5 max-w-[48rem]",
    )
