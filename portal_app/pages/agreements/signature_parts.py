"""Consent to electronic records, as whom one signs, and the signature itself: typed or drawn."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import choice, error_text, field, hidden, text_input
from portal_app.components.i18n import _, fill, fill_var
from portal_app.components.kit import card, el, field_error, h2, icon, raw_a
from portal_app.components.signature_pad import signature_pad
from portal_app.state.agreements.labels import RELATIONSHIPS

BOX = "p-5 md:p-6"


def consent(S: Any) -> rx.Component:
    """Before the first signature (ESIGN 15 USC 7001(c)). Another text needs another CONSENT_VERSION."""
    points = (
        _("You may sign here instead of on paper. You then get your copies as PDF files, here and by email."),
        _("This is about everything that you sign with us here."),
        _("You may have paper instead, at no cost: press “Sign on paper instead” below."),
        _(
            "You may withdraw at any time, here or on the page Agreements. What you signed stays in force; "
            "from then on you get paper to sign."
        ),
        _("You need a phone or computer with a browser, and a program that opens PDF files."),
        _("Keep your email address up to date under Contact details, so that your copies reach you."),
    )
    sample = raw_a(
        icon("download", 19), _("Open the PDF"), href=S.text_pdf, download="", class_name="btn btn-second"
    )
    return card(
        h2(_("Electronic records")),
        el.ul(*[el.li(point) for point in points], class_name="list-disc pl-6 mt-3 space-y-1.5"),
        el.p(_("First try whether you can open a PDF here:"), class_name="mt-4 mb-2"),
        sample,
        tick(S, "can_open", _("I can open the PDF and read it")),
        tick(S, "consent", _("I agree to electronic records")),
        cls=BOX,
    )


def tick(S: Any, name: str, label: str) -> rx.Component:
    """A checkbox with its own error."""
    wrong = field_error(S, name)
    marks = {
        "aria_describedby": f"{name}-error",
        "aria_invalid": rx.cond(wrong != "", "true", "false"),
    }
    return el.div(
        error_text(name, wrong),
        choice(name, "on", label, kind="checkbox", **marks),
        class_name="mt-4 space-y-1.5",
    )


def relationship(S: Any) -> rx.Component:
    """Who signs for somebody else says as what."""
    words = field(
        _("In your own words"),
        "relationship_words",
        text_input("relationship_words", max_length=60, **kept(S, "relationship_words")),
    )
    return el.div(
        el.fieldset(
            el.legend(
                fill_var("You sign for {name}. What are you to them?", name=S.patient),
                class_name="font-bold mb-2 break-words",
            ),
            error_text("relationship", field_error(S, "relationship")),
            el.div(
                *[radio(S, "relationship", str(value), _(label)) for value, label in RELATIONSHIPS.items()],
                class_name="grid gap-2",
            ),
            aria_describedby="relationship-error",
        ),
        el.div(words, class_name="hidden group-has-[input[value=other]:checked]:block mt-4"),
        class_name="group",
    )


def signature(S: Any) -> rx.Component:
    wrong = field_error(S, "signature")
    return el.div(
        el.div(error_text("signature", wrong), id="signature", tab_index=-1, class_name="outline-none"),
        rx.cond(
            S.drawn_only,
            el.div(
                hidden("way", "drawn"),
                el.p(
                    _("This agreement asks for a drawn signature. If you cannot draw here, ask for paper."),
                    class_name="mb-3",
                ),
                drawing(S),
            ),
            either_way(S, wrong),
        ),
    )


def either_way(S: Any, wrong: Any) -> rx.Component:
    """Typed, which needs no drawing, or drawn. Without the choice of drawing its box is not there at all."""
    typed = field(
        _("Type your full name"),
        "typed_name",
        text_input(
            "typed_name",
            "full_name",
            hint=True,
            max_length=100,
            aria_invalid=rx.cond(wrong != "", "true", "false"),
            aria_describedby="typed_name-hint signature-error",
            **kept(S, "typed_name"),
        ),
        hint=el.span(*fill("We have you on file as {name}.", name=el.b(S.name_on_file))),
    )
    return el.div(
        el.fieldset(
            el.legend(_("How do you sign?"), class_name="font-bold mb-2"),
            el.div(
                way(S, "typed", "how-type", _("Type"), (S.typed["way"] | "typed").to(str) != "drawn"),
                way(S, "drawn", "how-draw", _("Draw"), (S.typed["way"] | "typed").to(str) == "drawn"),
                class_name="seg",
            ),
        ),
        el.div(typed, class_name="when-type mt-5"),
        el.div(drawing(S), class_name="when-draw mt-5"),
    )


def way(S: Any, value: str, name: str, label: str, on: Any) -> rx.Component:
    """Uncontrolled, so it is drawn anew when what it begins with changes."""

    def one(checked: bool) -> rx.Component:
        control = el.input(
            type="radio",
            name="way",
            value=value,
            default_checked=checked,
            on_change=lambda chosen: S.save_draft_field("way", chosen),
            custom_attrs={"id": name},
        )
        return el.label(control, label, key=f"{name}-{checked}")

    return rx.cond(on, one(True), one(False))


def drawing(S: Any) -> rx.Component:
    return el.div(
        el.p(_("Draw your signature in the box"), class_name="font-bold mb-2"),
        signature_pad(
            name="strokes",
            kept_as=S.drawing_key,
            label=_("Box for drawing your signature"),
            clear_label=_("Clear the box"),
            failed_text=_("The box could not be loaded. Type your name instead, or try again."),
            full_text=_("The box is full. Clear it to draw again."),
        ),
    )


def radio(S: Any, name: str, value: str, label: str) -> rx.Component:
    """One of several, as it was left."""
    more: dict[str, Any] = {"on_change": lambda chosen: S.save_draft_field(name, chosen)}
    return rx.cond(
        (S.typed[name] | "").to(str) == value,
        choice(name, value, label, checked=True, key=f"{name}-{value}-on", **more),
        choice(name, value, label, key=f"{name}-{value}-off", **more),
    )


def kept(S: Any, name: str) -> dict[str, Any]:
    """What a field of text begins with, and what keeps it when it is left (decision 0015)."""
    return {
        "default_value": (S.typed[name] | "").to(str),
        "on_blur": lambda value: S.save_draft_field(name, value),
    }
