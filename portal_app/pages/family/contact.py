"""/members/contact?id=…: how one person is reached, and what only the practice changes."""

from typing import Any, Literal

import reflex as rx

from portal_app.components.form_fields import choice, error_text, field, form, text_input
from portal_app.components.i18n import _, each, fill, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    h1,
    h2,
    icon,
    link,
    loaded,
    loading,
    opens,
    skel,
    submit,
    summary_row,
)
from portal_app.components.screen import page
from portal_app.components.sign_in.reauth import proof_panel
from portal_app.components.sign_in.steps import code_field
from portal_app.i18n import LANGUAGES
from portal_app.settings import settings
from portal_app.state.family.contact import ContactState

S = ContactState
CARD = "p-5 md:p-6 mt-5"


def title():
    return rx.cond(S.name != "", S.name, _("Contact details"))


@page("/members/contact", title, on_load=S.load, active="/members")
def member_contact() -> rx.Component:
    return el.div(
        back(_("Back to members"), here("/members")),
        loaded(S, shown(), waiting(), not_there()),
    )


def not_there() -> rx.Component:
    again = link(_("See your members"), href=here("/members"), cls="btn btn-second mt-5")
    return el.div(
        h1(_("Contact details")),
        card(
            empty("users", _("We could not find that person"), _("Choose somebody from your list."), again),
            cls="mt-5",
        ),
    )


def shown() -> rx.Component:
    return el.div(
        h1(S.name),
        el.p(_("Contact details"), class_name="text-ink-2"),
        feedback(S),
        rx.cond(S.needs_reauth, el.div(proof_panel(S), class_name="mt-5"), everything()),
    )


def everything() -> rx.Component:
    return el.div(
        contacts(),
        address(),
        preferences(),
        locked(),
    )


def contacts() -> rx.Component:
    adding = el.div(
        button(icon("plus", 19), _("Add an email"), kind="second", **opens(S.edit_contact("email"))),
        button(icon("plus", 19), _("Add a phone"), kind="second", **opens(S.edit_contact("phone"))),
        class_name="flex flex-wrap gap-3 mt-4",
    )
    return card(
        h2(_("Email and phone")),
        el.p(
            _("A new one is used once you type the code we send there. The old one is told."),
            class_name="text-ink-2 mt-1",
        ),
        el.ul(each(S.contacts, contact), class_name="mt-2"),
        rx.match(
            S.editing,
            ("email", changing(_("New email"), "email")),
            ("phone", changing(_("New phone"), "phone")),
            rx.cond(S.editing == "", adding),
        ),
        cls=CARD,
    )


def contact(item) -> rx.Component:
    name = el.span(" ", item.shown, class_name="sr-only")
    marked = rx.cond(
        item.kind == "email", icon("mail", 20, "text-ink-2 mt-0.5"), icon("phone", 20, "text-ink-2 mt-0.5")
    )
    doing = el.div(
        button(_("Change"), name, kind="quiet", **opens(S.edit_contact(item.id))),
        rx.cond(~item.only, button(_("Remove"), name, kind="quiet", on_click=S.remove_contact(item.id))),
        class_name="flex flex-wrap -mr-2",
    )
    return el.li(
        el.div(
            marked,
            el.div(
                el.p(item.shown, class_name="font-semibold break-all"),
                rx.cond(item.note != "", el.p(item.note, class_name="text-sm text-ink-2")),
                class_name="flex-1 min-w-[min(10rem,100%)]",
            ),
            rx.cond(S.editing == item.id, rx.fragment(), doing),
            class_name="flex flex-wrap items-start gap-x-3",
        ),
        rx.cond(
            S.editing == item.id,
            rx.cond(
                item.kind == "email",
                changing(_("New email or phone"), "email", item.shared),
                changing(_("New email or phone"), "phone", item.shared),
            ),
        ),
        class_name="py-3 border-b border-line last:border-0",
        key=item.id,
    )


def changing(label: str, kind: str, shared: rx.Var[bool] | None = None) -> rx.Component:
    """The new one, then at the same place its code."""
    return el.div(
        rx.cond(S.code_for != "", code_form(), new_form(label, kind, shared)),
        button(_("Cancel"), kind="quiet", on_click=S.cancel_change, cls="mt-2 -ml-2"),
        class_name="mt-3 rounded-md bg-sunken p-4",
    )


def new_form(label: str, kind: str, shared: rx.Var[bool] | None) -> rx.Component:
    control = text_input("new", kind, error=field_error(S, "new"), own=S.is_me, data_focus="1")
    too = el.div(
        choice("everywhere", "on", _("Also for the others here who have the old one"), kind="checkbox"),
        class_name="mt-3",
    )
    return form(
        field(label, "new", control, error=field_error(S, "new")),
        rx.cond(shared, too) if shared is not None else rx.fragment(),
        submit(_("Send the code"), cls="mt-4"),
        busy=S.busy,
        sending=_("Sending your code…"),
        on_submit=S.send_code,
        key="new",
    )


def code_form() -> rx.Component:
    return el.div(
        el.p(
            *fill("We sent a code to {contact}.", contact=el.b(S.code_for, class_name="break-all")),
            data_focus="1",
            class_name="mb-3",
        ),
        form(
            code_field(_("6-digit code"), error=field_error(S, "code")),
            submit(_("Confirm"), cls="mt-4"),
            busy=S.busy,
            sending=_("Checking the code…"),
            on_submit=S.check_code,
        ),
        key="code",
    )


def address() -> rx.Component:
    def line(label: str, name: str, value, kind: str, **props) -> rx.Component:
        wrong = field_error(S, name)
        typed = text_input(name, kind, error=wrong, own=S.is_me, default_value=value, max_length=120)
        return field(label, name, typed, error=wrong, **props)

    return card(
        h2(_("Address")),
        form(
            line(_("Street and number"), "line1", S.line1, "street"),
            line(_("Apartment, floor (optional)"), "line2", S.line2, "street_2"),
            el.div(
                line(_("City"), "city", S.city, "city", cls="sm:col-span-3"),
                line(_("State"), "region", S.region, "state", cls="sm:col-span-1"),
                line(_("ZIP code"), "postal_code", S.postal_code, "zip", cls="sm:col-span-2"),
                class_name="grid sm:grid-cols-6 gap-4",
            ),
            submit(_("Save the address")),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.save_address,
            cls="mt-4 space-y-4",
            key=S.id,
        ),
        cls=CARD,
    )


def preferences() -> rx.Component:
    ways = (("by_email", _("Email"), S.by_email), ("by_text", _("Text message"), S.by_text))
    wrong = field_error(S, "by_email")
    return card(
        h2(_("How we write")),
        form(
            choices(
                _("Messages come by"),
                error_text("by_email", wrong),
                *[chosen(name, "on", label, on, kind="checkbox") for name, label, on in ways],
                aria_describedby="by_email-error",
            ),
            choices(
                _("In"),
                rx.fragment(),
                *[
                    chosen("spoken", code, el.span(LANGUAGES[code], lang=code), S.spoken == code)
                    for code in settings().languages
                ],
            ),
            submit(_("Save")),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=S.save_preferences,
            cls="mt-4 space-y-5",
            key=S.id,
        ),
        cls=CARD,
    )


def choices(title: str, error: rx.Component, *options: rx.Component, **props: Any) -> rx.Component:
    return el.fieldset(
        el.legend(title, class_name="font-bold mb-2"),
        error,
        el.div(*options, class_name="grid grid-cols-[minmax(0,1fr)] sm:grid-cols-2 gap-3"),
        **props,
    )


def chosen(
    name: str, value: str, title: Any, on: Any, *, kind: Literal["radio", "checkbox"] = "radio"
) -> rx.Component:
    """A choice that follows what is stored: uncontrolled, so it is drawn anew when that changes."""
    return rx.cond(
        on,
        choice(name, value, title, kind=kind, checked=True, key=f"{name}-{value}-on"),
        choice(name, value, title, kind=kind, key=f"{name}-{value}-off"),
    )


def locked() -> rx.Component:
    return card(
        h2(icon("lock", 18, "inline mr-2 -mt-1"), _("Only the practice changes these")),
        el.dl(
            summary_row(_("Name"), S.name),
            summary_row(_("Date of birth"), S.born),
            summary_row(_("Sex"), S.sex),
            class_name="mt-2",
        ),
        rx.cond(
            S.requesting,
            request_form(),
            button(_("Ask the practice to change this"), kind="second", cls="mt-4", **opens(S.open_request)),
        ),
        cls=CARD,
    )


def request_form() -> rx.Component:
    words = (("name", _("Name")), ("birth_date", _("Date of birth")), ("sex", _("Sex")))
    wish = text_input("wish", error=field_error(S, "wish"), hint=True, max_length=500)
    return form(
        el.fieldset(
            el.legend(_("What should be changed?"), data_focus="1", class_name="font-bold mb-2"),
            el.div(
                *[choice("what", value, label, checked=value == "name") for value, label in words],
                class_name="grid gap-2",
            ),
        ),
        field(
            _("What should it be?"),
            "wish",
            wish,
            error=field_error(S, "wish"),
            hint=_("We may ask to see a document."),
            cls="mt-5",
        ),
        el.div(
            submit(_("Send the request")),
            button(_("Cancel"), kind="quiet", on_click=S.cancel_change),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        busy=S.busy,
        sending=_("Sending…"),
        on_submit=S.request_change,
        cls="mt-5",
    )


def waiting() -> rx.Component:
    def box(height: str) -> rx.Component:
        return card(skel("h-7 w-40"), skel(f"{height} w-full mt-4"), cls=CARD)

    return loading(_("Getting the details…"), skel("h-9 w-56 mt-1"), box("h-40"), box("h-72"), box("h-48"))
