"""What the practice's lists are made of: dense tables, panels at the side, small fields."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field_kind
from portal_app.components.i18n import _, each
from portal_app.components.kit import el, error_message, h1, icon, loading, skel
from portal_app.state.base import PortalState

LEFT, RIGHT = "text-left", "text-right"


def top(title: Any, *actions: Any, sub: Any = None) -> rx.Component:
    """The page's heading, what it can do at its right."""
    words = [h1(title)]
    if sub is not None:
        words.append(el.p(sub, class_name="text-ink-2"))
    return el.div(
        el.div(*words, class_name="min-w-0"),
        el.div(*actions, class_name="flex flex-wrap gap-2"),
        class_name="flex flex-wrap items-center justify-between gap-x-6 gap-y-3",
    )


def told(words: Any) -> rx.Component:
    """What was done, said without moving the focus: only where the button that did it stays."""
    look = "flex items-center gap-2 rounded-md px-4 py-2.5 mt-4 font-bold bg-paid-soft text-paid"
    return el.div(
        rx.cond(words != "", el.p(icon("circle-check", 20), words, class_name=look)),
        role="status",
        aria_live="polite",
    )


def trouble(words: Any, name: str = "form") -> rx.Component:
    return error_message(words, name=name)


def table(label: str, heads: list[tuple[Any, str]], rows: Any, row: Any) -> rx.Component:
    """From 768 px: real rows of 40 px. (heading, look) for each column."""
    head = el.tr(*[el.th(text, scope="col", class_name=look) for text, look in heads])
    return el.div(
        el.table(el.thead(head), el.tbody(each(rows, row)), class_name="dense"),
        class_name="hidden md:block overflow-x-auto relative",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def cards(rows: Any, row: Any) -> rx.Component:
    """The same on a phone."""
    return el.ul(each(rows, row), class_name="md:hidden")


CARD = "flex gap-3 px-4 py-3 border-t border-line first:border-0"


def panel(name: str, turn: rx.Var[int], title: Any, close: Any, *body: Any) -> rx.Component:
    """Opens when `turn` changes (ui.js); Escape closes it in the browser, the button here too."""
    shut = el.button(
        icon("x", 22),
        el.span(_("Close"), class_name="sr-only"),
        type="button",
        on_click=close,
        class_name="grid place-items-center size-11 -mr-2 rounded-md hover:bg-sunken cursor-pointer",
    )
    head = el.div(
        el.h2(title, id=f"{name}-title", class_name="text-lg font-bold"),
        shut,
        class_name="flex items-center justify-between gap-3",
    )
    return el.dialog(
        el.div(head, *body, class_name="p-5 md:p-6"),
        id=name,
        aria_labelledby=f"{name}-title",
        data_open=turn,
        class_name="sheet panel",
    )


def small_field(label: Any, control: rx.Component, *, cls: str = "", name: str = "") -> rx.Component:
    given = {"html_for": name} if name else {}
    return el.div(
        el.label(label, class_name="block text-sm font-semibold mb-1", **given),
        control,
        class_name=cls,
    )


def small_input(
    name: str, kind: str = "text", *, cls: str = "", field: str = "", **props: Any
) -> rx.Component:
    """`field` is its id where a page has several of this name."""
    return el.input(
        name=name,
        class_name=f"input input-small {cls}",
        custom_attrs={"id": field or name},
        **{**field_kind(kind), **props},
    )


def select(name: str, options: list[tuple[str, str]], **props: Any) -> rx.Component:
    made = [el.option(label, value=value) for value, label in options]
    field = props.pop("field", name)
    return el.select(*made, name=name, class_name="input input-small", custom_attrs={"id": field}, **props)


def act(*kids: Any, kind: str = "second", cls: str = "", **props: Any) -> rx.Component:
    """A small button in a list."""
    props.setdefault("type", "button")
    return el.button(*kids, class_name=f"btn btn-{kind} btn-small {cls}", **props)


def press(how: str, *kids: Any, kind: str = "second", cls: str = "") -> rx.Component:
    """One of a form's buttons: which one was pressed rides in its hidden field `how` (ui.js)."""
    return el.button(*kids, type="submit", data_how=how, class_name=f"btn btn-{kind} {cls}")


def how() -> rx.Component:
    return el.input(type="hidden", name="how", default_value="")


def open_page(ready: rx.Var[bool], body: rx.Component, label: str) -> rx.Component:
    """The page, boxes in its place, or nothing where the door said no (it says so above)."""
    boxes = loading(
        label,
        skel("h-11 w-full mt-5"),
        el.div(*[skel("h-9 w-full mt-2") for _i in range(8)], class_name="card p-5 mt-5"),
    )
    return rx.cond(ready, body, rx.cond(PortalState.notice != "", rx.fragment(), boxes))


def fact(key: Any, value: Any) -> rx.Component:
    return el.div(
        el.dt(key, class_name="text-ink-2 min-w-0"),
        el.dd(value, class_name="font-semibold text-right min-w-0 ml-auto"),
        class_name="flex flex-wrap justify-between gap-x-4 py-2 border-b border-line last:border-0",
    )
