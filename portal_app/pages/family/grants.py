"""/members/sharing: what one adult lets another do, and what others let them do."""

from typing import Literal

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import choice, field, form, text_input
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import (
    back,
    button,
    card,
    done_feedback,
    el,
    empty,
    field_error,
    h1,
    h2,
    icon,
    loading,
    refusal_feedback,
    skel,
    submit,
)
from portal_app.components.screen import page
from portal_app.components.sign_in.reauth import proof_panel
from portal_app.domain.families import GrantKind
from portal_app.state.family.grants import GrantsState

S = GrantsState
ROW = "flex flex-wrap items-center gap-x-4 gap-y-2 p-4 md:px-5 border-b border-line last:border-0"


@page("/members/sharing", "Share with another adult", on_load=S.load, active="/members")
def sharing() -> rx.Component:
    return el.div(
        back(_("Back to members"), here("/members")),
        h1(_("Share with another adult")),
        el.p(
            _("Each thing is shared alone, and you can stop at any time. We tell you of every change."),
            class_name="text-ink-2 mt-1",
        ),
        done_feedback(S),
        rx.cond(
            S.needs_reauth, el.div(proof_panel(S), class_name="mt-5"), rx.cond(S.ready, shown(), waiting())
        ),
    )


def shown() -> rx.Component:
    return el.div(
        h2(_("What you share"), cls="mt-6 mb-3"),
        rx.cond(S.mine.length() > 0, el.ul(each(S.mine, mine), class_name="card"), no_sharing()),
        rx.cond(S.lets_me.length() > 0, shared_with_me()),
        new(),
    )


def no_sharing() -> rx.Component:
    words = _("Below you can let an adult you name do something for you.")
    return card(empty("handshake", _("You share nothing"), words))


def mine(item) -> rx.Component:
    about = el.span(" ", item.what, ", ", item.name, class_name="sr-only")
    return el.li(
        el.div(
            el.p(item.what, class_name="font-bold"),
            el.p(item.name, " · ", item.about, class_name="text-sm text-ink-2"),
            class_name="flex-1 min-w-[min(12rem,100%)]",
        ),
        button(_("Stop sharing"), about, kind="second", on_click=S.stop_sharing(item.id)),
        class_name=ROW,
        key=item.id,
    )


def shared_with_me() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.what, class_name="font-bold"),
                el.p(item.name, class_name="text-sm text-ink-2"),
                class_name="flex-1 min-w-0",
            ),
            class_name=ROW,
        )

    return el.section(
        h2(_("What others share with you"), cls="mt-8 mb-3"), el.ul(each(S.lets_me, one), class_name="card")
    )


def new() -> rx.Component:
    born = birth_date_fields(
        el.span(_("Their date of birth"), class_name="font-bold"), error=field_error(S, "born"), own=False
    )
    return card(
        h2(_("Share something new")),
        refusal_feedback(S),
        form(
            what_to_share(),
            el.p(_("With whom?"), class_name="font-bold"),
            el.div(
                name_field(_("First name"), "given_name"),
                name_field(_("Last name"), "family_name"),
                class_name="grid sm:grid-cols-2 gap-4",
            ),
            born,
            submit(icon("handshake", 19), _("Share")),
            busy=S.busy,
            sending=_("Sharing…"),
            on_submit=S.start_sharing,
            cls="mt-4 space-y-5",
        ),
        cls="p-5 md:p-6 mt-8",
    )


def what_to_share() -> rx.Component:
    kinds = (
        (GrantKind.PAY, _("Pay for me"), _("They see amounts and due dates, never what it was for.")),
        (GrantKind.CONTACT, _("My contact details"), _("They see your email and phone.")),
        (
            GrantKind.APPOINTMENTS_AND_FORMS,
            _("My appointments and forms"),
            _("They see when you come, and which forms you have to fill."),
        ),
    )
    return el.fieldset(
        el.legend(_("What?"), class_name="font-bold mb-2"),
        el.div(
            *[choice(f"share_{kind}", "on", t, sub=s, kind="checkbox") for kind, t, s in kinds],
            class_name="grid gap-2",
        ),
    )


def name_field(label: str, name: Literal["given_name", "family_name"]) -> rx.Component:
    wrong = field_error(S, name)
    return field(label, name, text_input(name, name, error=wrong, own=False, max_length=80), error=wrong)


def waiting() -> rx.Component:
    return loading(
        _("Getting what you share…"),
        skel("h-7 w-40 mt-6"),
        card(skel("h-24 w-full"), cls="p-5 mt-3"),
        card(skel("h-96 w-full"), cls="p-5 mt-8"),
    )
