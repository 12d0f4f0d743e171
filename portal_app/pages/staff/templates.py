"""/staff/wording: the practice's own templates of messages about money."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import error_text
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import back, card, chip, el, feedback, field_error, h2
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import page_body, page_header, small_input
from portal_app.state.staff.templates import TemplatesState

S = TemplatesState


@page("/staff/wording", "Message templates", on_load=S.load, side="staff", active="/staff/settings")
def templates() -> rx.Component:
    return el.div(
        back(_("Back to settings"), here("/staff/settings")),
        page_header(_("Message templates")),
        page_body(S.ready, template_page(), _("Getting the templates…")),
    )


def template_page() -> rx.Component:
    look = "flex flex-wrap gap-2"
    return el.div(
        el.nav(each(S.kinds, filter_chip), aria_label=_("Kind of message"), class_name=f"{look} mt-4"),
        el.nav(each(S.languages, filter_chip), aria_label=_("Their language"), class_name=f"{look} mt-3"),
        feedback(S),
        card(
            h2(S.title),
            el.p(
                _("Leave a field empty to use our text. Never write what a visit was for."),
                class_name="text-ink-2 mt-1",
            ),
            el.p(
                _("In braces, filled in for each reader:"),
                " ",
                S.placeholders,
                class_name="text-sm text-ink-2 mt-1",
            ),
            template_form(),
            el.p(S.last_change, class_name="text-sm text-ink-2 mt-3"),
            cls="p-5 mt-5",
        ),
    )


def filter_chip(item: Any) -> rx.Component:
    return chip(item.label, item.href, item.active)


def template_form() -> rx.Component:
    save = el.button(_("Save"), type="submit", class_name="btn btn-primary btn-small min-h-10!")
    return el.form(
        part_field("subject", _("Subject of the email")),
        part_field("body", _("Email"), tall=True),
        part_field("sms", _("Text message")),
        save,
        on_submit=S.save_template,
        no_validate=True,
        class_name="grid gap-4 mt-4",
    )


def part_field(name: str, label: str, *, tall: bool = False) -> rx.Component:
    """The field of one part, with the portal's own text below it."""
    own_text = S.practice_texts[name]
    wrong = field_error(S, name)
    about: dict[str, Any] = {
        "aria_describedby": f"{name}-error {name}-ours",
        "aria_invalid": rx.cond(wrong != "", "true", "false"),
        "lang": S.template_language,
    }
    if tall:
        control: rx.Component = el.textarea(
            name=name,
            custom_attrs={"id": name},
            default_value=own_text,
            key=S.title + S.template_language + own_text,
            rows="5",
            class_name="input w-full",
            **about,
        )
    else:
        control = small_input(
            name,
            default_value=own_text,
            key=S.title + S.template_language + own_text,
            cls="w-full",
            **about,
        )
    return el.div(
        el.label(label, html_for=name, class_name="block text-sm font-semibold mb-1"),
        error_text(name, wrong),
        control,
        el.p(
            S.portal_texts[name], id=f"{name}-ours", class_name="text-sm text-ink-2 mt-1 whitespace-pre-line"
        ),
    )
