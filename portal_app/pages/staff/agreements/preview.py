"""The draft as patients will read it, with the values of a real patient where one is chosen."""

import reflex as rx

from portal_app.components.agreement_text import agreement_text
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import card, el, h2, icon, notice
from portal_app.pages.staff.list_parts import small_button, small_field, small_input
from portal_app.state.staff.agreements.editor import AgreementEditorState

S = AgreementEditorState


def preview() -> rx.Component:
    return card(
        h2(_("Preview")),
        whose(),
        el.div(each(S.previews, one_language), class_name="grid lg:grid-cols-2 gap-5 items-start mt-4"),
        cls="p-5",
    )


def whose() -> rx.Component:
    chosen = el.div(
        el.p(fill_var("With the values of {name}", name=S.patient), class_name="font-semibold"),
        small_button(_("Without values"), on_click=S.forget_patient),
        class_name="flex flex-wrap items-center gap-3 mt-2",
    )
    return el.div(
        rx.cond(S.patient != "", chosen, search()),
        rx.cond(
            S.without_plan,
            notice("info", _("This patient has no membership: plan and price stay open."), cls="mt-3"),
        ),
        class_name="no-print",
    )


def search() -> rx.Component:
    return el.div(
        el.form(
            small_field(
                _("Try it with a patient: name or chart number"),
                small_input("q", "search", max_length=80),
                name="q",
            ),
            find_button(),
            on_submit=S.find_patient,
            no_validate=True,
            role="search",
            class_name="flex flex-wrap items-end gap-3 mt-2",
        ),
        found_people(
            S, lambda item: small_button(_("Choose"), said(item), on_click=S.choose_patient(item.id))
        ),
    )


def find_button() -> rx.Component:
    return el.button(
        icon("search", 18), _("Search"), type="submit", class_name="btn btn-second btn-small min-h-10!"
    )


def said(item) -> rx.Component:
    """Whose button it is, for screen readers."""
    return el.span(" ", item.name, class_name="sr-only")


def found_people(S, buttons) -> rx.Component:
    """What a search has found, with what can be done with each."""

    def person(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.name, class_name="font-semibold"),
                el.p(item.detail, class_name="text-sm text-ink-2"),
                class_name="min-w-0 flex-1",
            ),
            buttons(item),
            class_name="flex flex-wrap items-center gap-3 py-2 border-b border-line last:border-0",
            key=item.id,
        )

    return el.div(
        rx.cond(
            S.searched != "",
            rx.cond(
                S.found.length() > 0,
                el.ul(each(S.found, person), class_name="mt-2"),
                el.p(_("Nobody fits"), class_name="text-ink-2 mt-2"),
            ),
        ),
        role="status",
    )


def one_language(item) -> rx.Component:
    """Under a heading of its own: the title of the text is the page's h1 for its readers."""
    return el.section(
        el.p(item.name, class_name="text-sm text-ink-2"),
        el.h3(item.title, class_name="text-lg font-bold", lang=item.language),
        agreement_text(item.rows, item.language),
        class_name="min-w-0 border border-line rounded-lg p-4",
        key=item.language,
    )
