"""/staff/plans/[id]: one plan with its prices, a new price, retire; "new" in place of the id makes a plan."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import back, card, el, empty, feedback, field_error, h2, notice, status_tag
from portal_app.components.screen import page
from portal_app.pages.staff.agreements.plan_choice import plan_agreement
from portal_app.pages.staff.list_parts import page_body, page_header, small_button
from portal_app.pages.staff.memberships.form_parts import (
    checked_area,
    checked_choice,
    checked_field,
    checked_select,
    question,
    submit_small,
    tick,
)
from portal_app.state.staff.agreements.plan_choice import PlanAgreementState
from portal_app.state.staff.memberships.labels import PERIODS
from portal_app.state.staff.memberships.plan import PlanState

S = PlanState


def title():
    return rx.cond(S.name != "", S.name, rx.cond(S.new, _("New plan"), _("Plan")))


@page(
    "/staff/plans/[id]",
    title,
    on_load=[S.load, PlanAgreementState.load],
    side="staff",
    active="/staff/memberships",
)
def plan() -> rx.Component:
    missing = card(
        empty("badge-check", _("We could not find that plan"), _("Look for it in the list.")), cls="mt-3"
    )
    body = rx.cond(S.missing, missing, rx.cond(S.new, new_plan(), one_plan()))
    return el.div(
        back(_("Back to plans"), here("/staff/plans")),
        page_body(S.ready, body, _("Getting the plan…")),
    )


def new_plan() -> rx.Component:
    return el.div(
        page_header(_("New plan")),
        feedback(S),
        rx.cond(
            S.may_change,
            el.form(
                card(facts_fields(), cls="p-5"),
                card(h2(_("Prices of a period")), price_fields(), cls="p-5"),
                submit_small(_("Save the plan"), kind="primary", cls=""),
                on_submit=S.save_plan,
                no_validate=True,
                data_guard="1",
                data_busy=busy_mark(S.busy),
                key=S.form_key,
                class_name="space-y-5 mt-5 max-w-[48rem]",
            ),
            notice("info", S.missing_permission, cls="mt-4"),
        ),
    )


def one_plan() -> rx.Component:
    retire = small_button(
        rx.cond(S.active, _("Retire the plan…"), _("Offer it again…")), on_click=S.ask_retire
    )
    return el.div(
        page_header(
            S.name,
            status_tag(S.tone, S.status),
            rx.cond(S.may_change, retire),
            sub=S.memberships,
        ),
        feedback(S),
        rx.cond(S.missing_permission != "", notice("info", S.missing_permission, cls="mt-4")),
        question(S, affected()),
        each(S.warnings, lambda said: notice("due", said, cls="mt-4", key=said)),
        el.div(
            prices_card(),
            plan_agreement(),
            rx.cond(S.may_change, el.div(new_price_form(), facts_form(), class_name="space-y-5")),
            class_name="space-y-5 mt-5",
        ),
    )


def affected() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.span(item.owner, class_name="font-semibold min-w-0 flex-1"),
            el.span(item.day, class_name="text-ink-2"),
            el.span(item.before, " → ", item.after, class_name="tnum"),
            class_name="flex flex-wrap gap-x-4 py-1",
            key=item.key,
        )

    return el.div(
        el.ul(each(S.affected, one), class_name="mt-2 max-h-64 overflow-y-auto"),
        rx.cond(S.more_affected != "", el.p(S.more_affected)),
    )


def prices_card() -> rx.Component:
    def version(item) -> rx.Component:
        return el.li(
            el.p(item.since, " · ", item.audience, class_name="text-sm text-ink-2"),
            el.p(item.prices, class_name="tnum font-semibold"),
            class_name="py-2 border-b border-line last:border-0",
            key=item.id,
        )

    return card(
        h2(_("Prices")),
        rx.cond(
            S.versions.length() > 0,
            el.ul(each(S.versions, version), class_name="mt-2"),
            el.p(_("Nothing yet."), class_name="text-ink-2 mt-2"),
        ),
        el.ul(each(S.saves, lambda said: el.li(said, class_name="text-paid font-semibold", key=said))),
        cls="p-5",
    )


def price_fields() -> rx.Component:
    """By rising age. An age without a price is not in the plan."""
    rows = [
        el.div(
            checked_field(S, _("Child"), "price_child", "money", default_value=S.prices.price_child),
            checked_field(
                S, _("Children are younger than"), "below_child", "number", default_value=S.prices.below_child
            ),
            class_name="grid sm:grid-cols-2 gap-x-4",
        ),
        el.div(
            checked_field(S, _("Adult"), "price_adult", "money", default_value=S.prices.price_adult),
            checked_field(
                S,
                _("Adults are younger than (empty: no limit)"),
                "below_adult",
                "number",
                default_value=S.prices.below_adult,
            ),
            class_name="grid sm:grid-cols-2 gap-x-4",
        ),
        el.div(
            checked_field(
                S, _("Senior (empty: none)"), "price_senior", "money", default_value=S.prices.price_senior
            ),
            checked_field(
                S,
                _("Family price, the most that a family pays (empty: none)"),
                "family_cap",
                "money",
                default_value=S.prices.family_cap,
            ),
            class_name="grid sm:grid-cols-2 gap-x-4 items-end",
        ),
    ]
    wrong = field_error(S, "bands")
    return el.div(
        *rows, rx.cond(wrong != "", el.p(wrong, id="bands-error", class_name="text-late font-bold mt-2"))
    )


def new_price_form() -> rx.Component:
    audience = [
        ("new_memberships", _("For new memberships")),
        ("everybody", _("For everybody, from their bill date on")),
    ]
    return card(
        h2(_("New price")),
        el.p(
            _("Invoices that were made stay as they are. Those who pay are told before their price changes."),
            class_name="text-sm text-ink-2",
        ),
        el.form(
            price_fields(),
            el.div(
                checked_field(S, _("First day"), "first_day", "date", default_value=S.prices.first_day),
                checked_select(S, _("For whom"), "audience", audience),
                class_name="grid sm:grid-cols-2 gap-x-4",
            ),
            submit_small(_("Show whom it changes…")),
            on_submit=S.ask_price,
            no_validate=True,
            data_busy=busy_mark(S.busy),
            key=S.form_key,
        ),
        cls="p-5 max-w-[48rem]",
    )


def facts_form() -> rx.Component:
    return card(
        h2(_("What the plan says")),
        el.form(
            facts_fields(),
            submit_small(_("Save")),
            on_submit=S.save_plan,
            no_validate=True,
            data_guard="1",
            data_busy=busy_mark(S.busy),
            key=S.form_key,
        ),
        cls="p-5 max-w-[48rem]",
    )


def facts_fields() -> rx.Component:
    f = S.form
    return el.div(
        checked_field(S, _("Name"), "name", default_value=f.name, max_length=120),
        checked_area(
            S, _("What it includes"), "description", hint=_("One item a line."), default_value=f.description
        ),
        terms_fields(),
        tick("renews_automatically", _("Renews automatically"), ticked=f.renews_automatically),
        tick(
            "keeps_price_in_term",
            _("Contracts keep their price until they end"),
            ticked=f.keeps_price_in_term,
        ),
        tick("joined_online", _("Patients can join online"), ticked=f.joined_online),
        tick(
            "direct_primary_care",
            _("Direct primary care"),
            hint=_("Warns where somebody pays more than the monthly limit of health savings accounts."),
            ticked=f.direct_primary_care,
        ),
    )


def terms_fields() -> rx.Component:
    """Period, contract, fee, and the plan that a year ahead is compared to."""
    f = S.form
    periods = [(period.value, _(words)) for period, words in PERIODS.items()]
    contract, fee = _("Contract, in months (empty: none)"), _("Enrolment fee (empty: none)")
    return el.div(
        checked_select(S, _("Billed each"), "period", periods, default_value=f.period),
        checked_field(S, contract, "contract_months", "number", default_value=f.contract_months),
        checked_field(S, fee, "enrolment_fee", "money", default_value=f.enrolment_fee),
        checked_choice(
            S,
            _("A year ahead saves, against"),
            "compared_to",
            el.option(_("No comparison"), value=""),
            each(S.others, lambda other: el.option(other.name, value=other.id)),
            default_value=f.compared_to,
        ),
        class_name="grid sm:grid-cols-2 gap-x-4 items-end",
    )
