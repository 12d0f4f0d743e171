"""The navigation: entries at the side, tabs on a phone."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from portal_app.components.elements import fragment
from portal_app.components.i18n import _, here
from portal_app.components.kit import el, icon, link

TABS = 4  # at most, on a phone (Spanish words are long): the last one is Menu when there are more nouns


@dataclass(frozen=True, slots=True)
class Noun:
    label: str
    shape: str
    path: str


def side_item(noun: Noun, active: str) -> rx.Component:
    on = noun.path == active
    look = "bg-brand-soft text-brand-ink" if on else "text-ink-2 hover:bg-sunken hover:text-ink"
    return el.li(
        link(
            icon(noun.shape, 21, stroke=2.2 if on else 1.9),
            el.span(_(noun.label), class_name="flex-1"),
            href=here(noun.path),
            cls=f"flex items-center gap-3 min-h-11 px-3 rounded-md font-semibold {look}",
            **_current(on),
        )
    )


def tab(noun: Noun, active: str) -> rx.Component:
    on = noun.path == active
    bar = (
        " before:absolute before:top-0 before:inset-x-5 before:h-[3px] before:rounded-b-full before:bg-brand"
    )
    return el.li(
        link(
            icon(noun.shape, 23, stroke=2.25 if on else 1.9),
            el.span(_(noun.label), class_name="text-cap font-semibold max-w-full text-center"),
            href=here(noun.path),
            cls="flex flex-col items-center justify-center gap-1 min-h-16 px-1 rounded-md "
            + ("text-brand" if on else "text-ink-2"),
            **_current(on),
        ),
        class_name="grow basis-0 min-w-min relative" + (bar if on else ""),
    )


def more_tab(nouns: tuple[Noun, ...], active: str) -> rx.Component:
    """The tab "Menu", which opens the entries without a tab of their own."""
    on = active in {noun.path for noun in nouns}
    look = "w-full flex flex-col items-center justify-center gap-1 min-h-16 px-1 rounded-md cursor-pointer "
    return el.li(
        el.button(
            icon("menu", 23, stroke=2.25 if on else 1.9),
            el.span(_("Menu"), class_name="text-cap font-semibold"),
            type="button",
            class_name=look + ("text-brand" if on else "text-ink-2"),
            custom_attrs={"popoverTarget": "more"},
        ),
        class_name="grow basis-0 min-w-min relative",
    )


def more_menu(nouns: tuple[Noun, ...], active: str) -> rx.Component:
    return el.div(
        el.ul(*[side_item(noun, active) for noun in nouns], class_name="space-y-1"),
        id="more",
        class_name="menu bottom-20 right-3 w-[min(18rem,calc(100vw-1.5rem))]",
        custom_attrs={"popover": "auto"},
    )


def _current(on: bool) -> dict[str, Any]:
    return {"aria_current": "page"} if on else {}


def tabs(nouns: tuple[Noun, ...], active: str) -> rx.Component:
    if len(nouns) < 2:  # one tab alone is no navigation
        return fragment()
    shown, rest = (nouns, ()) if len(nouns) <= TABS else (nouns[: TABS - 1], nouns[TABS - 1 :])
    more = [more_tab(rest, active)] if rest else []
    return el.nav(
        el.ul(
            *[tab(noun, active) for noun in shown], *more, class_name="flex flex-wrap max-w-[34rem] mx-auto"
        ),
        *[more_menu(rest, active)] * bool(rest),
        aria_label=_("Main"),
        class_name="dock chrome md:hidden fixed bottom-0 inset-x-0 z-30 bg-surface shadow-up px-1 pb-[env(safe-area-inset-bottom)]",
    )
