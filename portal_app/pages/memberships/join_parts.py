"""What the steps of joining share: the count of steps, names, choices, and the price."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import choice, error_text, field, text_input
from portal_app.components.i18n import _, each, fill
from portal_app.components.kit import el, field_error, figure_row
from portal_app.pages.memberships.overview import price_lines
from portal_app.state.memberships.join import JoinState

S = JoinState
BOX = "p-6 md:p-8"
goes: Any = S.go_to  # called with the name of a step


def count(number: int) -> rx.Component:
    return el.p(
        *fill("Step {number} of 5", number=str(number)), class_name="text-sm text-ink-2 font-semibold"
    )


def name_fields(*, own: bool) -> rx.Component:
    def one(name: str, label: str) -> rx.Component:
        error = field_error(S, name)
        start: dict[str, Any] = {"default_value": S.owner[name]} if own else {}
        control = text_input(name, name, error=error, own=own, max_length=250, **start)
        return field(label, name, control, error=error)

    return el.div(
        one("given_name", _("Legal first name")),
        one("family_name", _("Legal last name")),
        class_name="space-y-5",
    )


def sex_field(chosen: Any = None) -> rx.Component:
    said = [("female", _("Female")), ("male", _("Male")), ("other", _("Other"))]
    return options("sex", _("Sex"), said, chosen)


def options(name: str, label: str, said: list[tuple[str, str]], chosen: Any = None) -> rx.Component:
    def one(value: str, words: str) -> rx.Component:
        return choice(name, value, words, checked=False if chosen is None else chosen == value)

    return el.fieldset(
        el.legend(label, class_name="font-bold mb-2"),
        error_text(name, field_error(S, name)),
        el.div(*[one(*each_) for each_ in said], class_name="grid gap-2"),
        class_name="mt-5",
        aria_describedby=f"{name}-error",
    )


def price() -> rx.Component:
    return rx.fragment(
        el.h2(_("Price"), class_name="text-lg font-bold"),
        el.div(price_lines(S.rows), class_name="mt-2"),
        el.dl(
            figure_row(el.b(_("Together")), el.b(S.amount)),
            rx.cond(S.fee != "", figure_row(_("Once, to begin"), S.fee)),
            figure_row(el.b(_("First invoice")), el.b(S.first)),
            class_name="mt-1 pt-1 border-t border-line",
        ),
        el.ul(
            each(S.notes, lambda words: el.li(words)),
            el.li(S.next_bill),
            class_name="list-disc pl-5 mt-3 text-sm text-ink-2 space-y-1",
        ),
    )
