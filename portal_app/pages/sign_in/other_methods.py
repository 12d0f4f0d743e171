"""/sign-in/password, /sign-in/desk and /welcome: the other ways to sign in, and the public address."""

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, here
from portal_app.components.kit import button, el, feedback, field_error, refusal, submit
from portal_app.components.screen import page
from portal_app.components.sign_in.second_factor import second_step
from portal_app.components.sign_in.steps import (
    LANDING,
    another_way,
    assurance,
    code_field,
    done,
    step_title,
    way,
)
from portal_app.state.sign_in.other_methods import DeskCodeState, PasswordState

P, D = PasswordState, DeskCodeState


@page("/sign-in/password", "Sign in with a password", on_load=P.load, side="open")
def by_password() -> rx.Component:
    steps = rx.match(
        P.step, ("factor", factor_step()), ("done", done(P.ticket, P.start_over)), password_step()
    )
    return rx.fragment(el.div(steps, another_way(), class_name="card p-6 md:p-8"), assurance())


def password_step() -> rx.Component:
    username = text_input("username", "username", form_error=refusal(P))
    password = text_input("password", "password", form_error=refusal(P))
    return el.div(
        step_title(_("Sign in with a password"), focus=False),
        feedback(P),
        form(
            field(_("Username"), "username", username),
            field(_("Password"), "password", password, cls="mt-5"),
            submit(_("Continue"), cls="w-full mt-6"),
            busy=P.busy,
            sending=_("Checking…"),
            on_submit=P.check_password,
            cls="mt-6",
        ),
        forgotten(),
    )


def forgotten() -> rx.Component:
    return el.details(
        el.summary(
            _("Forgot your username or password?"),
            class_name="font-semibold text-brand min-h-11 flex items-center",
        ),
        el.ol(
            el.li(_("Sign in with a code instead.")),
            el.li(_("Open “My sign-in” and choose a new password.")),
            el.li(_("Show your second step there: your app, a recovery code or a passkey.")),
            class_name="list-decimal pl-6 space-y-1",
        ),
        el.p(
            _("Lost all of that too? Come to our desk with an ID. For your safety a reset takes a day."),
            class_name="mt-3",
        ),
        class_name="mt-5",
    )


def factor_step() -> rx.Component:
    return el.div(
        step_title(_("Your second step")),
        el.p(_("Your password alone does not sign you in."), class_name="text-ink-2 mt-2"),
        second_step(P, P.check_factor, _("Sign in"), passkey={"what": "sign_in", "next_": here(LANDING)}),
        el.div(button(_("Start again"), kind="quiet", on_click=P.start_over), class_name="mt-3 -mx-2"),
    )


@page("/sign-in/desk", "Sign in with a code from the desk", on_load=D.load, side="open")
def by_desk_code() -> rx.Component:
    initials = text_input(
        "initials",
        "initials",
        form_error=refusal(D),
        hint=True,
        max_length=20,
        cls="max-w-32",
    )
    asked = el.div(
        step_title(_("Sign in with a code from the desk"), focus=False),
        el.p(_("The code is on the paper that we gave you."), class_name="text-ink-2 mt-2"),
        feedback(D),
        form(
            code_field(_("Code"), form_error=refusal(D), hint=_("Like K7QX3-MPD4R"), digits=False),
            el.div(
                birth_date_fields(
                    el.span(_("Your date of birth"), class_name="font-bold"), error=field_error(D, "born")
                ),
                class_name="mt-5",
            ),
            field(
                _("Your initials"),
                "initials",
                initials,
                hint=_("First letters of your first and last name"),
                cls="mt-5",
            ),
            submit(_("Sign in"), cls="w-full mt-6"),
            busy=D.busy,
            sending=_("Signing you in…"),
            on_submit=D.sign_in,
            cls="mt-6",
        ),
    )
    steps = rx.cond(D.ticket != "", done(D.ticket, D.start_over), asked)
    return rx.fragment(el.div(steps, another_way(), class_name="card p-6 md:p-8"), assurance())


@page("/welcome", "Welcome", side="open")
def welcome() -> rx.Component:
    """Behind the QR code in the waiting room."""
    return rx.fragment(
        el.div(
            step_title(_("Welcome to our patient portal"), focus=False),
            el.p(
                _("How shall we confirm that it is you? We also ask for your date of birth."),
                class_name="text-ink-2 mt-2",
            ),
            el.ul(
                way(_("By a text to my phone"), here("/sign-in") + "?by=phone", "smartphone"),
                way(_("By email"), here("/sign-in") + "?by=email", "mail"),
                way(_("With a code from the front desk"), here("/sign-in/desk"), "ticket"),
                class_name="space-y-2 mt-5",
            ),
            class_name="card p-6 md:p-8",
        ),
        assurance(),
    )
