"""/staff/wording: what messages about money say, in the practice's own words."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import _, each, here
from portal_app.components.kit import back, card, chip, el, h2
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import open_page, small_input, told, top, trouble
from portal_app.state.staff.templates import WordingState

S = WordingState


@page("/staff/wording", "Words of messages", on_load=S.load, side="staff", active="/staff/settings")
def wording() -> rx.Component:
    return el.div(
        back(_("Back to settings"), here("/staff/settings")),
        top(_("Words of messages")),
        open_page(S.ready, shown(), _("Getting the words…")),
    )


def shown() -> rx.Component:
    look = "flex flex-wrap gap-2"
    return el.div(
        el.nav(each(S.kinds, one_chip), aria_label=_("Kind of message"), class_name=f"{look} mt-4"),
        el.nav(each(S.languages, one_chip), aria_label=_("Their language"), class_name=f"{look} mt-3"),
        told(S.said),
        trouble(S.trouble),
        card(
            h2(S.title),
            el.p(
                _("Leave a field empty to use our words. Never write what a visit was for."),
                class_name="text-ink-2 mt-1",
            ),
            el.p(
                _("In braces, filled in for each reader:"),
                " ",
                S.places,
                class_name="text-sm text-ink-2 mt-1",
            ),
            words(),
            el.p(S.changed, class_name="text-sm text-ink-2 mt-3"),
            cls="p-5 mt-5",
        ),
    )


def one_chip(item: Any) -> rx.Component:
    return chip(item.label, item.href, item.on)


def words() -> rx.Component:
    save = el.button(_("Save"), type="submit", class_name="btn btn-primary btn-small min-h-10!")
    return el.form(
        part("subject", _("Subject of the email")),
        part("body", _("Email"), tall=True),
        part("sms", _("Text message")),
        save,
        on_submit=S.save,
        no_validate=True,
        class_name="grid gap-4 mt-4",
    )


def part(name: str, label: str, *, tall: bool = False) -> rx.Component:
    """The practice's words to type, ours below."""
    now = S.own[name]
    about: dict[str, Any] = {"aria_describedby": f"{name}-ours", "lang": S.spoken}
    if tall:
        control: rx.Component = el.textarea(
            name=name,
            custom_attrs={"id": name},
            default_value=now,
            key=S.title + S.spoken + now,
            rows="5",
            class_name="input w-full",
            **about,
        )
    else:
        control = small_input(
            name,
            default_value=now,
            key=S.title + S.spoken + now,
            cls="w-full",
            **about,
        )
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        control,
        el.p(S.ours[name], id=f"{name}-ours", class_name="text-sm text-ink-2 mt-1 whitespace-pre-line"),
    )
