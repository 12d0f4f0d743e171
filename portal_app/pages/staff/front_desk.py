"""/staff/desk: help a patient to get into the portal; print the portal's own address."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import field, field_kind, form, text_input
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    h2,
    icon,
    notice,
    opens,
    submit,
)
from portal_app.components.screen import page
from portal_app.state.layout import LayoutState
from portal_app.state.staff.front_desk import FrontDeskState

S: Any = FrontDeskState


@page("/staff/desk", "Front desk", on_load=S.load, side="staff")
def front_desk() -> rx.Component:
    return el.div(
        rx.match(
            S.print_view,
            ("slip", code_slip()),
            ("portal", poster()),
            rx.cond(S.patient != "", patient_page(), search_page()),
        ),
    )


def search_page() -> rx.Component:
    words = text_input("words", "search", hint=True)
    search = card(
        form(
            field(_("Find a patient"), "words", words, hint=_("First or last name, or chart number")),
            submit(_("Search"), cls="mt-4"),
            busy=S.busy,
            sending=_("Searching…"),
            on_submit=S.search_patients,
        ),
        feedback(S),
        rx.cond(S.searched, rx.cond(S.found.length() > 0, search_results(), nobody_found())),
        cls="p-5",
    )
    return el.div(
        h1(_("Front desk")),
        el.p(_("Help a patient to get into the portal."), class_name="text-ink-2 mt-1"),
        el.div(search, share_card(), class_name="grid gap-5 lg:grid-cols-[1fr_20rem] items-start mt-5"),
    )


def search_results() -> rx.Component:
    def row(item: Any) -> rx.Component:
        return el.li(
            el.button(
                el.span(item.name, class_name="block font-semibold"),
                el.span(item.about, class_name="block text-sm text-ink-2"),
                type="button",
                class_name="w-full text-left px-3 py-2.5 rounded-md hover:bg-sunken cursor-pointer min-h-11",
                **opens(S.open_patient(item.id)),
            ),
            class_name="border-b border-line last:border-0",
            key=item.id,
        )

    return el.ul(each(S.found, row), class_name="mt-4", aria_label=_("Patients found"))


def nobody_found() -> rx.Component:
    return empty("user-search", _("Nobody found"), _("Check the spelling, or type fewer letters."))


def share_card() -> rx.Component:
    ways = (
        (_("Visitors choose"), ""),
        (_("By text"), "phone"),
        (_("By email"), "email"),
        (_("With a desk code"), "desk"),
    )
    return card(
        h2(_("Share the portal")),
        el.p(
            _("A link and a QR code for everybody. How do they confirm who they are?"),
            class_name="text-ink-2 mt-1",
        ),
        el.ul(
            *[
                el.li(button(label, kind="second", on_click=S.share_portal(way), cls="w-full justify-start!"))
                for label, way in ways
            ],
            class_name="space-y-2 mt-3",
        ),
        cls="p-5",
    )


def patient_page() -> rx.Component:
    return el.div(
        back_button(),
        h1(S.name),
        el.p(S.about, class_name="text-ink-2"),
        feedback(S),
        el.div(
            code_card(),
            link_card(),
            reset_card(),
            links_card(),
            class_name="grid gap-5 md:grid-cols-2 items-start mt-5",
        ),
    )


def back_button() -> rx.Component:
    return el.div(
        button(
            icon("arrow-left", 18),
            _("Back to the search"),
            kind="quiet",
            on_click=S.close_patient,
            cls="-ml-2",
        ),
        class_name="no-print",
    )


def code_card() -> rx.Component:
    return card(
        h2(_("Code on paper")),
        el.p(
            _("For whoever has no email and no mobile phone. Check their ID. An older code stops working."),
            class_name="text-ink-2 mt-1",
        ),
        button(icon("printer", 19), _("Print a one-time code"), on_click=S.print_code, cls="mt-3"),
        cls="p-5",
    )


def link_card() -> rx.Component:
    places = rx.cond(S.contacts != "", S.contacts, _("Nothing on file"))
    return card(
        h2(_("Access link")),
        el.p(places, class_name="font-semibold mt-1"),
        el.p(_("Opens the sign-in with this contact filled in. A code is still asked for."), class_name="text-ink-2 mt-1"),
        button(
            icon("send", 19), _("Send the link"), kind="second", on_click=S.send_link,
            disabled=S.contacts == "", cls="mt-3",
        ),
        cls="p-5",
    )  # fmt: skip


def reason_form(name: str, label: str, action: str, handler: Any, sending: str) -> rx.Component:
    return form(
        field(label, name, reason_input(name)),
        submit(action, cls="mt-3"),
        busy=S.busy,
        sending=sending,
        on_submit=handler,
        cls="mt-3",
    )


def reason_input(name: str) -> rx.Component:
    return el.input(
        name="reason", max_length=500, class_name="input", custom_attrs={"id": name}, **field_kind("text")
    )


def reset_card() -> rx.Component:
    waits = el.div(
        notice(
            "late",
            fill_var("A reset takes effect on {when}.", when=S.reset_at),
            el.p(S.reset_reason),
            cls="mt-3",
        ),
        button(_("Stop the reset"), kind="second", on_click=S.stop_reset, cls="mt-3"),
    )
    begin = el.details(
        el.summary(_("Lost everything"), class_name="font-semibold text-brand min-h-11 flex items-center"),
        el.p(
            _(
                "Removes password, app, recovery codes and passkeys after 24 hours. "
                "The patient is told at every address and can stop it."
            ),
            class_name="text-ink-2",
        ),
        reason_form(
            "reset-reason",
            _("How did you check who they are?"),
            _("Start the reset"),
            S.start_reset,
            _("Starting the reset…"),
        ),
    )
    return card(
        h2(_("Password, app and passkeys")),
        rx.cond(S.reset_at != "", waits, begin),
        unlock_details(),
        cls="p-5",
    )


def unlock_details() -> rx.Component:
    return el.details(
        el.summary(_("Locked out"), class_name="font-semibold text-brand min-h-11 flex items-center"),
        el.p(_("After too many wrong passwords. Check their ID first."), class_name="text-ink-2"),
        reason_form(
            "unlock-reason",
            _("How did you check who they are?"),
            _("Unlock the sign-in"),
            S.unlock_sign_in,
            _("Unlocking…"),
        ),
    )


def links_card() -> rx.Component:
    def row(item: Any) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.purpose, class_name="font-semibold"),
                el.p(item.about, class_name="text-sm text-ink-2"),
                class_name="flex-1",
            ),
            button(
                _("Take back"),
                el.span(": ", item.purpose, class_name="sr-only"),
                kind="quiet",
                on_click=S.revoke_link(item.id),
            ),
            class_name="flex items-center gap-3 py-2 border-b border-line last:border-0",
            key=item.id,
        )

    return rx.cond(
        S.links.length() > 0,
        card(h2(_("Open links")), el.ul(each(S.links, row), class_name="mt-2"), cls="p-5"),
    )


def printable(heading: Any, *body: Any) -> rx.Component:
    return el.div(
        back_button(),
        card(
            el.p(LayoutState.practice, class_name="font-bold"),
            heading,
            *body,
            cls="p-6 md:p-8 mt-3 max-w-[36rem]",
        ),
        el.div(
            button(icon("printer", 19), _("Print"), custom_attrs={"data-print": "1"}),
            class_name="no-print mt-5",
        ),
    )


def qr_code() -> rx.Component:
    return el.img(
        src=S.qr, alt=_("QR code of the portal’s address"), width="220", height="220",
        class_name="bg-white p-2 rounded-md border border-line mt-4",
    )  # fmt: skip


def code_slip() -> rx.Component:
    return printable(
        el.h1(S.name, class_name="sr-only", data_focus="1"),
        each(S.slip_lines, lambda line: el.p(line, class_name="mt-2 text-lg")),
        qr_code(),
    )


def poster() -> rx.Component:
    return printable(
        el.h1(_("Your patient portal"), class_name="text-2xl font-bold mt-2", data_focus="1"),
        el.p(_("See and pay your invoices. Scan the picture or open:"), class_name="mt-2"),
        el.p(el.b(S.address, class_name="break-all"), class_name="mt-1"),
        qr_code(),
        el.p(_("We confirm that it is you, and ask for your date of birth."), class_name="mt-4"),
    )
