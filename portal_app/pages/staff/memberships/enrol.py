"""/staff/enrol: who pays, plan, members, start and coupon of a new membership, with its price."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    back,
    card,
    el,
    empty,
    field_error,
    figure_row,
    h2,
    icon,
    link,
    notice,
    refusal_feedback,
)
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import page_body, page_header, small_field, small_input
from portal_app.pages.staff.memberships.form_parts import checked_choice, checked_field, submit_small
from portal_app.state.staff.memberships.enrol import EnrolState

S = EnrolState


@page("/staff/enrol", "Enrol", on_load=S.load, side="staff", active="/staff/memberships")
def enrol() -> rx.Component:
    body = rx.cond(S.missing, missing(), rx.cond(S.payer != "", enrolment_form(), search()))
    return el.div(
        back(_("Back to memberships"), here("/staff/memberships")),
        page_header(_("Enrol")),
        page_body(S.ready, body, _("Getting the plans…")),
    )


def missing() -> rx.Component:
    find = link(_("Find a patient"), href=here("/staff/enrol"), cls="btn btn-second mt-5")
    return card(empty("users", _("Whom is it for?"), _("Find the patient first."), find), cls="mt-5")


def search() -> rx.Component:
    def person(item) -> rx.Component:
        return el.li(
            link(item.name, href=item.href, cls="link inline-flex items-center min-h-11"),
            el.span(item.detail, class_name="text-sm text-ink-2 ml-auto text-right"),
            class_name="flex flex-wrap items-center gap-x-4 px-5 border-t border-line first:border-0",
            key=item.id,
        )

    nothing = empty("search", _("Nobody fits"), _("Try a part of the name, or the chart number."))
    return el.div(
        el.form(
            small_field(
                _("Who pays? Name or chart number"),
                small_input("q", "search", default_value=S.text, max_length=80),
                name="q",
            ),
            el.button(
                icon("search", 18),
                _("Search"),
                type="submit",
                class_name="btn btn-second btn-small min-h-10!",
            ),
            on_submit=S.find_people,
            no_validate=True,
            role="search",
            key=S.text,
            class_name="flex flex-wrap items-end gap-3",
        ),
        rx.cond(
            S.text != "",
            card(rx.cond(S.found.length() > 0, el.ul(each(S.found, person)), nothing), cls="overflow-hidden"),
        ),
        class_name="space-y-5 mt-5",
    )


def enrolment_form() -> rx.Component:
    none = empty(
        "badge-check",
        _("No plans yet"),
        _("A plan says what members pay and what they get."),
        link(_("Plans"), href=here("/staff/plans"), cls="btn btn-second mt-5"),
    )
    return el.div(
        el.p(fill_var("Paid by {name}", name=S.payer), class_name="text-lg font-semibold mt-2"),
        refusal_feedback(S),
        rx.cond(
            S.plans.length() > 0,
            el.form(
                el.div(choices(), price_card(), class_name="grid lg:grid-cols-2 gap-5 items-start"),
                submit_small(_("Enrol"), kind="primary", cls="mt-5"),
                on_submit=S.enrol,
                no_validate=True,
                data_guard="1",
                data_busy=busy_mark(S.busy),
                class_name="mt-4",
            ),
            card(none, cls="mt-5"),
        ),
    )


def changes(field: str):
    """An event handler that tells the state what was chosen, for the price."""
    return lambda value: S.choose(field, value)


def choices() -> rx.Component:
    def person(item) -> rx.Component:
        box = el.input(
            type="checkbox",
            name=item.id,
            checked=item.chosen,
            on_change=S.toggle_member(item.id).stop_propagation,
            class_name="check",
        )
        words = el.span(
            el.span(item.name, class_name="block font-semibold"),
            el.span(item.born, class_name="block text-sm text-ink-2"),
            class_name="min-w-0",
        )
        return el.label(box, words, class_name="flex gap-3 items-center min-h-11 mt-1", key=item.id)

    wrong = field_error(S, "members")
    return card(
        checked_choice(
            S,
            _("Plan"),
            "plan",
            each(S.plans, lambda plan: el.option(plan.name, value=plan.id)),
            on_change=changes("plan"),
        ),
        el.fieldset(
            el.legend(_("Who becomes a member"), class_name="text-sm font-semibold"),
            each(S.people, person),
            rx.cond(wrong != "", el.p(wrong, id="members-error", class_name="text-late font-bold")),
            class_name="mt-4",
        ),
        checked_field(S, _("First day"), "start", "date", default_value=S.start, on_change=changes("start")),
        checked_field(S, _("Coupon (optional)"), "coupon", max_length=40, on_blur=changes("coupon")),
        cls="p-5",
    )


def price_card() -> rx.Component:
    return card(
        h2(_("Price of a period")),
        el.div(
            rx.cond(S.trouble != "", notice("late", S.trouble, cls="mt-3")),
            rx.cond(
                S.amount != "",
                el.dl(
                    each(S.price, lambda line: figure_row(line.text, line.amount)),
                    figure_row(_("Each period"), S.amount),
                    rx.cond(S.fee != "", figure_row(_("Enrolment fee"), S.fee)),
                    figure_row(_("First invoice"), S.first),
                    rx.cond(S.contract_end != "", figure_row(_("Contract ends"), S.contract_end)),
                    class_name="mt-2",
                ),
            ),
            rx.cond(
                S.above_limit,
                notice("due", _("Above the monthly limit of direct primary care."), cls="mt-3"),
            ),
            role="status",
        ),
        cls="p-5",
    )
