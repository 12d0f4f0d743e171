"""/staff/agreements/send/[id]: whom to ask, who signs, and by when."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, choice
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import back, card, el, empty, feedback, field_error, h2, link, notice
from portal_app.components.screen import page
from portal_app.domain.agreements.types import SignerPart
from portal_app.pages.staff.agreements.preview import find_button, found_people, said
from portal_app.pages.staff.agreements.requests import aside_list
from portal_app.pages.staff.list_parts import page_body, page_header, small_button, small_field, small_input
from portal_app.pages.staff.memberships.form_parts import (
    checked_choice,
    checked_field,
    question,
    submit_small,
)
from portal_app.state.staff.agreements.send import AgreementSendState

S = AgreementSendState


@page(
    "/staff/agreements/send/[id]",
    "Send an agreement",
    on_load=S.load,
    side="staff",
    active="/staff/agreements",
)
def send() -> rx.Component:
    missing = card(
        empty("file-pen-line", _("We could not find that agreement"), _("Look for it in the list.")),
        cls="mt-3",
    )
    body = rx.cond(
        S.usable,
        sending(),
        notice("info", _("Publish the agreement before you send it. A retired one is not sent."), cls="mt-4"),
    )
    return el.div(
        back(_("Back to the requests"), S.requests_href),
        page_header(_("Send an agreement"), sub=S.name),
        page_body(S.ready, rx.cond(S.missing, missing, body), _("Getting the agreement…")),
    )


def sending() -> rx.Component:
    lines = el.ul(each(S.question_lines, lambda line: el.li(line, key=line)))
    return el.div(
        feedback(S),
        question(S, lines, aside_list(S)),
        audience(),
        rx.cond(S.who == "patient", el.div(patient_card(), signers_card(), class_name="space-y-5")),
        rest(),
        class_name="space-y-5 mt-5 max-w-[48rem]",
    )


def audience() -> rx.Component:
    def one(value: str, words: str) -> rx.Component:
        return choice(
            "who", value, words, checked=S.who == value, on_change=S.choose_who(value).stop_propagation
        )

    wrong = field_error(S, "who")
    return el.fieldset(
        el.legend(_("Who is asked"), class_name="text-lg font-bold"),
        rx.cond(
            wrong != "", el.p(wrong, id="who-error", class_name="text-late font-bold", data_focus="said")
        ),
        one("patient", _("One patient")),
        one("plan", _("All members of a plan")),
        one("active", _("Every active patient")),
        rx.cond(S.signed_before, one("before", _("Everyone who signed an earlier version"))),
        class_name="space-y-2",
    )


def search(label: str, field: str) -> rx.Component:
    return el.form(
        small_field(label, small_input("q", "search", field=field, max_length=80), name=field),
        find_button(),
        on_submit=S.find,
        no_validate=True,
        role="search",
        class_name="flex flex-wrap items-end gap-3 mt-2",
    )


def patient_card() -> rx.Component:
    chosen = el.div(
        el.p(S.patient, class_name="font-semibold"),
        small_button(_("Choose another"), on_click=S.forget_patient),
        class_name="flex flex-wrap items-center gap-3 mt-2",
    )
    finding = el.div(
        search(_("Name or chart number"), "find-patient"),
        found_people(
            S, lambda item: small_button(_("Choose"), said(item), on_click=S.choose_patient(item.id))
        ),
    )
    return card(h2(_("Whose agreement")), rx.cond(S.patient != "", chosen, finding), cls="p-5")


def signers_card() -> rx.Component:
    wrongs = [field_error(S, part) for part in ("guardian", "second_guardian")]
    return rx.cond(
        S.patient != "",
        card(
            h2(_("Who signs")),
            el.p(
                fill_var(
                    "An adult signs for themself. For a child any responsible adult of {name} on file may sign, unless "
                    "you name who does.",
                    name=S.patient,
                ),
                class_name="text-ink-2",
            ),
            *[
                rx.cond(
                    wrong != "",
                    el.p(wrong, class_name="text-late font-bold mt-2", data_focus="said", role="alert"),
                )
                for wrong in wrongs
            ],
            el.ul(each(S.named, named_signer)),
            search(_("Name a responsible adult: name or chart number"), "find-signer"),
            found_people(S, signer_buttons),
            cls="p-5",
        ),
    )


def named_signer(item) -> rx.Component:
    return el.li(
        el.span(item.who, ": ", el.b(item.name), class_name="min-w-0 flex-1"),
        small_button(
            _("Take out"),
            el.span(" ", item.name, class_name="sr-only"),
            on_click=S.forget_signer(item.part),
        ),
        class_name="flex flex-wrap items-center gap-3 py-1",
        key=item.part,
    )


def signer_buttons(item) -> rx.Component:
    first = S.name_signer(item.id, SignerPart.GUARDIAN.value)
    second = S.name_signer(item.id, SignerPart.SECOND_GUARDIAN.value)
    return el.div(
        small_button(_("Signs first"), said(item), on_click=first),
        small_button(_("Signs second"), said(item), on_click=second),
        class_name="flex flex-wrap gap-2",
    )


def rest() -> rx.Component:
    plan = checked_choice(
        S, _("Plan"), "plan", each(S.plans, lambda item: el.option(item.name, value=item.id))
    )
    days = checked_field(
        S, _("Days in which it can be signed (empty: as set)"), "expires_days", "number", max_length=3
    )
    return el.form(
        rx.cond(S.who == "plan", plan),
        days,
        el.div(
            submit_small(_("Show who is asked…"), kind="primary", cls=""),
            link(_("All requests"), href=S.requests_href),
            class_name="flex flex-wrap items-center gap-4 mt-4",
        ),
        on_submit=S.ask_send,
        no_validate=True,
        data_guard="1",
        data_busy=busy_mark(S.busy),
        class_name="card p-5",
    )
