"""The panels that take the place of "My sign-in" during a change: re-authentication, then the change itself."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, each
from portal_app.components.kit import button, card, el, feedback, field_error, icon, refusal, submit
from portal_app.components.sign_in.authenticator import to_scan
from portal_app.components.sign_in.new_password import new_password
from portal_app.components.sign_in.second_factor import second_step
from portal_app.components.sign_in.steps import code_field, passkey_button, step_title
from portal_app.state.sign_in_settings.overview import AccountState

S = AccountState


def changes() -> rx.Component:
    panels = [
        ("prove", prove()),
        ("password", password()),
        ("app", app()),
        ("passkey", passkey()),
        ("name", name()),
        ("codes", codes()),
    ]
    steps = el.div(rx.match(S.panel, *panels, confirm()), class_name="max-w-[32rem]")
    return card(steps, cls="p-5 md:p-8")


def cancel() -> rx.Component:
    return el.div(button(_("Cancel"), kind="quiet", on_click=S.close_panel), class_name="mt-3 -mx-2 no-print")


def after(name: str, handler: Any) -> rx.Component:
    """Pressed by the passkey's script when the browser and the server are done."""
    return el.button(type="button", hidden=True, on_click=handler, custom_attrs={"id": name})


def prove() -> rx.Component:
    more = rx.cond(
        S.ask_another_proof,
        _("Thank you. One more, please: to your other contact, or another way."),
        _("Before your sign-in changes, show us once more that it is you."),
    )
    return el.div(
        step_title(_("Is it you?")),
        el.p(more, class_name="text-ink-2 mt-2"),
        second_step(S, S.check_proof, _("Continue"), passkey={"what": "prove", "then": "passkey-proven"}),
        after("passkey-proven", S.finish_passkey_proof),
        cancel(),
    )


def password() -> rx.Component:
    username = text_input("username", "username", form_error=refusal(S), hint=True, default_value=S.username)
    return el.div(
        step_title(_("Username and password")),
        feedback(S),
        form(
            field(_("Username"), "username", username, hint=_("3 to 64 letters, digits or . _ - @ +")),
            new_password("mt-5", form_error=refusal(S)),
            submit(_("Save"), cls="w-full mt-4"),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.set_password,
            cls="mt-5",
        ),
        el.p(_("Other devices are signed out, and we tell you by message."), class_name="text-ink-2 mt-4"),
        cancel(),
    )


def app() -> rx.Component:
    return el.div(
        step_title(_("Set up an authenticator app")),
        to_scan(S.qr, S.secret),
        form(
            code_field(_("6-digit code"), error=field_error(S, "code")),
            submit(_("Turn it on"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Checking the code…"),
            on_submit=S.confirm_app,
            cls="mt-5",
        ),
        cancel(),
    )


def passkey() -> rx.Component:
    named = text_input("passkey-name", hint=True, max_length=60)
    return el.div(
        step_title(_("Add a passkey")),
        feedback(S),
        el.div(
            field(
                _("Name"),
                "passkey-name",
                named,
                hint=_("So that you know it later, like “My phone”"),
            ),
            class_name="mt-5",
        ),
        el.div(
            passkey_button(_("Make the passkey"), "add", kind="primary", then="passkey-added"),
            class_name="mt-5",
        ),
        after("passkey-added", S.finish_passkey),
        el.p(_("Other devices are signed out, and we tell you by message."), class_name="text-ink-2 mt-4"),
        cancel(),
    )


def name() -> rx.Component:
    named = text_input("name", max_length=60, default_value=S.passkey_name)
    return el.div(
        step_title(_("Name your passkey")),
        form(
            field(_("Name"), "name", named),
            submit(_("Save"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.rename_passkey,
            cls="mt-5",
        ),
        cancel(),
    )


def confirm() -> rx.Component:
    words = rx.match(
        S.change,
        ("recovery", _("We make 10 new recovery codes. The old ones stop working.")),
        ("no_password", _("You sign in with a code or a passkey then.")),
        ("no_app", _("Codes to your email or phone are your second step then.")),
        ("codes_on", _("A code by email or text then counts as your second step.")),
        ("codes_off", _("Only your app, a recovery code or a passkey counts then.")),
        _("That device can no longer sign in by itself."),
    )
    heading = rx.match(
        S.change,
        ("recovery", _("Make new recovery codes?")),
        ("no_password", _("Remove your username and password?")),
        ("no_app", _("Remove the authenticator app?")),
        ("codes_on", _("Allow codes by email and text?")),
        ("codes_off", _("Turn off codes by email and text?")),
        _("Remove the passkey?"),
    )
    label = rx.match(
        S.change,
        ("recovery", _("Make new codes")),
        ("codes_on", _("Allow them")),
        ("codes_off", _("Turn them off")),
        _("Remove"),
    )
    return el.div(
        step_title(heading),
        el.p(words, class_name="mt-2"),
        feedback(S),
        button(label, on_click=S.confirm_change, disabled=S.busy, cls="w-full mt-6"),
        cancel(),
    )


def codes() -> rx.Component:
    copied = {"data-copy": "recovery-codes", "data-says": "copied", "data-words": _("Copied.")}
    return el.div(
        step_title(_("Your recovery codes")),
        el.p(
            _("Print or copy them now: we show them only once. Each works once."),
            class_name="text-ink-2 mt-2",
        ),
        el.ol(
            each(S.codes, lambda code: el.li(el.code(code, class_name="font-bold tnum"))),
            id="recovery-codes",
            class_name="list-decimal pl-8 mt-4 space-y-1 text-lg",
        ),
        el.div(
            button(_("Print"), kind="second", custom_attrs={"data-print": "1"}),
            button(icon("copy", 19), _("Copy"), kind="second", custom_attrs=copied),
            class_name="flex flex-wrap gap-3 mt-5 no-print",
        ),
        el.p(id="copied", role="status", class_name="text-paid font-semibold mt-2"),
        el.div(
            button(_("I have kept them safe"), on_click=S.close_panel, cls="w-full"),
            class_name="mt-5 no-print",
        ),
    )
