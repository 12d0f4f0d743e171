"""/sign-in: an email or phone, the code we send, the date of birth."""

import reflex as rx

from portal_app.components.forms import field, form, named_input, text_input
from portal_app.components.kit import button, el, icon, raw_a, submit
from portal_app.components.shell import page
from portal_app.components.words import _, fill, here
from portal_app.state.shell import ShellState
from portal_app.state.sign_in import SignInState


def title():
    steps = [("code", _("Enter the code")), ("birth_date", _("Your date of birth"))]
    return rx.match(SignInState.step, *steps, _("Sign in"))


@page("/sign-in", title, on_load=SignInState.begin, side="open")
def sign_in() -> rx.Component:
    steps = rx.match(
        SignInState.step,
        ("code", code_step()),
        ("birth_date", birth_date_step()),
        ("done", done_step()),
        contact_step(),
    )
    return rx.fragment(el.div(steps, class_name="card p-6 md:p-8"), assurance())


def contact_step() -> rx.Component:
    control = text_input(
        "contact",
        error=SignInState.error,
        hint=True,
        auto_complete="username",
        input_mode="email",
        auto_capitalize="none",
        spell_check=False,
        default_value=SignInState.contact,
    )
    return el.div(
        el.h1(_("Sign in"), class_name="text-xl font-bold"),
        el.p(_("We send you a code. No password needed."), class_name="text-ink-2 mt-2"),
        form(
            field(
                _("Email or mobile phone"),
                "contact",
                control,
                error=SignInState.error,
                hint=_("The one your practice has on file for you"),
            ),
            submit(_("Send me a code"), cls="w-full mt-6"),
            busy=SignInState.busy,
            sending=_("Sending your code…"),
            on_submit=SignInState.send_code,
            cls="mt-6",
        ),
    )


def code_step() -> rx.Component:
    look = "tnum text-xl! tracking-[0.25em] font-bold max-w-60"
    control = text_input(
        "code",
        error=SignInState.error,
        hint=True,
        input_mode="numeric",
        auto_complete="one-time-code",
        max_length=12,
        cls=look,
    )
    again = button(_("Send a new code"), kind="quiet", on_click=SignInState.send_again)
    other = button(_("Use another email or phone"), kind="quiet", on_click=SignInState.start_over)
    return el.div(
        el.h1(_("Enter the 6-digit code"), data_focus="1", class_name="text-xl font-bold"),
        el.p(
            *fill(
                "If {contact} is on file with the practice, a code is on its way. It works for 15 minutes.",
                contact=el.b(SignInState.sent_to, class_name="break-all"),
            ),
            class_name="text-ink-2 mt-2",
        ),
        form(
            field(
                _("Code"),
                "code",
                control,
                error=SignInState.error,
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


def date_part(name: str, label: str, complete: str, width: str) -> rx.Component:
    numeric = {} if name == "born_month" else {"input_mode": "numeric"}
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        named_input(
            name,
            type="text",
            auto_complete=complete,
            class_name=f"input tnum {width}",
            aria_describedby="born-hint born-error",
            **numeric,
        ),
    )


def birth_date_step() -> rx.Component:
    parts = [
        date_part("born_month", _("Month"), "bday-month", "w-[6.5rem]"),
        date_part("born_day", _("Day"), "bday-day", "w-[4.5rem]"),
        date_part("born_year", _("Year"), "bday-year", "w-[5.5rem]"),
    ]
    problem = el.p(
        rx.cond(
            SignInState.error != "",
            el.span(
                icon("circle-alert", 18, "mt-1"),
                SignInState.error,
                class_name="flex gap-1.5 items-start text-late font-bold",
            ),
        ),
        id="born-error",
        role="alert",
    )
    return el.div(
        form(
            el.fieldset(
                el.legend(el.h1(_("Your date of birth"), data_focus="1", class_name="text-xl font-bold")),
                el.p(
                    _("So that we open the right record."),
                    " ",
                    _("For example, April 27 1980"),
                    id="born-hint",
                    class_name="text-ink-2 mt-2",
                ),
                problem,
                el.div(*parts, class_name="flex flex-wrap gap-3 mt-4"),
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
        text_input("first_name", hint=True, auto_complete="given-name"),
        hint=_("Two people share this contact and this date of birth."),
        cls="mt-5",
    )


def done_step() -> rx.Component:
    again = button(_("Start again"), kind="second", on_click=SignInState.start_over, cls="mt-4")
    return el.div(
        el.p(_("Signing you in…"), role="status", class_name="when-sent font-semibold"),
        el.div(
            el.p(_("We could not finish signing you in."), role="alert", class_name="font-semibold"),
            again,
            class_name="when-failed",
        ),
        custom_attrs={"data-ticket": SignInState.ticket, "data-next": here("/invoices")},
    )


def assurance() -> rx.Component:
    call = raw_a(ShellState.phone, href="tel:" + ShellState.phone, class_name="link tnum whitespace-nowrap")
    emergency = raw_a("911", href="tel:911", class_name="link tnum whitespace-nowrap")
    return el.div(
        el.p(
            icon("shield-check", 19, "text-brand mt-0.5"),
            _("Only you and your care team can see what is in here."),
            class_name="flex gap-2",
        ),
        el.p(
            rx.cond(
                ShellState.phone != "", rx.fragment(*fill("Can’t get in? Call {phone}.", phone=call), " ")
            ),
            rx.fragment(*fill("In an emergency call {number}.", number=emergency)),
            class_name="mt-3",
        ),
        class_name="text-sm text-ink-2 mt-5 px-1",
    )
