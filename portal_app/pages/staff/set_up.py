"""/staff/set-up: the page of a set-up link. Password, a secret to scan, and the first code of the app."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, here
from portal_app.components.kit import el, field_error, link, notice, refusal_feedback, submit
from portal_app.components.screen import page
from portal_app.components.sign_in.authenticator import app_code_form, to_scan
from portal_app.components.sign_in.steps import done, link_token, step_title
from portal_app.state.staff.set_up import StaffSetUpState

S = StaffSetUpState


@page("/staff/set-up", "Set up your staff sign-in", on_load=S.load, side="staff_open")
def staff_set_up() -> rx.Component:
    entering = rx.match(
        S.step,
        ("scan", scan_step()),
        ("done", done(S.ticket, S.start_over, "/staff")),
        ("over", link_over()),
        password_step(),
    )
    return el.div(entering, class_name="card p-6 md:p-8")


def password_step() -> rx.Component:
    wrong = field_error(S, "password")
    control = text_input("password", "password", error=wrong)
    return el.div(
        step_title(_("Set up your staff sign-in"), focus=False),
        link_missing(),
        el.div(over(), class_name="when-link-dead"),  # known before anything is asked (ui.js)
        refusal_feedback(S),
        form(
            link_token(),
            el.p(
                _(
                    "To sign in at work you need your password and an authenticator app on your phone. "
                    "Enter your password first."
                ),
                class_name="text-ink-2",
            ),
            field(_("Password"), "password", control, error=wrong, cls="mt-5"),
            submit(_("Continue"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Checking…"),
            on_submit=S.give_password,
            cls="when-token mt-2",
        ),
    )


def link_missing() -> rx.Component:
    """Shown when the page was loaded again or opened without its link: the token is not in the address."""
    return el.div(
        el.p(_("Open the set-up link once more."), class_name="font-bold"),
        el.p(
            _("This page works only straight from the link that you were given."),
            class_name="text-ink-2 mt-1",
        ),
        sign_in_link(),
        class_name="when-no-token mt-4",
    )


def link_over() -> rx.Component:
    return el.div(step_title(_("Set up your staff sign-in"), focus=False), over(role="alert", data_focus="1"))


def over(**marks: Any) -> rx.Component:
    """Used, replaced, expired or unknown: one answer, and where to go from here."""
    return el.div(
        notice("due", _("This link no longer works."), custom_attrs={"data-says": "1"}, cls="mt-4", **marks),
        el.p(
            _(
                "It was used, replaced by a newer one, or is older than 48 hours. If your app is set up, "
                "sign in. Otherwise ask whoever gave you the link for a new one."
            ),
            class_name="mt-4",
        ),
        sign_in_link(),
    )


def sign_in_link() -> rx.Component:
    return link(_("Staff sign-in"), href=here("/staff/sign-in"), cls="btn btn-second mt-5")


def scan_step() -> rx.Component:
    return el.div(
        step_title(_("Set up your second step")),
        to_scan(S.qr, S.secret),
        app_code_form(S, _("Turn it on and sign in")),
    )
