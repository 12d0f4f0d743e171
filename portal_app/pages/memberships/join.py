"""/join: people without an account choose a plan, add the members, verify a contact and pay the first invoice."""

from typing import Any

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import busy_mark, choice, error_text, field, form, text_input
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    figure_row,
    icon,
    link,
    loaded,
    loading,
    refusal_feedback,
    skel,
    submit,
)
from portal_app.components.layout import call_us
from portal_app.components.screen import page
from portal_app.components.sign_in.steps import done, step_title
from portal_app.pages.memberships.join_contact import code_step, contact_step, known_step, owner_step
from portal_app.pages.memberships.join_parts import BOX, count, goes, name_fields, options, price, sex_field
from portal_app.pages.memberships.join_pay import check_step, joined
from portal_app.state.memberships.join import JoinState

S = JoinState
opens_form: Any = S.open_form
chooses: Any = S.choose_plan
removes: Any = S.remove_person


@page("/join", "Join", on_load=S.load, side="open")
def join() -> rx.Component:
    return el.div(tab(), loaded(S, steps(), waiting(), closed()))


def tab() -> rx.Component:
    """What the browser's tab keeps for a reload, until the code is typed: assets/tab.js."""
    return el.form(
        el.input(type="hidden", name="kept"),
        on_submit=S.restore,
        hidden=True,
        data_tab="join",
        data_keeps=S.tab,
        data_ready=rx.cond(S.ready, "1", ""),
        data_over=rx.cond(S.tab_over, "1", ""),
    )


def steps() -> rx.Component:
    step = rx.match(
        S.step,
        ("people", people_step()),
        ("contact", contact_step()),
        ("code", code_step()),
        ("known", known_step()),
        ("signed_in", card(done(S.ticket, S.start_over, "/memberships"), cls=BOX)),
        ("owner", owner_step()),
        ("check", check_step()),
        ("done", joined()),
        plan_step(),
    )
    return rx.fragment(step)


def plan_step() -> rx.Component:
    return el.div(
        count(1),
        step_title(_("Choose a plan"), focus=False),
        feedback(S),
        el.div(each(S.plans, plan_card), class_name="space-y-5 mt-4", data_busy=busy_mark(S.busy)),
        el.div(
            button(
                _("I have started already: go on"),
                kind="quiet",
                on_click=goes("contact"),
            ),
            link(_("I am a patient: sign in"), href=here("/sign-in"), cls="btn btn-quiet"),
            class_name="flex flex-wrap gap-x-2 mt-4 -mx-2",
        ),
        call_us("text-ink-2 mt-4"),
    )


def plan_card(item) -> rx.Component:
    def included(words) -> rx.Component:
        return el.li(icon("check", 18, "text-brand mt-1"), words, class_name="flex gap-2 py-0.5")

    return card(
        el.h2(item.name, class_name="text-lg font-bold break-words"),
        el.ul(each(item.includes, included), class_name="mt-2"),
        el.dl(each(item.prices, lambda row: figure_row(row.label, row.amount)), class_name="mt-3"),
        rx.cond(item.cap != "", el.p(item.cap, class_name="mt-2 font-semibold")),
        rx.cond(item.fee != "", el.p(item.fee, class_name="mt-1")),
        el.p(item.contract, class_name="mt-1 text-ink-2"),
        button(
            _("Choose"),
            el.span(" ", item.name, class_name="sr-only"),
            on_click=chooses(item.id),
            cls="w-full mt-5",
        ),
        cls="p-5 md:p-6",
    )


def people_step() -> rx.Component:
    return el.div(
        count(2),
        step_title(_("Who joins?")),
        el.p(
            S.plan,
            " ",
            button(_("Choose another plan"), kind="quiet", on_click=goes("plan")),
            class_name="text-ink-2 mt-1",
        ),
        rx.match(S.adding, ("me", me_form()), ("other", other_form()), people_list()),
    )


def me_form() -> rx.Component:
    return card(
        form(
            birth_date_fields(
                el.span(_("Your date of birth"), class_name="font-bold"),
                error=field_error(S, "born"),
                why=_("You join and pay, so you have to be an adult."),
            ),
            el.div(
                choice("member", "on", _("I will be a member myself"), kind="checkbox", checked=S.is_member),
                class_name="mt-5",
            ),
            refusal_feedback(S),
            submit(_("Continue"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.save_me,
        ),
        cls=BOX + " mt-4",
    )


def other_form() -> rx.Component:
    return card(
        el.h2(_("Add a member"), class_name="text-lg font-bold", data_focus="1"),
        form(
            name_fields(own=False),
            el.div(
                birth_date_fields(
                    el.span(_("Date of birth"), class_name="font-bold"),
                    error=field_error(S, "born"),
                    own=False,
                ),
                class_name="mt-5",
            ),
            sex_field(),
            relationship_field(),
            consent_field(),
            refusal_feedback(S),
            el.div(
                submit(_("Add")),
                button(_("Cancel"), kind="second", on_click=opens_form(""), type="button"),
                class_name="flex flex-wrap gap-3 mt-6",
            ),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.add_person,
            cls="mt-4",
        ),
        cls=BOX + " mt-4",
    )


def relationship_field() -> rx.Component:
    return options(
        "relationship",
        _("What is this person to you?"),
        [
            ("child", _("My child")),
            ("partner", _("My partner")),
            ("parent", _("My parent")),
            ("other", _("Somebody else")),
        ],
    )


def consent_field() -> rx.Component:
    return el.div(
        error_text("consent", field_error(S, "consent")),
        choice(
            "consent",
            "on",
            _("If this is an adult: they agree that I give you their details"),
            kind="checkbox",
        ),
        class_name="mt-5",
    )


def people_list() -> rx.Component:
    return el.div(
        card(
            el.ul(
                rx.cond(S.is_member, person_row(_("You"), "", change_me())),
                each(
                    S.people,
                    lambda person: person_row(person.name, person.note, remove(person)),
                ),
                class_name="divide-y divide-line",
            ),
            el.div(
                button(icon("plus", 20), _("Add a member"), kind="second", on_click=opens_form("other")),
                rx.cond(
                    S.is_member,
                    rx.fragment(),
                    button(_("I will be a member too"), kind="quiet", on_click=opens_form("me")),
                ),
                class_name="flex flex-wrap gap-2 mt-4",
            ),
            cls="p-5 md:p-6 mt-4",
            data_busy=busy_mark(S.busy),
        ),
        feedback(S),
        rx.cond(S.amount != "", price_card()),
    )


def remove(person) -> rx.Component:
    return button(
        _("Remove"),
        el.span(" ", person.name, class_name="sr-only"),
        kind="quiet",
        on_click=removes(person.place),
    )


def change_me() -> rx.Component:
    return button(
        _("Change"),
        el.span(" ", _("your date of birth"), class_name="sr-only"),
        kind="quiet",
        on_click=opens_form("me"),
    )


def person_row(name: Any, note: Any, *actions: rx.Component) -> rx.Component:
    return el.li(
        el.div(
            el.p(name, class_name="font-semibold break-words"),
            el.p(note, class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-0",
        ),
        *actions,
        class_name="flex items-center gap-3 py-2",
    )


def price_card() -> rx.Component:
    return el.div(
        card(
            price(),
            form(
                field(
                    _("Coupon, if you have one"),
                    "coupon",
                    text_input(
                        "coupon",
                        "letters_code",
                        error=field_error(S, "coupon"),
                        default_value=S.coupon,
                        cls="max-w-60",
                    ),
                    error=field_error(S, "coupon"),
                ),
                button(_("Use coupon"), kind="second", type="submit", cls="mt-3"),
                busy=S.busy,
                sending=_("Checking the coupon…"),
                on_submit=S.use_coupon,
                cls="mt-5 pt-5 border-t border-line",
            ),
            cls="p-5 md:p-6 mt-5",
        ),
        button(_("Continue"), on_click=goes("contact"), cls="w-full mt-5"),
    )


def closed() -> rx.Component:
    return card(
        el.h1(_("Join"), class_name="sr-only"),
        empty(
            "badge-check",
            _("You cannot join online at the moment"),
            _("Please call us: we sign you up."),
            link(_("Sign in"), href=here("/sign-in"), cls="btn btn-second mt-5"),
        ),
        call_us("text-center pb-6 text-ink-2"),
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting the plans…"),
        el.div(
            el.h1(_("Join"), class_name="text-xl font-bold"),
            card(skel("h-7 w-44"), skel("h-24 w-full mt-4"), skel("h-12 w-full mt-5"), cls="p-5 md:p-6 mt-4"),
        ),
    )
