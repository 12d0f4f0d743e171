"""/agreements: what is to be signed first, then what waits for others, signed ones with their copies, and the rest."""

from typing import Any

import reflex as rx

from portal_app.components.elements import as_text
from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    h2,
    icon,
    link,
    loading,
    raw_a,
    skel,
    status_tag,
)
from portal_app.components.screen import page
from portal_app.pages.agreements.signature_parts import BOX
from portal_app.state.agreements.agreements import AgreementsState

S = AgreementsState


@page("/agreements", "Agreements", on_load=S.load)
def agreements() -> rx.Component:
    return el.div(
        h1(_("Agreements")),
        feedback(S),
        el.div(rx.cond(S.ready, content(), waiting()), class_name="mt-5"),
    )


def content() -> rx.Component:
    nothing = card(
        empty(
            "signature",
            _("No agreements yet"),
            _("What we ask you to sign, and what you signed with us, stands here."),
        )
    )
    has_any = (
        S.to_sign.length()
        + S.waiting.length()
        + S.signed.length()
        + S.ended.length()  # one sum, one question
    )
    return el.div(
        rx.cond(has_any > 0, lists(), nothing),
        rx.cond(S.consented_on != "", electronic_records()),
        class_name="space-y-8",
    )


def lists() -> rx.Component:
    return el.div(
        rx.cond(
            S.to_sign.length() > 0,
            section(_("To sign"), S.to_sign, to_sign),
            el.p(_("Nothing to sign now."), class_name="text-ink-2"),
        ),
        rx.cond(S.waiting.length() > 0, section(_("Waiting for others"), S.waiting, row)),
        rx.cond(S.signed.length() > 0, section(_("Signed"), S.signed, row)),
        rx.cond(S.ended.length() > 0, section(_("Not in force"), S.ended, row)),
        class_name="space-y-8",
    )


def section(title: str, rows: Any, one: Any) -> rx.Component:
    return el.section(h2(title, cls="mb-3"), el.ul(each(rows, one), class_name="space-y-4"))


def to_sign(item: Any) -> rx.Component:
    return el.li(
        facts(item),
        link(
            _("Read and sign"),
            el.span(": ", item.title, ", ", item.whose, class_name="sr-only"),
            href=item.href,
            cls="btn btn-primary mt-4 w-full sm:w-auto",
        ),
        class_name=f"card {BOX}",
        key=item.key,
    )


def row(item: Any) -> rx.Component:
    return el.li(
        facts(item),
        rx.cond(item.is_made, el.p(_("Your copy is being made."), role="status", class_name="mt-2")),
        el.div(
            rx.cond(item.copy != "", copy(item)),
            rx.cond(
                item.href != "",
                link(
                    _("Open"),
                    el.span(": ", item.title, ", ", item.whose, class_name="sr-only"),
                    href=item.href,
                    cls="btn btn-second",
                ),
            ),
            class_name="flex flex-wrap gap-3 mt-4",
        ),
        class_name=f"card {BOX}",
        key=item.key,
    )


def facts(item: Any) -> rx.Component:
    return el.div(
        el.div(
            el.h3(item.title, class_name="font-bold min-w-0 break-words"),
            status_tag(item.tone, item.status),
            class_name="flex flex-wrap items-start justify-between gap-x-4 gap-y-2",
        ),
        el.p(item.whose, class_name="font-semibold mt-1 break-words"),
        el.ul(each(item.facts, lambda words: el.li(words)), class_name="text-ink-2 mt-1"),
        rx.cond(
            item.is_scan,
            el.p(
                icon("scan-line", 18, "mt-0.5"),
                _("A scan of a signed paper, not sealed by the portal."),
                class_name="flex gap-2 text-sm text-ink-2 mt-2",
            ),
        ),
    )


def copy(item: Any) -> rx.Component:
    return raw_a(
        icon("download", 19),
        rx.cond(item.is_scan, _("Download the scan (PDF)"), _("Download your copy (PDF)")),
        el.span(": ", item.title, ", ", item.whose, class_name="sr-only"),
        href=item.copy,
        download="",
        class_name="btn btn-second",
    )


def electronic_records() -> rx.Component:
    return card(
        h2(_("Electronic records")),
        el.p(
            fill_var("You agreed to electronic records on {day}.", day=as_text(S.consented_on)),
            class_name="mt-1",
        ),
        el.div(
            button(_("Withdraw: I want paper from now on"), kind="second", on_click=S.withdraw_consent),
            data_busy=busy_mark(S.busy),
            class_name="mt-4",
        ),
        el.p(
            raw_a(_("Check a copy"), href=here("/verify"), class_name="link"),
            class_name="mt-4",
        ),
        cls=BOX,
    )


def waiting() -> rx.Component:
    one = card(skel("h-6 w-56"), skel("h-5 w-40 mt-2"), skel("h-12 w-40 mt-4"), cls=BOX)
    return loading(_("Getting your agreements…"), el.div(skel("h-7 w-32"), one, one, class_name="space-y-4"))
