"""Parts of the forms about plans and memberships: fields with their errors, tick boxes, the question before it is done."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.components.form_fields import error_text
from portal_app.components.i18n import _
from portal_app.components.kit import button, el, field_error, icon, notice
from portal_app.pages.staff.list_parts import select, small_field, small_input


def checked_field(
    S: Any, label: Any, name: str, kind: str = "text", *, form: str = "", cls: str = "mt-3", **props: Any
) -> rx.Component:
    """A small field of `S`, a Feedback state, with its error. `form`: which one, where a page has several."""

    def control(about: dict[str, Any]) -> rx.Component:
        return small_input(name, kind, **about, **props)

    return _with_error(S, label, name, control, form=form, cls=cls)


def checked_select(
    S: Any, label: Any, name: str, options: list[tuple[str, str]], *, form: str = "", **props: Any
) -> rx.Component:
    def control(about: dict[str, Any]) -> rx.Component:
        return select(name, options, **about, **props)

    return _with_error(S, label, name, control, form=form)


def checked_choice(
    S: Any, label: Any, name: str, *options: Any, form: str = "", **props: Any
) -> rx.Component:
    """A select whose options are components: those that the state lists."""

    def control(about: dict[str, Any]) -> rx.Component:
        ids = {"id": about.pop("field")}
        return el.select(
            *options, name=name, class_name="input input-small", custom_attrs=ids, **about, **props
        )

    return _with_error(S, label, name, control, form=form)


def checked_area(S: Any, label: Any, name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    def control(about: dict[str, Any]) -> rx.Component:
        ids = {"id": about.pop("field")}
        return el.textarea(name=name, rows="4", class_name="input w-full", custom_attrs=ids, **about, **props)

    return _with_error(S, label, name, control, hint=hint)


def _with_error(
    S: Any,
    label: Any,
    name: str,
    control: Callable[[dict[str, Any]], rx.Component],
    *,
    form: str = "",
    hint: Any = None,
    cls: str = "mt-3",
) -> rx.Component:
    wrong, field = field_error(S, name), f"{form}_{name}" if form else name
    if form:  # another form of the page may have a field of this name
        wrong = rx.cond(S.asked_form == form, wrong, "").to(str)
    about = {
        "field": field,
        "aria_describedby": f"{field}-hint {field}-error" if hint else f"{field}-error",
        "aria_invalid": rx.cond(wrong != "", "true", "false"),
    }
    said = [el.p(hint, id=f"{field}-hint", class_name="text-sm text-ink-2 mt-1")] if hint else []
    return el.div(
        small_field(label, control(about), name=field), *said, error_text(field, wrong), class_name=cls
    )


def tick(name: str, label: Any, *, ticked: Any = False, hint: Any = None, **props: Any) -> rx.Component:
    words = [el.span(label, class_name="block")]
    if hint is not None:
        words.append(el.span(hint, class_name="block text-sm text-ink-2"))
    return el.label(
        el.input(
            type="checkbox", name=name, value="yes", default_checked=ticked, class_name="check", **props
        ),
        el.span(*words, class_name="min-w-0"),
        class_name="flex gap-3 items-center min-h-11 mt-2",
    )


def submit_small(*label: Any, kind: str = "second", cls: str = "mt-4") -> rx.Component:
    return el.button(*label, type="submit", class_name=f"btn btn-{kind} btn-small {cls}")


def question(S: Any, *body: Any) -> rx.Component:
    """What is asked before something is done, with `confirm` and `keep` of the state; it takes the focus."""
    return rx.cond(
        S.question != "",
        notice(
            "due",
            S.question,
            *body,
            el.div(
                button(_("Yes, do it"), on_click=S.confirm, disabled=S.busy),
                button(_("No, change nothing"), kind="second", on_click=S.keep),
                class_name="flex flex-wrap gap-3 mt-3",
            ),
            cls="mt-4",
            role="alert",
            data_focus="said",
            key=S.question,
        ),
    )


def disclosure(title: Any, *body: Any) -> rx.Component:
    """A card that opens: for a form that is not needed every day."""
    return el.details(
        el.summary(
            el.h2(title, class_name="font-bold"),
            icon("chevron-down", 20, "text-ink-3"),
            class_name="cursor-pointer min-h-11 flex items-center justify-between gap-3 list-none",
        ),
        *body,
        class_name="card px-5 py-2",
    )
