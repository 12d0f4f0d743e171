"""/sign-in: an email or phone, the code we send, the date of birth."""

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, embedded, fill, here
from portal_app.components.kit import button, el, field_error, icon, link, notice, submit
from portal_app.components.screen import page
from portal_app.components.sign_in.steps import (
    LANDING,
    assurance,
    code_field,
    done,
    passkey_button,
    step_title,
    way,
)
from portal_app.state.layout import LayoutState
from portal_app.state.sign_in.code import SignInState


def title():
    steps = [("code", _("Enter the code")), ("birth_date", _("Your date of birth"))]
    return rx.match(SignInState.step, *steps, _("Sign in"))


@page("/sign-in", title, on_load=SignInState.load, side="open")
def sign_in() -> rx.Component:
    steps = rx.match(
        SignInState.step,
        ("code", code_step()),
        ("birth_date", birth_date_step()),
        ("done", done(SignInState.ticket, SignInState.start_over)),
        contact_step(),
    )
    return rx.fragment(el.div(steps, class_name="card p-6 md:p-8"), assurance())


def contact_step() -> rx.Component:
    control = text_input(
        "contact",
        "contact_in_frame" if embedded() else "contact",
        error=field_error(SignInState, "contact"),
        hint=True,
        input_mode=rx.cond(SignInState.by == "phone", "tel", "email"),
        default_value=SignInState.contact,
    )
    label = rx.match(
        SignInState.by, ("phone", _("Mobile phone")), ("email", _("Email")), _("Email or mobile phone")
    )
    return el.div(
        ended(),
        step_title(_("Sign in"), focus=False),
        el.p(_("We send you a code. No password needed."), class_name="text-ink-2 mt-2"),
        el.p(
            icon("circle-alert", 18, "inline mr-1.5"),
            _("This link no longer works. Type your email or phone to sign in."),
            role="alert",
            class_name="when-link-over text-late font-bold mt-3",
        ),
        form(
            field(
                label,
                "contact",
                control,
                error=field_error(SignInState, "contact"),
                hint=_("The one your practice has on file for you"),
            ),
            shared_switch(),
            submit(_("Send me a code"), cls="w-full mt-5"),
            busy=SignInState.busy,
            sending=_("Sending your code…"),
            on_submit=SignInState.send_code,
            cls="mt-6",
            data_remember="1",
        ),
        other_ways(),
    )


def ended() -> rx.Component:
    words = rx.match(
        SignInState.ended,
        ("idle", _("You were signed out because nothing happened for 15 minutes.")),
        _("You are signed out."),
    )
    return rx.cond(SignInState.ended != "", notice("info", words, role="status", cls="mb-5"))


def shared_switch() -> rx.Component:
    """ui.js remembers the contact on this device only while this is off."""
    return el.label(
        el.input(type="checkbox", name="shared", value="1", class_name="check"),
        el.span(_("This is a shared computer"), class_name="flex-1"),
        class_name="flex items-center gap-3 min-h-11 mt-3 cursor-pointer",
    )


def other_ways() -> rx.Component:
    """One tap away, and no more than a heading until then."""
    return el.section(
        el.h2(_("Other ways to sign in"), class_name="font-bold text-ink-2 mb-2"),
        rx.fragment() if embedded() else passkey_button(_("Use a passkey"), "sign_in", next_=here(LANDING)),
        el.ul(
            way(_("Username and password"), "/sign-in/password", "key-round"),
            way(_("A code from the front desk"), "/sign-in/desk", "ticket"),
            class_name="space-y-2 mt-2",
        ),
        rx.cond(LayoutState.joins, join_online()),
        class_name="mt-7 pt-5 border-t border-line",
    )


def join_online() -> rx.Component:
    """For people without an account, where the practice lets them join. In a frame it opens a window of its own."""
    return el.div(
        el.h2(_("New here?"), class_name="font-bold text-ink-2 mb-2"),
        link(
            icon("badge-check", 20),
            _("Join online"),
            href=here("/join"),
            cls="btn btn-second w-full justify-start! text-left gap-3!",
        ),
        class_name="mt-6",
    )


def code_step() -> rx.Component:
    again = button(_("Send a new code"), kind="quiet", on_click=SignInState.resend_code)
    other = button(_("Use another email or phone"), kind="quiet", on_click=SignInState.start_over)
    return el.div(
        step_title(_("Enter the 6-digit code")),
        el.p(
            *fill(
                "If {contact} is on file with the practice, a code is on its way. It works for 15 minutes.",
                contact=el.b(SignInState.sent_to, class_name="break-all"),
            ),
            class_name="text-ink-2 mt-2",
        ),
        form(
            code_field(
                _("Code"),
                error=field_error(SignInState, "code"),
                hint=rx.fragment(
                    *fill(
                        "From the message that says {reference}",
                        reference=el.b(SignInState.reference, class_name="tnum text-ink"),
                    )
                ),
            ),
            submit(_("Continue"), cls="w-full mt-6"),
            busy=SignInState.busy,
            sending=_("Checking the code…"),
            on_submit=SignInState.check_code,
            cls="mt-6",
        ),
        el.p(
            rx.cond(SignInState.sent_again, _("We sent a new code. Use the newest message."), ""),
            role="status",
            class_name="text-paid font-semibold mt-3",
        ),
        el.div(again, other, class_name="flex flex-wrap gap-x-2 mt-1 -mx-2"),
    )


def birth_date_step() -> rx.Component:
    return el.div(
        form(
            birth_date_fields(
                step_title(_("Your date of birth")),
                error=field_error(SignInState, "born"),
                why=_("So that we open the right record."),
            ),
            rx.cond(SignInState.ask_first_name, first_name_field()),
            submit(_("Sign in"), cls="w-full mt-6"),
            busy=SignInState.busy,
            sending=_("Signing you in…"),
            on_submit=SignInState.check_birth_date,
        ),
        el.div(
            button(_("Start again"), kind="quiet", on_click=SignInState.start_over), class_name="mt-3 -mx-2"
        ),
    )


def first_name_field() -> rx.Component:
    return field(
        _("Your first name"),
        "first_name",
        text_input("first_name", "given_name", hint=True, data_focus="1"),
        hint=_("Two people share this contact and this date of birth."),
        cls="mt-5",
    )
