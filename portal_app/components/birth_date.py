"""A date of birth in three fields, as DESIGN asks: no picker, no order to guess."""

from typing import Any

import reflex as rx

from portal_app.components.forms import named_input
from portal_app.components.kit import el, icon
from portal_app.components.words import _


def birth_date_fields(heading: rx.Component, *, error: Any, why: str = "", own: bool = True) -> rx.Component:
    """`own`: the browser may fill in its owner's."""
    parts = [
        _part("born_month", _("Month"), "bday-month" if own else "off", "w-[6.5rem]"),
        _part("born_day", _("Day"), "bday-day" if own else "off", "w-[4.5rem]"),
        _part("born_year", _("Year"), "bday-year" if own else "off", "w-[5.5rem]"),
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
        el.p(rx.cond(error != "", problem), id="born-error", role="alert"),
        el.div(*parts, class_name="flex flex-wrap gap-3 mt-4"),
    )


def _part(name: str, label: str, complete: str, width: str) -> rx.Component:
    numeric: dict[str, Any] = {} if name == "born_month" else {"input_mode": "numeric"}
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        named_input(
            name,
            type="text",
            auto_complete=complete,
            class_name=f"input tnum {width}",
            aria_describedby="born-hint born-error",
            **numeric,
        ),
    )
