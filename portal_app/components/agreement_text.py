"""The text of an agreement in a page: its own headings, lists, and the places where a signer answers."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.components.elements import match
from portal_app.components.i18n import _, each
from portal_app.components.kit import el

_WORDS = "whitespace-pre-line break-words"
_QUOTE = "mt-3 pl-4 border-l-4 border-line text-ink-2"
Place = Callable[[Any], rx.Component]


def agreement_text(rows: Any, language: Any, place: Place | None = None) -> rx.Component:
    """The rows of `text_rows` (state/agreement_text.py).

    Args:
        rows: the list in the state.
        language: of the text, which need not be the page's.
        place: draws a place of kind "initials" or "choice" to answer in; by default it shows where that is.
    """
    drawn = place or _place_shown

    def row(one: Any) -> rx.Component:
        words = each(one.runs, _run)
        return match(
            one.kind,
            ("h2", el.h2(words, class_name="text-lg font-bold mt-6 break-words")),
            ("h3", el.h3(words, class_name="font-bold mt-5 break-words")),
            ("h4", el.h4(words, class_name="font-semibold mt-4 break-words")),
            ("list", _list(one)),
            ("quote", el.blockquote(words, class_name=f"{_QUOTE} {_WORDS}")),
            ("rule", el.hr(class_name="border-line my-6")),
            ("initials", drawn(one)),
            ("choice", drawn(one)),
            el.p(words, class_name=f"mt-3 {_WORDS}"),
        )

    return el.div(each(rows, row), custom_attrs={"lang": language}, class_name="max-w-[65ch]")


def _run(one: Any) -> rx.Component:
    return match(
        one.style,
        ("strong", el.b(one.text)),
        ("emphasis", el.em(one.text)),
        ("both", el.b(el.em(one.text))),
        el.span(one.text),
    )


def _list(one: Any) -> rx.Component:
    """One list whose items say how deep they are: a screen reader hears the level, the eye sees the margin."""
    return el.ul(each(one.listed, _item), role="list", class_name="mt-3 space-y-2")


def _item(item: Any) -> rx.Component:
    return el.li(
        el.span(item.mark, class_name="flex-none min-w-6 tnum"),
        el.span(each(item.runs, _run), class_name=f"min-w-0 {_WORDS}"),
        aria_level=item.level,
        class_name=match(item.level, (1, "flex gap-2"), (2, "flex gap-2 ml-6"), "flex gap-2 ml-12"),
    )


def _place_shown(one: Any) -> rx.Component:
    """Where a signer will answer, and what."""
    asked = rx.cond(
        one.kind == "choice",
        el.ul(each(one.options, lambda option: el.li(option)), class_name="list-disc pl-6 mt-1"),
        el.p(each(one.runs, _run), class_name=f"mt-1 {_WORDS}"),
    )
    return el.div(
        el.p(rx.cond(one.kind == "choice", _("Choice"), _("Initials")), class_name="font-semibold text-sm"),
        asked,
        class_name="mt-3 rounded-lg border border-dashed border-edge p-4",
    )
