"""/memberships/cancel: what happens, then the button, then how to take it back."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import back, button, card, el, feedback, h1, link, notice
from portal_app.components.screen import page
from portal_app.pages.memberships.overview import BOX
from portal_app.pages.memberships.renew import not_there, waiting
from portal_app.state.memberships.cancel import CancelState

S = CancelState


@page("/memberships/cancel", "Cancel membership", on_load=S.load, active="/memberships")
def cancel_membership() -> rx.Component:
    return el.div(
        back(_("Back to memberships"), here("/memberships")),
        h1(_("Cancel membership")),
        el.div(
            rx.cond(S.missing, not_there(), rx.cond(S.ready, content(), waiting())),
            class_name="mt-5",
        ),
    )


def content() -> rx.Component:
    return rx.cond(S.done, cancelled(), rx.cond(S.may_cancel, asking(), at_the_practice()))


def asking() -> rx.Component:
    return card(
        el.h2(S.plan, class_name="text-lg font-bold"),
        el.p(
            fill_var("It ends on {day}. Until then nothing changes for:", day=S.last_day),
            class_name="mt-2 font-semibold",
        ),
        el.ul(each(S.people, lambda name: el.li(name)), class_name="list-disc pl-6 mt-1"),
        el.ul(
            el.li(_("No invoice follows for the time after that.")),
            el.li(_("What is open now stays to be paid.")),
            el.li(_("You can take the cancellation back until that day, at the same price.")),
            class_name="list-disc pl-6 mt-4 space-y-1 text-ink-2",
        ),
        feedback(S),
        el.div(
            button(_("Cancel membership"), on_click=S.cancel),
            link(_("Keep it"), href=here("/memberships"), cls="btn btn-second"),
            data_busy=busy_mark(S.busy),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        cls=BOX,
    )


def cancelled() -> rx.Component:
    return el.div(
        feedback(S, "mb-4"),
        notice(
            "paid",
            fill_var("Cancelled. It ends on {day}.", day=S.last_day),
            el.p(_("We sent you a confirmation."), class_name="mt-0.5"),
            data_focus="said",
            id="cancelled",
        ),
        el.div(
            button(_("Take the cancellation back"), kind="second", on_click=S.undo),
            link(_("See your memberships"), href=here("/memberships"), cls="btn btn-primary"),
            data_busy=busy_mark(S.busy),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
    )


def at_the_practice() -> rx.Component:
    return card(
        el.h2(S.plan, class_name="text-lg font-bold"),
        feedback(S),
        el.p(_("Contact the practice to cancel this membership."), class_name="mt-1"),
        cls=BOX,
    )
