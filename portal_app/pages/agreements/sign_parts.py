"""The parts of signing one agreement, for the page of a signed-in patient and for that of a sign link.

Each takes the state: `AgreementState` or `SignLinkState`.
"""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal_app.components.agreement_text import agreement_text
from portal_app.components.elements import as_text, match
from portal_app.components.form_fields import busy_mark, choice, field, field_kind, form
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import (
    button,
    card,
    done_feedback,
    el,
    field_error,
    h2,
    icon,
    link,
    notice,
    raw_a,
    refusal_feedback,
    status_tag,
    submit,
)
from portal_app.components.signature_pad import signature_pad
from portal_app.pages.agreements.check_parts import check_page
from portal_app.pages.agreements.signature_parts import consent, relationship, signature

BOX = "p-5 md:p-6"


def steps(S: Any, after: Callable[[], rx.Component]) -> rx.Component:
    """The page of one agreement. `after` stands at the end of what needs no signature now."""
    return el.div(
        head(S),
        match(
            S.step,
            ("sign", sign_step(S)),
            ("check", check_page(S)),
            ("decline", decline_step(S)),
            closed(S, after),
        ),
        rx.cond(S.drawing_over, signed_drawing(S)),
    )


def head(S: Any) -> rx.Component:
    """What it is and for whom: each page of a parent who signs for two names the child."""
    return el.div(
        el.h1(S.title, class_name="text-xl md:text-2xl font-bold break-words"),
        el.p(
            fill_var("For {name}", name=as_text(S.patient)),
            class_name="text-lg font-semibold mt-1 break-words",
        ),
        el.p(
            fill_var("Version {number}", number=as_text(S.version)),
            rx.cond(
                (S.step != "closed") & (S.expires != ""),
                el.span(" · ", fill_var("Sign by {day}", day=as_text(S.expires))),
            ),
            class_name="text-ink-2 mt-1",
        ),
        class_name="mb-5",
    )


def sign_step(S: Any) -> rx.Component:
    return el.div(
        done_feedback(S, "mb-5"),
        refusal_feedback(S, "mb-5"),
        rx.cond(S.changes.length() > 0, what_changed(S)),
        rx.cond(S.same_for.length() > 0, same_for(S)),
        rx.cond(S.signers != "", el.p(S.signers, class_name="font-semibold mb-4")),
        form(
            card(tools(S), agreement_text(S.text, S.text_language, lambda row: place(S, row)), cls=BOX),
            rx.cond(S.consented_on == "", consent(S)),
            card(
                h2(_("Your signature")),
                rx.cond(S.for_another, relationship(S)),
                signature(S),
                cls=f"{BOX} space-y-5",
            ),
            submit(_("Continue"), cls="w-full sm:w-auto"),
            busy=S.busy,
            sending=_("Checking…"),
            on_submit=S.continue_to_check,
            cls="space-y-5",
            data_draft="1",
            key="sign",
        ),
        other_ways(S),
    )


def same_for(S: Any) -> rx.Component:
    return notice(
        "info",
        _("The same is to be signed for others too"),
        el.p(_("You sign it once for each. After this one comes:")),
        el.ul(each(S.same_for, lambda name: el.li(name)), class_name="list-disc pl-6"),
        cls="mb-5",
    )


def what_changed(S: Any) -> rx.Component:
    """The text changed while it was open: what went and what came, word by word (SIGN-3)."""

    def piece(one: Any) -> rx.Component:
        return match(
            one.change,
            ("added", el.ins(one.text, class_name="bg-paid-soft text-paid font-semibold")),
            ("removed", el.del_(one.text, class_name="bg-late-soft text-late")),
            el.span(one.text),
        )

    return card(
        h2(_("What changed since you opened it")),
        el.ul(
            each(
                S.changes, lambda row: el.li(each(row.pieces, piece), class_name="mt-3 whitespace-pre-line")
            ),
        ),
        cls=f"{BOX} mb-5",
        id="changes",
    )


def tools(S: Any) -> rx.Component:
    """The PDF of the text, and the text in its other languages."""
    download = raw_a(
        icon("download", 19),
        _("Download as PDF"),
        href=S.text_pdf,
        download="",
        class_name="btn btn-second",
    )
    other = each(
        S.other_languages,
        lambda one: button(
            icon("languages", 19),
            one.name,
            kind="second",
            on_click=S.choose_language(one.code),
            custom_attrs={"lang": one.code},
        ),
    )
    return el.div(download, other, class_name="no-print flex flex-wrap gap-3")


def place(S: Any, row: Any) -> rx.Component:
    """A marked place in the text: initials, or one of a few choices."""
    return el.div(
        rx.cond(row.kind == "choice", choices(S, row), initials(S, row)),
        class_name="mt-4 rounded-lg border border-edge p-4",
    )


def initials(S: Any, row: Any) -> rx.Component:
    name, wrong = as_text(row.place), as_text(S.field_errors[row.place] | "")
    agreed = el.span(each(row.runs, lambda run: el.span(run.text)), class_name="block font-normal")
    control = el.input(
        name=name,
        custom_attrs={"id": name},
        default_value=row.answer,
        on_blur=lambda value: S.save_draft_field(row.place, value),
        max_length=12,
        aria_invalid=rx.cond(wrong != "", "true", "false"),
        aria_describedby=name + "-error",
        class_name="input max-w-32",
        **field_kind("initials"),
    )
    return el.div(
        el.label(agreed, _("Your initials"), html_for=name, class_name="block font-bold"),
        place_error(name, wrong),
        control,
        class_name="space-y-1.5",
    )


def choices(S: Any, row: Any) -> rx.Component:
    name: Any = as_text(row.place)
    wrong = as_text(S.field_errors[row.place] | "")

    def option(text: Any) -> rx.Component:
        more: dict[str, Any] = {"on_change": lambda value: S.save_draft_field(row.place, value)}
        return rx.cond(
            row.answer == text,
            choice(name, text, text, checked=True, key=name + "-on", **more),
            choice(name, text, text, key=name + "-off", **more),
        )

    return el.fieldset(
        el.legend(_("Choose one"), class_name="font-bold mb-2"),
        place_error(name, wrong),
        el.div(each(row.options, option), class_name="grid gap-2"),
        aria_describedby=name + "-error",
    )


def place_error(name: Any, wrong: Any) -> rx.Component:
    words = el.span(
        icon("circle-alert", 18, "mt-1"),
        el.span(el.span(_("Error:"), " ", class_name="sr-only"), wrong),
        class_name="flex gap-1.5 items-start text-late font-bold",
    )
    return el.p(rx.cond(wrong != "", words), custom_attrs={"id": name + "-error"})


def other_ways(S: Any) -> rx.Component:
    """Paper, declining, and taking the consent back."""
    paper = rx.cond(
        S.paper_asked,
        el.p(_("You asked for this on paper."), class_name="font-semibold"),
        button(_("Sign on paper instead"), kind="second", on_click=S.ask_for_paper),
    )
    agreed = el.div(
        el.p(
            fill_var("You agreed to electronic records on {day}.", day=as_text(S.consented_on)),
            class_name="text-ink-2",
        ),
        button(
            _("Withdraw: I want paper from now on"), kind="quiet", on_click=S.withdraw_consent, cls="-ml-2"
        ),
    )
    return card(
        h2(_("Not like this?")),
        el.div(
            paper,
            button(_("Decline to sign"), kind="second", on_click=S.start_declining),
            data_busy=busy_mark(S.busy),
            class_name="flex flex-wrap gap-3 mt-3",
        ),
        rx.cond(S.consented_on != "", el.div(agreed, data_busy=busy_mark(S.busy), class_name="text-sm mt-4")),
        cls=f"{BOX} mt-5",
    )


def decline_step(S: Any) -> rx.Component:
    wrong = field_error(S, "reason")
    control = el.textarea(
        name="reason",
        custom_attrs={"id": "reason"},
        rows=4,
        max_length=500,
        aria_invalid=rx.cond(wrong != "", "true", "false"),
        aria_describedby="reason-hint reason-error",
        class_name="input",
    )
    return el.div(
        card(
            el.h2(_("Decline to sign"), class_name="text-lg font-bold", data_focus="1"),
            el.p(
                _(
                    "It is not in force then, and nobody else can sign it. We are told, and who signs with you."
                ),
                class_name="mt-1",
            ),
            refusal_feedback(S),
            form(
                field(
                    _("Why do you decline?"),
                    "reason",
                    control,
                    hint=_("We read this and call you."),
                    error=wrong,
                ),
                submit(_("Decline to sign"), cls="w-full sm:w-auto"),
                busy=S.busy,
                sending=_("Declining…"),
                on_submit=S.decline,
                cls="mt-4 space-y-5",
                key="decline",
            ),
            cls=BOX,
        ),
        button(_("Back"), kind="quiet", on_click=S.back_to_form, cls="mt-3 -ml-2"),
    )


def closed(S: Any, after: Callable[[], rx.Component]) -> rx.Component:
    """Nothing to sign: just signed, signed before, or why not."""
    return el.div(
        rx.cond(S.signed_now, signed_notice(S)),
        done_feedback(S, "mb-5"),
        refusal_feedback(S, "mb-5"),
        card(
            status_tag(S.status_tone, S.status),
            rx.cond(S.signers != "", el.p(S.signers, class_name="font-semibold mt-3")),
            rx.cond(S.explanation != "", el.p(S.explanation, class_name="mt-3")),
            copy(S),
            cls=BOX,
        ),
        rx.cond(
            S.signed_now & (S.renew_href != ""),
            link(_("Go on with the renewal"), href=S.renew_href, cls="btn btn-primary mt-5"),
        ),
        rx.cond(S.next_href != "", next_to_sign(S)),
        rx.cond(
            S.text.length() > 0,
            el.details(
                el.summary(_("Read the text"), class_name="font-semibold min-h-11 flex items-center"),
                agreement_text(S.text, S.text_language),
                class_name=f"card {BOX} mt-5",
            ),
        ),
        after(),
    )


def signed_notice(S: Any) -> rx.Component:
    return notice(
        "paid",
        rx.cond(
            S.for_another,
            fill_var("You signed for {name}", name=as_text(S.patient)),
            as_text(_("You have signed")),
        ),
        rx.cond(
            S.copy_is_made | (S.copy_pdf != ""),
            el.p(_("Everybody has signed. Your copy also comes by email."), class_name="mt-0.5"),
            el.p(
                _("It is in force once everybody has signed. Then your copy comes by email."),
                class_name="mt-0.5",
            ),
        ),
        data_focus="said",
        id="signed",
        cls="mb-5",
    )


def copy(S: Any) -> rx.Component:
    """The sealed copy as soon as it is there; a scan is named as one."""
    being_made = el.p(
        el.span(class_name="spin inline-block mr-2 align-middle", aria_hidden="true"),
        _("Your copy is being made. It appears here in a moment."),
        class_name="mt-4",
    )
    there = el.div(
        raw_a(
            icon("download", 19),
            rx.cond(S.copy_is_scan, _("Download the scan (PDF)"), _("Download your copy (PDF)")),
            href=S.copy_pdf,
            download="",
            class_name="btn btn-primary",
        ),
        rx.cond(
            S.copy_is_scan,
            el.p(
                _("A scan of a signed paper, not sealed by the portal."), class_name="text-sm text-ink-2 mt-2"
            ),
            el.p(
                _("It carries our seal: anybody can check that it was not changed."),
                class_name="text-sm text-ink-2 mt-2",
            ),
        ),
        class_name="mt-4",
    )
    return el.div(rx.cond(S.copy_pdf != "", there, rx.cond(S.copy_is_made, being_made)), role="status")


def next_to_sign(S: Any) -> rx.Component:
    return card(
        h2(_("Next to sign")),
        el.p(S.next_title, class_name="mt-1 break-words"),
        link(
            fill_var("Sign for {name}", name=as_text(S.next_patient)),
            href=S.next_href,
            cls="btn btn-primary mt-4",
        ),
        cls=f"{BOX} mt-5",
    )


def signed_drawing(S: Any) -> rx.Component:
    """Lets the tab forget what was drawn and signed."""
    return signature_pad(kept_as=S.drawing_key, over=True)
