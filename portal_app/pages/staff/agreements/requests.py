"""/staff/agreements/requests/[id]: who is asked, who has opened and signed, whose message came back."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import (
    back,
    button,
    card,
    chip,
    el,
    empty,
    feedback,
    icon,
    link,
    pager,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.pages.staff.agreements.paper import paper_form
from portal_app.pages.staff.list_parts import page_body, page_header, small_button
from portal_app.pages.staff.memberships.form_parts import question
from portal_app.state.staff.agreements.requests import AgreementRequestsState

S = AgreementRequestsState


@page(
    "/staff/agreements/requests/[id]",
    "Requests to sign",
    on_load=S.load,
    side="staff",
    active="/staff/agreements",
)
def requests_to_sign() -> rx.Component:
    missing = card(
        empty("file-pen-line", _("We could not find that agreement"), _("Look for it in the list.")),
        cls="mt-3",
    )
    send = link(icon("send", 18), _("Send it"), href=S.send_href, cls="btn btn-primary btn-small")
    return el.div(
        back(_("Back to the agreement"), S.editor_href),
        page_header(_("Requests to sign"), rx.cond(S.may_send, send), sub=S.name),
        page_body(S.ready, rx.cond(S.missing, missing, body()), _("Getting the requests…")),
    )


def body() -> rx.Component:
    nothing = empty(
        "search", _("Nothing fits"), _("Choose another filter, or send the agreement to somebody.")
    )
    chips = each(S.filters, lambda item: chip(item.label, item.href, item.active))
    return el.div(
        feedback(S),
        question(S, aside_list(S)),
        rx.cond(S.paper != "", paper_form()),
        el.nav(chips, aria_label=_("Filter"), class_name="flex flex-wrap gap-2 mt-4 no-print"),
        el.p(S.count, class_name="text-ink-2 tnum mt-4"),
        rx.cond(S.chosen != "", button(S.chosen, kind="second", on_click=S.ask_chosen, cls="mt-3")),
        card(
            rx.cond(S.rows.length() > 0, el.ul(each(S.rows, request_row)), nothing),
            cls="mt-3 overflow-hidden",
        ),
        pager(S.page),
    )


def aside_list(S) -> rx.Component:
    """Who cannot be asked, and why."""
    return el.ul(
        each(S.aside, lambda item: el.li(el.b(item.name), ": ", item.why, class_name="py-1", key=item.key)),
        class_name="mt-2 max-h-64 overflow-y-auto",
    )


def request_row(item) -> rx.Component:
    return el.li(
        el.div(
            el.div(
                link(item.patient, href=item.patient_href, cls="link inline-flex items-center min-h-11"),
                el.p(item.version, " · ", item.when, class_name="text-sm text-ink-2"),
                class_name="min-w-0 flex-1",
            ),
            status_tag(item.tone, item.status),
            class_name="flex flex-wrap items-start gap-x-4 gap-y-1",
        ),
        el.ul(each(item.signers, signer), class_name="mt-1"),
        rx.cond(item.waiting, actions(item)),
        rx.cond(item.again, again(item)),
        class_name="px-4 md:px-5 py-3 border-t border-line first:border-0",
        key=item.id,
    )


def signer(item) -> rx.Component:
    return el.li(
        el.span(item.who, class_name="font-semibold"),
        status_tag(item.tone, item.status),
        el.span(item.details, class_name="text-sm text-ink-2 break-words min-w-0"),
        class_name="flex flex-wrap items-center gap-x-3 gap-y-1 py-1",
        key=item.key,
    )


def actions(item) -> rx.Component:
    def about() -> rx.Component:
        return el.span(" ", item.patient, class_name="sr-only")

    return el.div(
        small_button(_("Send again"), about(), on_click=S.send_again(item.id, False)),
        small_button(_("Send a sign link"), about(), on_click=S.send_again(item.id, True)),
        small_button(_("Record paper…"), about(), on_click=S.open_paper(item.id)),
        small_button(_("Withdraw…"), about(), on_click=S.ask_withdraw(item.id)),
        class_name="flex flex-wrap gap-2 mt-2 no-print",
    )


def again(item) -> rx.Component:
    box = el.input(
        type="checkbox",
        name=item.id,
        checked=item.chosen,
        on_change=S.toggle_chosen(item.id).stop_propagation,
        class_name="check",
    )
    words = el.span(_("Ask for the newest version"), el.span(" ", item.patient, class_name="sr-only"))
    return el.label(box, words, class_name="flex gap-3 items-center min-h-11 no-print")
