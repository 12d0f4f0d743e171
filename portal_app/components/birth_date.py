"""A date of birth in three labelled fields: no date picker, no order to guess."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.components.form_fields import named_input
from portal_app.components.i18n import _
from portal_app.components.kit import el, icon


def birth_date_fields(
    heading: rx.Component,
    *,
    error: Any,
    why: str = "",
    own: bool = True,
    draft: Callable[[str], dict[str, Any]] = lambda name: {},
) -> rx.Component:
    """Day, month and year of birth. `own`: it is the visitor's, so the browser may fill it in. `draft`: what keeps a field."""

    def part(name: str, label: str, width: str) -> rx.Component:
        kind = {"kind": f"birth_{name}", "own": own, "class_name": f"input tnum {width}"}
        return _part(f"born_{name}", label, error, kind | draft(f"born_{name}"))

    parts = [
        part("month", _("Month"), "w-[6.5rem]"),
        part("day", _("Day"), "w-[4.5rem]"),
        part("year", _("Year"), "w-[5.5rem]"),
    ]
    problem = el.span(
        icon("circle-alert", 18, "mt-1"), error, class_name="flex gap-1.5 items-start text-late font-bold"
    )
    return el.fieldset(
        el.legend(heading),
        el.p(
            *([why, " "] if why else []),
            _("For example, April 27 1980"),
            id="born-hint",
            class_name="text-ink-2 mt-2",
        ),
        el.p(rx.cond(error != "", problem), id="born-error"),
        el.div(*parts, class_name="flex flex-wrap gap-3 mt-4"),
    )


def _part(name: str, label: str, error: Any, attributes: dict[str, Any]) -> rx.Component:
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        named_input(
            name,
            **attributes,
            aria_describedby="born-hint born-error",
            aria_invalid=rx.cond(error != "", "true", "false"),
        ),
    )
