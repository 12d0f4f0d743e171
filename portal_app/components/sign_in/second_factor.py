"""The second factor: the same fields after a password and before a change."""

from typing import Any

import reflex as rx

from portal_app.components.elements import match
from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, each, fill
from portal_app.components.kit import button, el, feedback, field_error, submit
from portal_app.components.sign_in.steps import CODE_LOOK, passkey_button


def second_step(S: Any, send: Any, label: str, *, passkey: dict[str, str]) -> rx.Component:
    """The second step of signing in or of a change: `S` has SecondFactorSteps and choose_factor(way); `passkey`: marks of its button."""
    return el.div(
        rx.cond(S.way != "", code_form(S, send, label), choose_first(S)),
        rx.cond(S.by_passkey, el.div(passkey_button(_("Use a passkey"), **passkey), class_name="mt-5")),
        rx.cond((S.way != "") & (S.choices.length() > 1), other_factors(S)),
    )


def code_form(S: Any, send: Any, label: str) -> rx.Component:
    words = match(
        S.way,
        ("totp", _("6-digit code from your app")),
        ("recovery", _("Recovery code")),
        ("password", _("Password")),
        _("6-digit code"),
    )

    error = field_error(S, "code")

    def code(kind: str, cls: str = "") -> rx.Component:
        # It takes the focus when another factor is chosen; the heading does when the whole step appears.
        return text_input("code", kind, error=error, hint=True, cls=cls, data_focus="1")

    digits, letters = code("code", CODE_LOOK), code("letters_code", "tnum font-bold")
    password = code("password")
    control = match(S.way, ("recovery", letters), ("password", password), digits)
    return el.div(
        rx.cond(
            S.sent_to != "",
            el.p(
                *fill("We sent a code to {contact}.", contact=el.b(S.sent_to)),
                id="code-hint",
                class_name="mt-3",
            ),
        ),
        form(
            field(words, "code", control, error=error),
            submit(label, cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Checking…"),
            on_submit=send,
            cls="mt-5",
            key=S.way,
        ),
    )


def choose_first(S: Any) -> rx.Component:
    return el.div(
        feedback(S, "mt-3"),
        el.ul(each(S.choices, lambda item: factor_button(S, item)), class_name="space-y-2 mt-5"),
    )


def other_factors(S: Any) -> rx.Component:
    return el.details(
        el.summary(_("Use another way"), class_name="font-semibold text-brand min-h-11 flex items-center"),
        el.ul(each(S.choices, lambda item: factor_button(S, item)), class_name="space-y-2 mt-2"),
        class_name="mt-5",
    )


def factor_button(S: Any, item: Any) -> rx.Component:
    return el.li(
        button(
            item.label,
            kind="second",
            cls="w-full justify-start! text-left",
            on_click=S.choose_factor(item.way),
        ),
        key=item.way,
    )
