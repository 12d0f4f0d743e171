"""Form fields. Each is labelled, described, uncontrolled, and shows its error in words."""

from typing import Any, Literal

import reflex as rx

from portal_app.components.elements import fragment
from portal_app.components.i18n import _
from portal_app.components.kit import el, icon

_TYPED_EXACTLY = {"auto_capitalize": "none", "spell_check": False}
_OFF = {"auto_complete": "off"}
# What each kind of field asks of a phone's keyboard and of what the browser remembers (WCAG 1.3.5, 3.3.8).
# A field names its kind and sets none of these attributes itself.
FIELD_KINDS: dict[str, dict[str, Any]] = {
    "text": _OFF,
    "email": {"type": "email", "auto_complete": "email", **_TYPED_EXACTLY},
    "phone": {"type": "tel", "auto_complete": "tel"},
    # Email or phone, whichever one signs in with. The browser offers passkeys in it too, but not in a frame.
    "contact": {"auto_complete": "username webauthn", "input_mode": "email", **_TYPED_EXACTLY},
    "contact_in_frame": {"auto_complete": "username", "input_mode": "email", **_TYPED_EXACTLY},
    "username": {"auto_complete": "username", **_TYPED_EXACTLY},
    "username_email": {"type": "email", "auto_complete": "username", **_TYPED_EXACTLY},
    "password": {"type": "password", "auto_complete": "current-password"},
    "new_password": {"type": "password", "auto_complete": "new-password"},
    # Long enough for a whole message that is pasted: the server finds the digits.
    "code": {"auto_complete": "one-time-code", "input_mode": "numeric", "max_length": 200},
    "letters_code": {**_OFF, "auto_capitalize": "characters", "spell_check": False, "max_length": 200},
    "initials": {**_OFF, "auto_capitalize": "characters", "spell_check": False},
    "birth_month": {"auto_complete": "bday-month", "input_mode": "numeric"},
    "birth_day": {"auto_complete": "bday-day", "input_mode": "numeric"},
    "birth_year": {"auto_complete": "bday-year", "input_mode": "numeric"},
    "given_name": {"auto_complete": "given-name"},
    "family_name": {"auto_complete": "family-name"},
    "full_name": {"auto_complete": "name"},
    "street": {"auto_complete": "address-line1"},
    "street_2": {"auto_complete": "address-line2"},
    "city": {"auto_complete": "address-level2"},
    "state": {"auto_complete": "address-level1"},
    "zip": {"auto_complete": "postal-code", "input_mode": "numeric"},
    "money": {**_OFF, "input_mode": "decimal"},
    "number": {**_OFF, "input_mode": "numeric"},
    "date": {"type": "date", **_OFF},
    "search": {"type": "search", **_OFF, "spell_check": False},
}


def form(*kids: Any, busy: rx.Var[bool], sending: str, cls: str = "", **props: Any) -> rx.Component:
    """A form that ignores a second press while it is busy (ui.js), and tells a screen reader what it is doing."""
    doing = el.p(rx.cond(busy, sending, ""), role="status", class_name="sr-only")
    return el.form(
        *kids, doing, no_validate=True, data_guard="1", data_busy=busy_mark(busy), class_name=cls, **props
    )


def busy_mark(busy: rx.Var[bool]) -> rx.Var[Any]:
    return rx.cond(busy, "1", rx.Var("undefined"))


def field(
    label: Any, name: str, control: rx.Component, *, hint: Any = None, error: Any = None, cls: str = ""
) -> rx.Component:
    """Label above, hint under it, error above the control: the order a magnifier reads."""
    return el.div(
        el.label(label, html_for=name, class_name="block font-bold"),
        el.p(hint, id=f"{name}-hint", class_name="text-ink-2 text-sm mt-0.5") if hint else fragment(),
        el.div(error_text(name, error), control, class_name="mt-1.5 space-y-1.5"),
        class_name=cls,
    )


def error_text(name: str, error: Any) -> rx.Component:
    if error is None:
        return fragment()
    words = el.span(
        icon("circle-alert", 18, "mt-1"),
        el.span(el.span(_("Error:"), " ", class_name="sr-only"), error),
        class_name="flex gap-1.5 items-start text-late font-bold",
    )
    return el.p(rx.cond(error != "", words), id=f"{name}-error")


def field_kind(kind: str, own: Any = True) -> dict[str, Any]:
    """The attributes of a kind of field. `own` is False, or a var, where it is about somebody else: no autofill."""
    attributes = {"type": "text", **FIELD_KINDS[kind]}
    if isinstance(own, rx.Var):
        attributes["auto_complete"] = rx.cond(own, attributes["auto_complete"], "off")
    elif not own:
        attributes["auto_complete"] = "off"
    return attributes


def text_input(
    name: str,
    kind: str = "text",
    *,
    error: Any = None,
    form_error: Any = None,
    hint: bool = False,
    own: Any = True,
    cls: str = "",
    **props: Any,
) -> rx.Component:
    """Uncontrolled: what is typed stays in the browser until the form is sent.

    `error` is this field's, and stands above it (`field`). `form_error` is of several fields together and
    stands in a `refusal_feedback` above the form. A refused form puts the focus into its first wrong field (ui.js).
    """
    about = [f"{name}-hint"] if hint else []
    wrong = error if error is not None else form_error
    if wrong is not None:
        about.append(f"{name}-error" if error is not None else "form-error")
        props["aria_invalid"] = rx.cond(wrong != "", "true", "false")
    if about:
        props.setdefault("aria_describedby", " ".join(about))
    return named_input(name, kind, own=own, class_name=f"input {cls}", **props)


def named_input(name: str, kind: str = "text", *, own: Any = True, **props: Any) -> rx.Component:
    """An input whose id is unknown to the framework, which would send every id of a form, absent fields as null."""
    return el.input(name=name, custom_attrs={"id": name}, **{**field_kind(kind, own), **props})


def hidden(name: str, value: Any) -> rx.Component:
    """A hidden input. `key` replaces it when the value changes: an uncontrolled one would keep the first value."""
    return el.input(type="hidden", name=name, default_value=value, key=value)


def choice(
    name: str,
    value: Any,
    title: Any,
    *,
    sub: Any = None,
    side: Any = None,
    checked: Any = False,
    kind: Literal["radio", "checkbox"] = "radio",
    **props: Any,
) -> rx.Component:
    """A radio or checkbox whose whole card is the target."""
    words = [el.span(title, class_name="block font-semibold leading-6")]
    if sub is not None:
        words.append(el.span(sub, class_name="block text-sm text-ink-2"))
    return el.label(
        el.input(type=kind, name=name, value=value, default_checked=checked, class_name="check", **props),
        el.span(*words, class_name="flex-1 min-w-0"),
        side if side is not None else fragment(),
        class_name="choice",
    )
