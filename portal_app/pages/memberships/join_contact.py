"""Joining: the contact and its code, signing in for who is known, the name and address of who joins."""

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import field, form, text_input
from portal_app.components.i18n import _, fill
from portal_app.components.kit import button, card, el, field_error, refusal_feedback, submit
from portal_app.components.layout import call_us
from portal_app.components.sign_in.steps import code_field, step_title
from portal_app.pages.memberships.join_parts import BOX, count, goes, name_fields, sex_field
from portal_app.state.memberships.join import JoinState

S = JoinState


def contact_step() -> rx.Component:
    error = field_error(S, "contact")
    return el.div(
        count(3),
        card(
            step_title(_("How do we reach you?")),
            el.p(_("We send you a code, to be sure that it is yours."), class_name="text-ink-2 mt-2"),
            form(
                field(
                    _("Email or mobile phone"),
                    "contact",
                    text_input("contact", "contact", error=error, default_value=S.contact),
                    error=error,
                ),
                submit(_("Send me a code"), cls="w-full mt-5"),
                busy=S.busy,
                sending=_("Sending your code…"),
                on_submit=S.send_code,
                cls="mt-6",
            ),
            cls=BOX + " mt-3",
        ),
        el.div(
            rx.cond(
                S.plan != "",
                button(_("Back"), kind="quiet", on_click=goes("people")),
                button(_("Back"), kind="quiet", on_click=goes("plan")),
            ),
            class_name="mt-3 -mx-2",
        ),
    )


def code_step() -> rx.Component:
    reference = el.b(S.reference, class_name="tnum text-ink")
    return el.div(
        count(3),
        card(
            step_title(_("Enter the 6-digit code")),
            el.p(
                *fill(
                    "A code is on its way to {contact}. It works for 15 minutes.",
                    contact=el.b(S.sent_to, class_name="break-words"),
                ),
                class_name="text-ink-2 mt-2",
            ),
            form(
                code_field(
                    _("Code"),
                    error=field_error(S, "code"),
                    hint=rx.fragment(*fill("From the message that says {reference}", reference=reference)),
                ),
                submit(_("Continue"), cls="w-full mt-6"),
                busy=S.busy,
                sending=_("Checking the code…"),
                on_submit=S.check_code,
                cls="mt-6",
            ),
            el.p(
                rx.cond(S.sent_again, _("We sent a new code. Use the newest message."), ""),
                role="status",
                class_name="text-paid font-semibold mt-3",
            ),
            el.div(
                button(_("Send a new code"), kind="quiet", on_click=S.resend_code),
                button(_("Use another email or phone"), kind="quiet", on_click=goes("contact")),
                class_name="flex flex-wrap gap-x-2 mt-1 -mx-2",
            ),
            cls=BOX + " mt-3",
        ),
    )


def known_step() -> rx.Component:
    """Only who has read the code comes here (JOIN-2)."""
    first_name = field(
        _("Your first name"),
        "first_name",
        text_input("first_name", "given_name", hint=True, data_focus="1"),
        hint=_("Two people share this contact and this date of birth."),
        cls="mt-5",
    )
    return card(
        step_title(_("We know you already")),
        el.p(
            _(
                "A patient of ours has this contact, so you need no second account. Sign in with your date of birth. To "
                "add members or another plan, sign in and open Memberships, or call us."
            ),
            class_name="mt-2",
        ),
        form(
            birth_date_fields(
                el.span(_("Your date of birth"), class_name="font-bold"), error=field_error(S, "born")
            ),
            rx.cond(S.ask_first_name, first_name),
            submit(_("Sign in"), cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Signing you in…"),
            on_submit=S.check_birth_date,
            cls="mt-6",
        ),
        el.div(button(_("Start again"), kind="quiet", on_click=S.start_over), class_name="mt-3 -mx-2"),
        call_us("text-ink-2 mt-2"),
        cls=BOX,
    )


def owner_step() -> rx.Component:
    def line(name: str, kind: str, label: str) -> rx.Component:
        error = field_error(S, name)
        control = text_input(name, kind, error=error, default_value=S.owner[name], max_length=150)
        return field(label, name, control, error=error, cls="mt-5")

    return el.div(
        count(4),
        card(
            step_title(_("Your name and address")),
            el.p(_("You join and pay for everybody."), class_name="text-ink-2 mt-2"),
            form(
                name_fields(own=True),
                sex_field(S.owner["sex"]),
                line("line1", "street", _("Street and number")),
                line("line2", "street_2", _("Apartment, if any")),
                line("city", "city", _("City")),
                line("region", "state", _("State")),
                line("postal_code", "zip", _("ZIP code")),
                refusal_feedback(S),
                submit(_("Continue"), cls="w-full mt-6"),
                busy=S.busy,
                sending=_("Saving…"),
                on_submit=S.save_owner,
                cls="mt-6",
            ),
            cls=BOX + " mt-3",
        ),
        el.div(
            button(_("Back to the members"), kind="quiet", on_click=goes("people")),
            class_name="mt-3 -mx-2",
        ),
    )
