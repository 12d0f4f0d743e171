"""/staff/sign-in: email and password, then a code from the authenticator app."""

import reflex as rx

from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _
from portal_app.components.kit import el, refusal, refusal_feedback, submit
from portal_app.components.screen import page
from portal_app.components.sign_in.authenticator import app_code_form, to_scan
from portal_app.components.sign_in.steps import done
from portal_app.state.staff.sign_in import StaffSignInState

S = StaffSignInState


@page("/staff/sign-in", "Staff sign-in", on_load=S.load, side="staff_open")
def staff_sign_in() -> rx.Component:
    steps = rx.match(
        S.step,
        ("set_up", set_up_step()),
        ("code", code_step()),
        ("done", done(S.ticket, S.start_over, "/staff")),
        password_step(),
    )
    return el.div(steps, class_name="card p-6 md:p-8")


def heading(text: str, **props) -> rx.Component:
    return el.h1(text, class_name="text-xl font-bold", **props)


def password_step() -> rx.Component:
    email = text_input("email", "username_email", form_error=refusal(S))
    password = text_input("password", "password", form_error=refusal(S))
    return el.div(
        heading(_("Staff sign-in")),
        el.p(_("For those who work at the practice."), class_name="text-ink-2 mt-2"),
        refusal_feedback(S),
        form(
            field(_("Email"), "email", email),
            field(_("Password"), "password", password, cls="mt-5"),
            submit(_("Continue"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Checking…"),
            on_submit=S.give_password,
            cls="mt-6",
        ),
    )


def code_step() -> rx.Component:
    return el.div(
        heading(_("Enter the code from your app"), data_focus="1"),
        el.p(_("Open your authenticator app and type the 6 digits it shows."), class_name="text-ink-2 mt-2"),
        app_code_form(S, _("Sign in")),
    )


def set_up_step() -> rx.Component:
    return el.div(
        heading(_("Set up your second step"), data_focus="1"),
        to_scan(S.qr, S.secret),
        app_code_form(S, _("Sign in")),
    )
