"""/staff/family: who may act for whom, and which birth dates have to be checked."""

from typing import Any, Literal

import reflex as rx

from portal_app.components.form_fields import choice, field, field_kind, form, hidden, text_input
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    h1,
    h2,
    icon,
    link,
    loading,
    skel,
    submit,
    tag,
)
from portal_app.components.screen import page
from portal_app.state.base import PortalState
from portal_app.state.staff.families import FamilyState

S = FamilyState
CARD = "p-5 md:p-6 mt-5"
ROW = "flex flex-wrap items-center gap-x-4 gap-y-2 py-3 border-b border-line last:border-0"


@page("/staff/family", "Families", on_load=S.load, side="staff")
def families() -> rx.Component:
    return el.div(
        h1(_("Families")),
        el.p(_("Who may act for whom in the portal."), class_name="text-ink-2"),
        rx.cond(
            S.ready,
            rx.cond(S.id != "", family_file(), search_page()),
            rx.cond(PortalState.notice == "", placeholder()),
        ),
    )


def search_page() -> rx.Component:
    wrong = field_error(S, "words")
    control = text_input("words", "search", error=wrong, default_value=S.search_text)
    search = form(
        field(_("Name or chart number"), "words", control, error=wrong, cls="flex-1 min-w-[min(14rem,100%)]"),
        submit(icon("search", 19), _("Search")),
        busy=S.busy,
        sending=_("Searching…"),
        on_submit=S.search_patients,
        cls="flex flex-wrap items-end gap-3",
    )
    nobody = el.p(_("Nobody found"), class_name="text-ink-2 mt-4")
    return el.div(
        card(
            search,
            el.div(
                rx.cond(
                    S.found.length() > 0,
                    el.ul(each(S.found, patient_row), class_name="mt-3"),
                    rx.cond(S.searched, nobody),
                ),
                role="status",
            ),
            cls=CARD,
        ),
        card(
            h2(_("Birth dates that need a look")),
            el.p(
                _("Missing or in the future: until it is put right, nobody else sees this person."),
                class_name="text-ink-2 mt-1",
            ),
            rx.cond(
                S.doubtful.length() > 0,
                el.ul(each(S.doubtful, patient_row), class_name="mt-2"),
                empty("circle-check", _("All birth dates are in order"), _("New ones appear here.")),
            ),
            cls=CARD,
        ),
    )


def patient_row(item: Any) -> rx.Component:
    return el.li(
        el.div(
            link(item.name, href=item.href, cls="row-link font-bold text-ink"),
            el.p(item.about, class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-0",
        ),
        rx.cond(item.doubtful, tag("late", _("Check the birth date"))),
        icon("chevron-right", 20, "text-ink-3"),
        class_name=f"row relative {ROW}",
        key=item.id,
    )


def family_file() -> rx.Component:
    return el.div(
        back(_("Find somebody else"), here("/staff/family")),
        feedback(S, "mt-3"),
        card(
            h2(fill_var("The family file of {name}", name=S.name)),
            el.ul(each(S.members, member_row), class_name="mt-2"),
            cls=CARD,
        ),
        relations_card(),
        marks_card(),
    )


def member_row(item: Any) -> rx.Component:
    return el.li(
        el.div(
            rx.cond(
                item.selected,
                el.span(item.name, class_name="font-bold"),
                link(item.name, href=item.href, cls="link"),
            ),
            el.p(item.about, class_name="text-sm text-ink-2"),
            el.p(fill_var("Guarantor: {name}", name=item.guarantor), class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-0",
        ),
        rx.cond(item.doubtful, tag("late", _("Check the birth date"))),
        class_name=ROW,
        key=item.id,
    )


def relation_list(rows: Any, none: str, end: Any, label: str) -> rx.Component:
    """Relations or marks, each with a button that ends it; `none` is shown when there are none."""

    def relation_row(item: Any) -> rx.Component:
        end_button = button(
            label,
            el.span(" ", item.people, class_name="sr-only"),
            kind="second",
            on_click=end(item.id),
        )
        return el.li(
            el.div(
                el.p(item.people, class_name="font-semibold"),
                el.p(item.about, class_name="text-sm text-ink-2"),
                class_name="flex-1 min-w-[min(12rem,100%)]",
            ),
            rx.cond(item.over, tag("quiet", _("Ended")), end_button),
            class_name=ROW,
            key=item.id,
        )

    return rx.cond(
        rows.length() > 0,
        el.ul(each(rows, relation_row), class_name="mt-2"),
        el.p(none, class_name="text-ink-2 mt-2"),
    )


def relations_card() -> rx.Component:
    kinds = el.fieldset(
        el.legend(_("As"), class_name="font-bold mb-2"),
        el.div(
            choice("kind", "parent", _("Parent"), checked=True),
            choice("kind", "guardian", _("Guardian")),
            class_name="grid sm:grid-cols-2 gap-3",
        ),
    )
    return card(
        h2(_("Recorded parents and guardians")),
        relation_list(
            S.relations,
            _("Nobody is recorded: only guarantors see their children."),
            S.end_relation,
            _("End"),
        ),
        relation_form(
            "rel",
            fill_var("Record somebody for {name}", name=S.name),
            S.add_relation,
            _("Record"),
            kinds,
        ),
        cls=CARD,
    )


def marks_card() -> rx.Component:
    reason = field(
        _("Why?"),
        "reason",
        text_input("reason", hint=True, max_length=200),
        hint=_("Kept with the mark and in the audit trail. The patient is told that somebody was named."),
    )
    return card(
        h2(_("Marked dependents")),
        el.p(_("Of any age. A mark names one adult."), class_name="text-ink-2 mt-1"),
        relation_list(S.marks, _("Nobody is marked."), S.unmark_dependent, _("End")),
        relation_form(
            "mark",
            fill_var("Mark {name} as dependent", name=S.name),
            S.mark_dependent,
            _("Mark"),
            reason,
        ),
        cls=CARD,
    )


def relation_form(key: str, title: Any, send: Any, label: str, more: rx.Component) -> rx.Component:
    """A form that names an adult for the patient of this file. `more` are the fields of its own."""

    def option(item: Any) -> rx.Component:
        return el.option(item.name, value=item.id)

    adult = el.select(
        el.option(_("Choose"), value=""),
        each(S.adults, option),
        name="adult",
        class_name="input",
        custom_attrs={"id": f"{key}-adult"},
    )

    return el.details(
        el.summary(title, class_name="font-semibold text-brand min-h-11 flex items-center cursor-pointer"),
        form(
            hidden("patient", S.id),
            el.div(
                el.label(
                    _("Adult of this file"), html_for=f"{key}-adult", class_name="block font-bold mb-1.5"
                ),
                adult,
            ),
            text_field(
                key, _("Or of another file"), "chart", "text", _("Chart number of an adult elsewhere")
            ),
            more,
            text_field(key, _("Last day"), "until", "date", _("Empty: until somebody ends it")),
            submit(label),
            busy=S.busy,
            sending=_("Saving…"),
            on_submit=send,
            cls="grid gap-4 mt-2 max-w-[36rem]",
            key=S.form_key,
        ),
        class_name="mt-3",
    )


def text_field(key: str, label: str, name: str, kind: Literal["text", "date"], hint: str) -> rx.Component:
    """`key` makes its id unique: both forms of the page have a field of this name."""
    field_id = f"{key}-{name}"
    return el.div(
        el.label(label, html_for=field_id, class_name="block font-bold"),
        el.p(hint, id=f"{field_id}-hint", class_name="text-sm text-ink-2 mt-0.5"),
        el.input(
            name=name,
            class_name="input mt-1.5",
            aria_describedby=f"{field_id}-hint",
            custom_attrs={"id": field_id},
            **field_kind(kind),
        ),
    )


def placeholder() -> rx.Component:
    return loading(
        _("Getting the families…"),
        card(skel("h-12 w-full"), cls=CARD),
        card(skel("h-7 w-56"), skel("h-16 w-full mt-3"), cls=CARD),
    )
