"""/account: "My sign-in". One card for each way to sign in; a change takes the page's place until it is done."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import (
    button,
    card,
    el,
    feedback,
    h1,
    h2,
    icon,
    loading,
    notice,
    opens,
    skel,
    tag,
)
from portal_app.components.layout import call_us
from portal_app.components.screen import page
from portal_app.components.sign_in.device_list import device_list
from portal_app.pages.sign_in_settings.changes import changes
from portal_app.state.sign_in_settings.overview import AccountState

S: Any = AccountState
ROW = "flex flex-wrap items-center gap-x-3 gap-y-1 mt-2"


@page("/account", "My sign-in", on_load=S.load)
def account() -> rx.Component:
    return el.div(
        rx.cond(S.panel != "", changes(), rx.cond(S.ready, overview(), waiting())),
    )


def overview() -> rx.Component:
    return el.div(
        h1(_("My sign-in")),
        el.p(_("You can always sign in with a code. Here you set up more."), class_name="text-ink-2 mt-1"),
        feedback(S),
        rx.cond(S.reset_at != "", reset_waits()),
        rx.cond(S.locked, locked()),
        el.div(
            passkey_card(),
            password_card(),
            second_factor_card(),
            recovery_card(),
            device_list(S.devices, S.end_device, S.end_other_devices),
            lost_everything(),
            class_name="space-y-5 mt-5",
        ),
    )


def on_off(on: Any, yes: str, no: str) -> rx.Component:
    return rx.cond(on, tag("paid", yes), tag("quiet", no))


def act(label: str, what: str, *, kind: str = "second") -> rx.Component:
    return button(label, kind=kind, on_click=S.start_change(what, ""))


def reset_waits() -> rx.Component:
    return notice(
        "late",
        fill_var("Our desk will reset your sign-in on {when}.", when=S.reset_at),
        el.p(_("Password, app and passkeys are removed then. Not you? Stop it."), class_name="mt-1"),
        button(_("Stop the reset"), kind="second", on_click=S.stop_reset, cls="mt-3"),
        cls="mt-4",
    )


def locked() -> rx.Component:
    return notice(
        "late",
        _(
            "There were too many wrong tries for your sign-in. "
            "The device or network they came from is locked out for a day."
        ),
        call_us("mt-1"),
        cls="mt-4",
    )


def password_card() -> rx.Component:
    has = el.div(
        el.p(fill_var("Your username is {name}.", name=S.username), class_name="mt-2"),
        el.div(
            act(_("Change"), "password"),
            act(_("Remove"), "no_password", kind="quiet"),
            class_name="flex flex-wrap gap-2 mt-3",
        ),
    )
    none = el.div(
        el.p(_("A second step always follows the password."), class_name="text-ink-2 mt-2"),
        el.div(act(_("Set a username and password"), "password"), class_name="mt-3"),
    )
    return card(
        el.div(
            h2(_("Username and password")),
            on_off(S.has_password, _("Set up"), _("Not set up")),
            class_name="flex flex-wrap items-center justify-between gap-2",
        ),
        rx.cond(S.has_password, has, none),
        cls="p-5 md:p-6",
    )


def second_factor_card() -> rx.Component:
    app = rx.cond(
        S.has_app,
        el.div(
            act(_("Set up another app"), "app"),
            act(_("Remove the app"), "no_app", kind="quiet"),
            class_name="flex flex-wrap gap-2 mt-3",
        ),
        el.div(act(_("Set up an authenticator app"), "app"), class_name="mt-3"),
    )
    contact = rx.cond(
        S.has_app,
        rx.cond(
            S.by_contact,
            act(_("Do not allow codes by email and text"), "codes_off", kind="quiet"),
            act(_("Allow codes by email and text too"), "codes_on", kind="quiet"),
        ),
    )
    return card(
        h2(_("Second step after the password")),
        el.div(
            icon("smartphone", 20, "text-ink-2"),
            el.span(_("Authenticator app"), class_name="font-semibold flex-1"),
            on_off(S.has_app, _("Set up"), _("Not set up")),
            class_name=ROW,
        ),
        app,
        el.div(
            icon("mail", 20, "text-ink-2"),
            el.span(_("Code by email or text"), class_name="font-semibold flex-1"),
            on_off(S.by_contact, _("Allowed"), _("Off")),
            class_name=ROW + " pt-4 mt-4 border-t border-line",
        ),
        el.div(contact, class_name="-ml-2 mt-1"),
        cls="p-5 md:p-6",
    )


def recovery_card() -> rx.Component:
    left = rx.cond(
        S.recovery_left > 0,
        fill_var("You have {left} left. Each works once.", left=S.recovery_left.to_string()),
        _("For when your phone is lost. Print them and keep them safe."),
    )
    return card(
        h2(_("Recovery codes")),
        el.p(left, class_name="text-ink-2 mt-2"),
        el.div(act(_("Make 10 recovery codes"), "recovery"), class_name="mt-3"),
        cls="p-5 md:p-6",
    )


def passkey_card() -> rx.Component:
    return card(
        h2(_("Passkeys")),
        el.p(
            _("Sign in with your finger, your face or the PIN of your device. The safest and quickest way."),
            class_name="text-ink-2 mt-2",
        ),
        rx.cond(S.passkeys.length() > 0, el.ul(each(S.passkeys, passkey_row), class_name="mt-2")),
        el.div(act(_("Add a passkey"), "passkey"), class_name="mt-3"),
        cls="p-5 md:p-6",
    )


def passkey_row(item: Any) -> rx.Component:
    whose = el.span(": ", item.name, class_name="sr-only")
    return el.li(
        icon("fingerprint", 22, "text-ink-2 mt-0.5"),
        el.div(
            el.p(item.name, class_name="font-semibold"),
            el.p(item.about, class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-[min(10rem,100%)]",
        ),
        el.div(
            button(_("Rename"), whose, kind="quiet", **opens(S.edit_passkey_name(item.id, item.name))),
            button(_("Remove"), whose, kind="quiet", on_click=S.start_change("no_passkey", item.id)),
            class_name="flex gap-1",
        ),
        class_name="flex flex-wrap gap-3 items-start py-3 border-b border-line last:border-0",
        key=item.id,
    )


def lost_everything() -> rx.Component:
    return card(
        h2(_("Lost everything?")),
        el.p(
            _(
                "Come to our desk with an ID. We remove your password, app and passkeys after a day's wait, "
                "and tell you at every address we have. Then you sign in with a code and start over."
            ),
            class_name="text-ink-2 mt-2",
        ),
        call_us("text-ink-2 mt-2"),
        cls="p-5 md:p-6",
    )


def waiting() -> rx.Component:
    box = card(skel("h-7 w-48"), skel("h-6 w-full mt-3"), skel("h-12 w-56 mt-3"), cls="p-5 md:p-6")
    return loading(
        _("Getting your sign-in…"), h1(_("My sign-in")), el.div(box, box, box, class_name="space-y-5 mt-8")
    )
