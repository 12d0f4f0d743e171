"""Joining: what was chosen, paying the first invoice, and what follows."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, fill, fill_var, here
from portal_app.components.kit import button, card, el, feedback, icon, link, summary_row
from portal_app.components.layout import call_us
from portal_app.components.payment import pay_card, pay_panel
from portal_app.components.sign_in.steps import step_title
from portal_app.pages.memberships.join_parts import BOX, count, goes, price
from portal_app.state.memberships.join import JoinState

S = JoinState


def check_step() -> rx.Component:
    """Where a plan asks for an agreement, signing it comes between the summary and paying."""
    return el.div(
        count(5),
        step_title(_("Check and pay")),
        summary(),
        el.div(
            rx.cond(
                S.free,
                for_nothing(),
                pay_panel(
                    S, pay_card(S, _("Pay the first invoice"), saved_methods=False, button_look="mt-6")
                ),
            ),
            class_name="mt-5",
        ),
        call_us("text-ink-2 mt-5"),
    )


def summary() -> rx.Component:
    return card(
        el.dl(
            summary_row(_("Plan"), S.plan),
            summary_row(_("Name"), S.owner["name"]),
            summary_row(_("Contact"), el.span(S.sent_to, class_name="break-words")),
        ),
        el.div(
            button(_("Change members"), kind="quiet", on_click=goes("people")),
            button(_("Change name or address"), kind="quiet", on_click=goes("owner")),
            class_name="flex flex-wrap gap-x-2 -mx-2",
        ),
        rx.cond(S.amount != "", el.div(price(), class_name="mt-4 pt-4 border-t border-line")),
        cls="p-5 md:p-6 mt-3",
    )


def for_nothing() -> rx.Component:
    return card(
        feedback(S, "mb-4"),
        el.p(_("There is nothing to pay now."), class_name="font-bold"),
        button(_("Join now"), on_click=S.join_for_nothing, cls="w-full mt-4"),
        cls="p-5 md:p-6",
        data_busy=busy_mark(S.busy),
    )


def joined() -> rx.Component:
    return card(
        icon("circle-check", 44, "text-paid"),
        el.h1(
            rx.cond(S.waits, _("We have your request"), _("Welcome")),
            data_focus="1",
            class_name="text-xl font-bold mt-3",
        ),
        rx.cond(
            S.waits,
            el.p(
                _(
                    "Your first invoice is paid. We look at your request and send you a message as soon as we have "
                    "answered it. If we cannot accept it, you get all of it back."
                ),
                class_name="mt-2",
            ),
            el.p(_("Your first invoice is paid, and your membership is active."), class_name="mt-2"),
        ),
        rx.cond(
            S.started != "",
            el.p(fill_var("Your membership began on {day}.", day=S.started), class_name="mt-2"),
        ),
        el.p(
            *fill("We sent a confirmation to {contact}.", contact=el.b(S.sent_to, class_name="break-words")),
            class_name="mt-2",
        ),
        link(_("Sign in"), href=here("/sign-in"), cls="btn btn-primary w-full mt-6"),
        call_us("text-ink-2 mt-4"),
        cls=BOX,
    )
