"""/staff/agreements/[id]: the editor of an agreement."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    h2,
    link,
    notice,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.domain.agreements.texts import MOST_CHARACTERS, TITLE_AT_MOST
from portal_app.pages.staff.agreements.preview import preview
from portal_app.pages.staff.list_parts import page_body, page_header, small_button, small_field, small_input
from portal_app.pages.staff.memberships.form_parts import (
    checked_choice,
    checked_field,
    disclosure,
    question,
    submit_small,
)
from portal_app.state.staff.agreements.editor import AgreementEditorState

S = AgreementEditorState
_COLUMNS = "grid lg:grid-cols-2 gap-5 items-start"


def title():
    return rx.cond(S.name != "", S.name, _("Agreement"))


@page("/staff/agreements/[id]", title, on_load=S.load, side="staff", active="/staff/agreements")
def agreement() -> rx.Component:
    missing = card(
        empty("file-pen-line", _("We could not find that agreement"), _("Look for it in the list.")),
        cls="mt-3",
    )
    return el.div(
        back(_("Back to agreements"), here("/staff/agreements")),
        page_body(S.ready, rx.cond(S.missing, missing, editor()), _("Getting the agreement…")),
    )


def editor() -> rx.Component:
    return el.div(
        header(),
        feedback(S),
        rx.cond(S.outdated, outdated()),
        question(S),
        el.div(
            fields(),
            problems(),
            preview(),
            el.div(checklist(), signatures(), class_name=_COLUMNS),
            el.div(placeholders(), settings_of_agreement(), class_name=_COLUMNS),
            publish_bar(),
            class_name="space-y-5 mt-5",
        ),
    )


def header() -> rx.Component:
    return page_header(
        S.name,
        status_tag(S.status_tone, S.status),
        link(_("Requests"), href=S.requests_href, cls="btn btn-second btn-small"),
        link(_("Versions"), href=S.versions_href, cls="btn btn-second btn-small"),
        sub=el.span(S.kind, rx.cond(S.version != "", el.span(" · ", S.version))),
    )


def outdated() -> rx.Component:
    return notice(
        "due",
        _("Somebody else works on this draft. What you typed last is not saved."),
        button(_("Load their draft"), kind="second", on_click=S.load_again, cls="mt-3"),
        cls="mt-4",
    )


def fields() -> rx.Component:
    """The languages side by side. A field is saved when it is left, and when its typing rests (typed.js)."""
    add = el.form(
        checked_choice(
            S,
            _("Another language"),
            "language",
            each(S.more_languages, lambda item: el.option(item.name, value=item.id)),
        ),
        submit_small(_("Add"), cls=""),
        on_submit=S.add_language,
        class_name="flex flex-wrap items-end gap-3 no-print",
    )
    return el.div(
        el.div(each(S.texts, text_fields), class_name=_COLUMNS, key=S.form_key),
        el.p(S.saved, role="status", class_name="text-sm text-ink-2 mt-2"),
        rx.cond(S.more_languages.length() > 0, add),
    )


def text_fields(item) -> rx.Component:
    def saves(part: str):
        return lambda value: S.save_text(item.language, part, value)

    title_id, text_id = "title-" + item.language, "markdown-" + item.language
    name = small_input(
        title_id,
        default_value=item.title,
        max_length=TITLE_AT_MOST,
        cls="w-full",
        on_blur=saves("title"),
        lang=item.language,
    )
    text = el.textarea(
        name=text_id,
        default_value=item.markdown,
        max_length=MOST_CHARACTERS,
        rows="24",
        class_name="input w-full font-mono text-sm",
        custom_attrs={"id": text_id, "lang": item.language},
        on_blur=saves("markdown"),
        aria_describedby="placeholders-title",
    )
    return el.section(
        text_heading(item),
        small_field(_("Title"), name, name=title_id, cls="mt-3"),
        small_field(_("Text, in markdown"), text, name=text_id, cls="mt-3"),
        data_draft="1",
        class_name="card p-5",
        key=item.language,
    )


def text_heading(item) -> rx.Component:
    return el.div(
        el.h2(item.name, class_name="text-lg font-bold"),
        rx.cond(
            item.removable,
            small_button(
                _("Remove…"),
                el.span(" ", item.name, class_name="sr-only"),
                on_click=S.ask_remove(item.language),
            ),
        ),
        class_name="flex flex-wrap items-center justify-between gap-3",
    )


def problems() -> rx.Component:
    def problem(item) -> rx.Component:
        return el.li(el.b(item.name), ": ", item.words, class_name="mt-1", key=item.key)

    return rx.cond(
        S.problems.length() > 0,
        notice("late", _("Before it can be published"), el.ul(each(S.problems, problem), class_name="mt-1")),
    )


def ticks(rows, toggle) -> rx.Component:
    def one(item) -> rx.Component:
        box = el.input(
            type="checkbox",
            name=item.name,
            checked=item.ticked,
            on_change=toggle(item.name).stop_propagation,
            class_name="check",
        )
        return el.label(
            box, el.span(item.words), class_name="flex gap-3 items-center min-h-11 mt-1", key=item.name
        )

    return el.div(each(rows, one))


def checklist() -> rx.Component:
    wrong = field_error(S, "points")
    return rx.cond(
        S.points.length() > 0,
        card(
            h2(_("What the text has to say")),
            el.p(_("Tick each point when the text says it."), class_name="text-sm text-ink-2"),
            rx.cond(
                wrong != "",
                el.p(wrong, id="points-error", class_name="text-late font-bold mt-2", data_focus="said"),
            ),
            ticks(S.points, S.toggle_point),
            cls="p-5",
        ),
    )


def signatures() -> rx.Component:
    return card(h2(_("Who signs, and how")), ticks(S.rules, S.toggle_rule), cls="p-5")


def placeholders() -> rx.Component:
    def one(code, words, key) -> rx.Component:
        return el.div(
            el.dt(el.code(code, class_name="break-words")),
            el.dd(words, class_name="text-ink-2"),
            class_name="py-1.5 border-b border-line last:border-0",
            key=key,
        )

    return card(
        el.h2(_("What can stand in the text"), id="placeholders-title", class_name="text-lg font-bold"),
        el.dl(
            each(S.placeholders, lambda item: one(item.name, item.words, item.key)),
            one("{{initials: …}}", _("A place for initials, in a paragraph of its own"), "initials"),
            one("{{choice: … | …}}", _("One of two to six answers, in a paragraph of its own"), "choice"),
            one("# … ## …", _("Headings"), "heading"),
            one("**…** *…*", _("Bold and italic"), "bold"),
            one("- …  1. …", _("Lists"), "list"),
            class_name="mt-2 text-sm",
        ),
        cls="p-5",
    )


def settings_of_agreement() -> rx.Component:
    rename = el.form(
        checked_field(S, _("Name for staff"), "name", default_value=S.name, max_length=100),
        submit_small(_("Save the name")),
        on_submit=S.rename,
        no_validate=True,
        data_busy=busy_mark(S.busy),
        key=S.name,
    )
    retire = small_button(
        rx.cond(S.retired, _("Use it again…"), _("Retire the agreement…")),
        on_click=S.ask_retire,
        cls="mt-5 mb-3",
    )
    return disclosure(_("Name, and retiring it"), rename, retire)


def publish_bar() -> rx.Component:
    return el.div(
        rx.cond(
            S.retired,
            el.p(_("A retired agreement is not published again."), class_name="text-ink-2"),
            button(_("Publish…"), on_click=S.ask_publish, disabled=S.busy),
        ),
        class_name="no-print",
    )
