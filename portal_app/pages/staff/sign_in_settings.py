"""/staff/account: a staff member's password and authenticator app, and where they are signed in."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field, form, named_input, text_input
from portal_app.components.i18n import _, fill_var
from portal_app.components.kit import (
    button,
    card,
    el,
    feedback,
    field_error,
    h1,
    h2,
    loading,
    refusal,
    refusal_feedback,
    skel,
    submit,
)
from portal_app.components.screen import page
from portal_app.components.sign_in.authenticator import to_scan
from portal_app.components.sign_in.device_list import device_list
from portal_app.components.sign_in.new_password import new_password
from portal_app.components.sign_in.steps import code_field, step_title
from portal_app.state.staff.sign_in_settings import StaffSignInSettingsState

S = StaffSignInSettingsState


@page("/staff/account", "My sign-in", on_load=S.load, side="staff")
def staff_account() -> rx.Component:
    return el.div(rx.cond(S.panel != "", change_panel(), overview()))


def overview() -> rx.Component:
    return el.div(
        h1(_("My sign-in")),
        feedback(S),
        el.div(
            rx.cond(
                S.ready,
                el.div(
                    password_and_app(),
                    device_list(S.devices, S.end_device, S.end_other_devices),
                    class_name="space-y-5",
                ),
                loading(
                    _("Getting your devices…"), card(skel("h-7 w-48"), skel("h-14 w-full mt-4"), cls="p-5")
                ),
            ),
            class_name="mt-5",
        ),
    )


def password_and_app() -> rx.Component:
    return card(
        h2(_("Password and authenticator app")),
        el.p(fill_var("You sign in as {email}. Both are asked each time.", email=S.email), class_name="mt-2"),
        el.div(
            button(_("Change the password"), kind="second", on_click=S.start_change("password")),
            button(_("Set up another app"), kind="second", on_click=S.start_change("app")),
            class_name="flex flex-wrap gap-2 mt-3",
        ),
        cls="p-5 md:p-6",
    )


def change_panel() -> rx.Component:
    panels = [("password", change_password()), ("app", set_up_app())]
    steps = el.div(rx.match(S.panel, *panels, reauthenticate()), class_name="max-w-[32rem]")
    return card(steps, cls="p-5 md:p-8")


def cancel_button() -> rx.Component:
    return el.div(button(_("Cancel"), kind="quiet", on_click=S.cancel_change), class_name="mt-3 -mx-2")


def change_form(label: str, sending: str, handler: Any, *fields: rx.Component, key: str) -> rx.Component:
    return form(
        *fields,
        submit(label, cls="w-full mt-6"),
        busy=S.busy,
        sending=sending,
        on_submit=handler,
        cls="mt-5",
        key=key,
    )


def reauthenticate() -> rx.Component:
    control = text_input("password", "password", form_error=refusal(S))
    return el.div(
        step_title(_("Is it you?")),
        el.p(
            _("Before your sign-in changes, show us once more that it is you."), class_name="text-ink-2 mt-2"
        ),
        refusal_feedback(S),
        change_form(
            _("Continue"),
            _("Checking…"),
            S.reauthenticate,
            field(_("Password"), "password", control),
            el.div(code_field(_("6-digit code from your app"), form_error=refusal(S)), class_name="mt-5"),
            key="reauthenticate",
        ),
        cancel_button(),
    )


def change_password() -> rx.Component:
    # Tells a password manager which sign-in name the new password belongs to.
    username = named_input("username", "username_email", default_value=S.email, hidden=True)
    return el.div(
        step_title(_("Change your password")),
        refusal_feedback(S),
        change_form(
            _("Save"),
            _("Saving…"),
            S.set_password,
            username,
            new_password(form_error=refusal(S)),
            key="password",
        ),
        signed_out_note(),
        cancel_button(),
    )


def set_up_app() -> rx.Component:
    return el.div(
        step_title(_("Set up another app")),
        el.p(_("The app you have now works until this is done."), class_name="text-ink-2 mt-2"),
        refusal_feedback(S),
        to_scan(S.qr, S.secret),
        change_form(
            _("Turn it on"),
            _("Checking the code…"),
            S.confirm_app,
            code_field(_("6-digit code"), error=field_error(S, "code")),
            key="app",
        ),
        signed_out_note(),
        cancel_button(),
    )


def signed_out_note() -> rx.Component:
    return el.p(_("Other devices are signed out, and we tell you by message."), class_name="text-ink-2 mt-4")
