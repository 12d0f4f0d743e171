"""/memberships/add: who, contact, what it costs from when, then the confirmation. Short steps on a phone."""

from typing import Any

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import busy_mark, choice, error_text, field, form, text_input
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    field_error,
    h1,
    link,
    loaded,
    notice,
    refusal_feedback,
    submit,
    summary_row,
)
from portal_app.components.screen import page
from portal_app.domain.memberships.adding import Relationship
from portal_app.i18n import gettext_noop
from portal_app.pages.memberships.overview import BOX, price_lines
from portal_app.pages.memberships.renew import not_there, waiting
from portal_app.state.family.labels import SEXES
from portal_app.state.memberships.add_member import AddMemberState

S = AddMemberState
RELATIONSHIPS = {
    Relationship.CHILD: gettext_noop("My child"),
    Relationship.PARTNER: gettext_noop("My spouse or partner"),
    Relationship.PARENT: gettext_noop("My parent"),
    Relationship.OTHER: gettext_noop("Somebody else"),
}


@page("/memberships/add", "Add a member", on_load=S.load, active="/memberships")
def add_member() -> rx.Component:
    return el.div(
        back(_("Back to memberships"), here("/memberships")),
        h1(_("Add a member")),
        el.div(loaded(S, content(), waiting(), not_there()), class_name="mt-5"),
    )


def content() -> rx.Component:
    return el.div(
        rx.cond(S.plan != "", el.p(S.plan, class_name="text-ink-2 -mt-4 mb-4")),
        rx.match(
            S.step,
            ("who", who()),
            ("person", person()),
            ("contact", contact()),
            ("alike", alike()),
            ("check", check()),
            ("done", added_confirmation()),
            adding_held_notice(),
        ),
    )


def adding_held_notice() -> rx.Component:
    """MEM-13, and whatever else stops it: why, and what to do."""
    pay = link(_("Pay now"), href=S.pay_href, cls="btn btn-primary mt-4")
    return card(el.p(S.why_not, class_name="font-semibold"), rx.cond(S.pay_href != "", pay), cls=BOX)


def step_form(title: Any, *kids: Any, on_submit: Any, said: str = "", **props: Any) -> rx.Component:
    """One step: its question, its fields, Continue."""
    return card(
        el.h2(title, class_name="text-lg font-bold", data_focus="1"),
        el.p(said, class_name="text-ink-2 mt-1") if said else rx.fragment(),
        refusal_feedback(S),
        form(
            *kids,
            submit(_("Continue"), cls="w-full sm:w-auto"),
            busy=S.busy,
            sending=_("Checking…"),
            on_submit=on_submit,
            cls="mt-4 space-y-5",
            **props,
        ),
        cls=BOX,
    )


def who() -> rx.Component:
    return step_form(
        _("Who is it?"),
        options("whom", each(S.choices, on_file), choice("whom", "new", _("Somebody new"))),
        on_submit=S.choose_person,
        key="who",
    )


def on_file(item) -> rx.Component:
    return choice("whom", item.id, item.name, sub=item.about)


def alike() -> rx.Component:
    """Somebody on file has the same date of birth and a similar name."""
    return el.div(
        step_form(
            _("Is it one of these people?"),
            options("whom", each(S.choices, on_file), choice("whom", "new", _("No, somebody else"))),
            on_submit=S.answer_alike,
            said=_("They have the same date of birth and a similar name."),
            key="alike",
        ),
        step_back(),
    )


def person() -> rx.Component:
    born = birth_date_fields(
        el.span(_("Date of birth"), class_name="font-bold"),
        error=field_error(S, "born"),
        own=False,
        draft=draft_field,
    )
    return el.div(
        rx.cond(S.restored, restored()),
        step_form(
            _("Who is it?"),
            typed_field(
                _("Legal first name"), "given_name", hint=_("As on an ID, with middle names"), max_length=200
            ),
            typed_field(_("Legal last name"), "family_name", max_length=200),
            born,
            radios(_("Sex"), "sex", [(code, _(label)) for code, label in SEXES.items()]),
            radios(
                _("What they are to you"), "relationship", [(str(k), _(v)) for k, v in RELATIONSHIPS.items()]
            ),
            on_submit=S.save_person,
            data_draft="1",
            key="person",
        ),
    )


def contact() -> rx.Component:
    consent = el.div(
        error_text("consent", field_error(S, "consent")),
        choice("consent", "on", _("They agree that I give you their details"), kind="checkbox"),
        class_name="space-y-1.5",
    )
    return el.div(
        step_form(
            _("How to reach them"),
            typed_field(_("Email (optional)"), "email", "email"),
            typed_field(_("Phone (optional)"), "phone", "phone"),
            home(),
            rx.cond(S.adult, consent),
            on_submit=S.save_contact,
            said=_("Leave it empty if they have none of their own: messages then come to you."),
            data_draft="1",
            key="contact",
        ),
        step_back(),
    )


def home() -> rx.Component:
    """The owner's address, or another one, whose fields open with the choice."""
    lines = el.div(
        typed_field(_("Street and number"), "line1", "street", max_length=120),
        typed_field(_("Apartment, floor (optional)"), "line2", "street_2", max_length=120),
        typed_field(_("City"), "city", "city", max_length=120),
        typed_field(_("State"), "region", "state", max_length=120),
        typed_field(_("ZIP code"), "postal_code", "zip", max_length=120),
        class_name="hidden group-has-[input[value=other]:checked]:block mt-4 space-y-4",
    )
    same = saved("where") != "other"
    return el.div(
        el.fieldset(
            el.legend(_("Address"), class_name="font-bold mb-2"),
            el.div(
                radio("where", "owner", _("The same as mine"), same),
                radio("where", "other", _("Another address"), ~same),
                class_name="grid gap-2",
            ),
        ),
        lines,
        class_name="group",
    )


def check() -> rx.Component:
    seen = S.check
    return el.div(
        card(
            el.h2(seen.name, class_name="text-lg font-bold break-words", data_focus="1"),
            start_and_prices(seen),
            rx.cond(
                seen.is_same,
                notice("info", _("The price stays the same: the family price covers them."), cls="mt-4"),
            ),
            el.h3(_("What it is made of"), class_name="font-bold mt-5"),
            price_lines(seen.lines),
            rx.cond(seen.own_invoice != "", own_invoice(seen.own_invoice)),
            rx.cond(seen.is_far, el.p(_("To start sooner, call us."), class_name="text-ink-2 mt-4")),
            rx.cond(
                seen.is_asked,
                notice(
                    "info",
                    _("We ask them first, by a message of their own. They join only if they agree."),
                    cls="mt-4",
                ),
            ),
            refusal_feedback(S),
            el.div(
                button(
                    rx.cond(seen.is_asked, _("Ask them"), _("Add this member")),
                    on_click=S.add,
                    cls="w-full sm:w-auto",
                ),
                data_busy=busy_mark(S.busy),
                class_name="mt-5",
            ),
            cls=BOX,
        ),
        step_back(),
    )


def start_and_prices(seen: Any) -> rx.Component:
    when = el.span(
        seen.first_day,
        rx.cond(seen.wait != "", el.span(seen.wait, class_name="block text-sm font-normal text-ink-2")),
    )
    return el.dl(
        summary_row(_("Starts"), when),
        summary_row(_("Price now"), seen.before),
        summary_row(_("Price from that day"), seen.after),
        summary_row(_("To pay today"), _("Nothing")),
        class_name="mt-3",
    )


def own_invoice(amount: Any) -> rx.Component:
    return el.p(
        fill_var(
            "That period has its invoice already: an invoice of {amount} comes for them.", amount=amount
        ),
        class_name="text-ink-2 mt-4",
    )


def added_confirmation() -> rx.Component:
    asked = el.p(_("They join once they agree. Until then nothing changes."), class_name="mt-0.5")
    added = el.p(_("We sent you a confirmation. You can take it back until that day."), class_name="mt-0.5")
    return el.div(
        notice(
            "paid",
            S.message,
            rx.cond(S.check.is_asked, asked, added),
            data_focus="said",
            id="added",
        ),
        link(_("See your memberships"), href=here("/memberships"), cls="btn btn-primary mt-5"),
    )


def restored() -> rx.Component:
    return el.p(
        _("This is what you typed before and have not sent."),
        " ",
        el.button(_("Start over"), type="button", on_click=S.start_over, class_name="link min-h-11"),
        class_name="text-sm text-ink-2 mb-2",
    )


def step_back() -> rx.Component:
    return button(_("Back"), kind="quiet", on_click=S.back, cls="mt-3 -ml-2")


def saved(name: str) -> rx.Var[str]:
    """What the field begins with."""
    return (S.typed[name] | "").to(str)


def save_when_left(name: str) -> Any:
    """An event handler that keeps a field when it is left (decision 0015)."""
    return lambda value: S.save_draft_field(name, value)


def draft_field(name: str) -> dict[str, Any]:
    """What restores a field of text, and keeps it."""
    return {"default_value": saved(name), "on_blur": save_when_left(name)}


def typed_field(label: str, name: str, kind: str = "text", *, hint: str = "", **props: Any) -> rx.Component:
    wrong = field_error(S, name)
    control = text_input(
        name,
        kind,
        error=wrong,
        hint=bool(hint),
        own=False,
        **draft_field(name),
        **props,
    )
    return field(label, name, control, error=wrong, hint=hint or None)


def options(name: str, *choices: rx.Component) -> rx.Component:
    return el.div(
        error_text(name, field_error(S, name)),
        el.div(*choices, class_name="grid gap-2"),
        class_name="space-y-1.5",
    )


def radios(title: str, name: str, values: list[tuple[str, str]]) -> rx.Component:
    return el.fieldset(
        el.legend(title, class_name="font-bold mb-2"),
        options(name, *[radio(name, value, label, saved(name) == value) for value, label in values]),
        aria_describedby=f"{name}-error",
    )


def radio(name: str, value: str, label: str, on: Any) -> rx.Component:
    """One of several, as it was left; it is uncontrolled, so it is drawn anew when that changes."""
    more: dict[str, Any] = {"on_change": save_when_left(name)}
    return rx.cond(
        on,
        choice(name, value, label, checked=True, key=f"{name}-{value}-on", **more),
        choice(name, value, label, key=f"{name}-{value}-off", **more),
    )
