"""Form pieces. Each is labelled, described, uncontrolled, and errs in words."""

from typing import Any, Literal

import reflex as rx

from portal_app.components.kit import el, icon, raw_a
from portal_app.components.words import _


def form(*kids: Any, busy: rx.Var[bool], sending: str, cls: str = "", **props: Any) -> rx.Component:
    """Guarded against a second press (ui.js), and says what it is doing."""
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
        el.p(hint, id=f"{name}-hint", class_name="text-ink-2 text-sm mt-0.5") if hint else rx.fragment(),
        el.div(error_text(name, error), control, class_name="mt-1.5 space-y-1.5"),
        class_name=cls,
    )


def error_text(name: str, error: Any) -> rx.Component:
    if error is None:
        return rx.fragment()
    words = el.span(
        icon("circle-alert", 18, "mt-1"),
        el.span(el.span(_("Error:"), " ", class_name="sr-only"), error),
        class_name="flex gap-1.5 items-start text-late font-bold",
    )
    return el.p(rx.cond(error != "", words), id=f"{name}-error")


def text_input(
    name: str, *, error: Any = None, hint: bool = False, cls: str = "", **props: Any
) -> rx.Component:
    """Uncontrolled: what is typed stays in the browser until the form is sent."""
    about = ([f"{name}-hint"] if hint else []) + ([f"{name}-error"] if error is not None else [])
    if about:
        props["aria_describedby"] = " ".join(about)
    if error is not None:
        props["aria_invalid"] = rx.cond(error != "", "true", "false")
    props.setdefault("type", "text")
    return named_input(name, class_name=f"input {cls}", **props)


def named_input(name: str, **props: Any) -> rx.Component:
    """Its id goes round the framework, which would send every id of a form, absent fields as null."""
    return el.input(name=name, custom_attrs={"id": name}, **props)


def hidden(name: str, value: Any) -> rx.Component:
    """`key` makes a new input of a new value: an uncontrolled one would keep the first."""
    return el.input(type="hidden", name=name, default_value=value, key=value)


def error_summary(title: Any, lines: rx.Component) -> rx.Component:
    """Takes focus when it appears (ui.js)."""
    return el.div(
        el.h2(title, class_name="text-lg font-bold"),
        lines,
        role="alert",
        data_focus="1",
        class_name="rounded-lg border-4 border-danger bg-surface p-5 mb-6",
    )


def error_line(text: Any, name: str) -> rx.Component:
    return raw_a(text, href=f"#{name}", class_name="link text-late inline-flex items-center min-h-11")


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
        side if side is not None else rx.fragment(),
        class_name="choice",
    )
