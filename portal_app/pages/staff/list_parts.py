"""Parts of the staff pages with lists: dense tables, panels at the side, small fields and buttons."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field_kind
from portal_app.components.i18n import _, each
from portal_app.components.kit import el, h1, icon, loading, raw_a, skel
from portal_app.state.base import PortalState

LEFT, RIGHT = "text-left", "text-right"


def page_header(title: Any, *actions: Any, sub: Any = None) -> rx.Component:
    """The heading of a page, with its actions at the right."""
    lines = [h1(title)]
    if sub is not None:
        lines.append(el.p(sub, class_name="text-ink-2"))
    return el.div(
        el.div(*lines, class_name="min-w-0"),
        el.div(*actions, class_name="flex flex-wrap gap-2"),
        class_name="flex flex-wrap items-center justify-between gap-x-6 gap-y-3",
    )


def done_status(S: Any) -> rx.Component:
    """What `S`, a Feedback state, has done, read out without moving the focus. Where the pressed button stays."""
    look = "flex items-center gap-2 rounded-md px-4 py-2.5 mt-4 font-bold bg-paid-soft text-paid"
    return el.div(
        rx.cond(
            (S.message != "") & (S.tone == "paid"),
            el.p(icon("circle-check", 20), S.message, class_name=look),
        ),
        role="status",
        aria_live="polite",
    )


def export_link(href: Any) -> rx.Component:
    """Downloads the list as it is filtered now."""
    return raw_a(
        icon("download", 18),
        _("Export CSV"),
        href=href,
        class_name="btn btn-second btn-small",
        download="",
    )


def table(label: str, heads: list[tuple[Any, str]], rows: Any, row: Any) -> rx.Component:
    """A dense table, from 768 px; phones get `cards`. `heads`: heading and class of each column."""
    head = el.tr(*[el.th(text, scope="col", class_name=look) for text, look in heads])
    return el.div(
        el.table(el.thead(head), el.tbody(each(rows, row)), class_name="dense"),
        class_name="hidden md:block overflow-x-auto relative",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def cards(rows: Any, row: Any) -> rx.Component:
    """The rows of a `table` as cards, below 768 px."""
    return el.ul(each(rows, row), class_name="md:hidden")


CARD = "flex gap-3 px-4 py-3 border-t border-line first:border-0"


def panel(name: str, times_opened: rx.Var[int], title: Any, close: Any, *body: Any) -> rx.Component:
    """A panel at the side, opened when `times_opened` changes (ui.js). Escape closes it, and so does its button."""
    close_button = el.button(
        icon("x", 22),
        el.span(_("Close"), class_name="sr-only"),
        type="button",
        on_click=close,
        class_name="grid place-items-center size-11 -mr-2 rounded-md hover:bg-sunken cursor-pointer",
    )
    head = el.div(
        el.h2(title, id=f"{name}-title", class_name="text-lg font-bold"),
        close_button,
        class_name="flex items-center justify-between gap-3",
    )
    return el.dialog(
        el.div(head, *body, class_name="p-5 md:p-6"),
        id=name,
        aria_labelledby=f"{name}-title",
        data_open=times_opened,
        class_name="sheet panel",
    )


def small_field(label: Any, control: rx.Component, *, cls: str = "", name: Any = "") -> rx.Component:
    """`name`, which may be a var, is the id of the control."""
    given = {} if isinstance(name, str) and not name else {"html_for": name}
    return el.div(
        el.label(label, class_name="block text-sm font-semibold mb-1", **given),
        control,
        class_name=cls,
    )


def small_input(
    name: str, kind: str = "text", *, cls: str = "", field: Any = None, **props: Any
) -> rx.Component:
    """An input of 40 px. `field`, which may be a var, is its id where a page has several of this name."""
    return el.input(
        name=name,
        class_name=f"input input-small {cls}",
        custom_attrs={"id": name if field is None else field},
        **{**field_kind(kind), **props},
    )


def select(name: str, options: list[tuple[str, str]], **props: Any) -> rx.Component:
    made = [el.option(label, value=value) for value, label in options]
    field = props.pop("field", name)
    return el.select(*made, name=name, class_name="input input-small", custom_attrs={"id": field}, **props)


def small_button(*kids: Any, kind: str = "second", cls: str = "", **props: Any) -> rx.Component:
    """A button of 40 px, for lists and headings."""
    props.setdefault("type", "button")
    return el.button(*kids, class_name=f"btn btn-{kind} btn-small {cls}", **props)


def submit_as(how: str, *kids: Any, kind: str = "second", cls: str = "") -> rx.Component:
    """One of several submit buttons of a form; ui.js writes `how` into the form's `pressed_button`."""
    return el.button(*kids, type="submit", data_how=how, class_name=f"btn btn-{kind} {cls}")


def pressed_button() -> rx.Component:
    """The hidden field `how` that says which `submit_as` button was pressed."""
    return el.input(type="hidden", name="how", default_value="")


def page_body(ready: rx.Var[bool], body: rx.Component, label: str) -> rx.Component:
    """The body once it is ready, placeholder boxes before, nothing when the guard refused (its notice says why)."""
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
