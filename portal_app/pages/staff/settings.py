"""/staff/settings: the practice's settings, each with who changed it last."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import form
from portal_app.components.i18n import _, here
from portal_app.components.kit import card, el, h2, icon, link, tag
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import (
    page_body,
    page_header,
    small_button,
    small_input,
    status_message,
)
from portal_app.state.staff.settings import SettingsState

S = SettingsState


@page("/staff/settings", "Settings", on_load=S.load, side="staff")
def settings() -> rx.Component:
    return el.div(
        page_header(_("Settings")),
        status_message(S.message),
        page_body(S.ready, setting_cards(), _("Getting the settings…")),
    )


def setting_cards() -> rx.Component:
    return el.div(
        switch(
            "online_payments",
            S.online_payments,
            _("Online payments"),
            _(
                "Off: patients see their invoices and cannot pay here. Nobody can, not even from an open page."
            ),
        ),
        switch(
            "post_automatically",
            S.post_automatically,
            _("Post payments to the ledger automatically"),
            _(
                "Off: payments wait under Transactions until somebody posts them; patients see them as being posted."
            ),
        ),
        minimum_payment(),
        *message_switches(),
        templates_card(),
        pay_link_days(),
        dependent_age(),
        embed_origins(),
        class_name="grid grid-cols-[minmax(0,1fr)] gap-4 mt-5",
    )


def message_switches() -> list[rx.Component]:
    return [
        switch(
            "reminders",
            S.reminders,
            _("Reminders"),
            _(
                "A message 3 days before an invoice is due, when it is past due, and when a card expires. "
                "One message per household and day, never what it was for."
            ),
        ),
        switch(
            "announce_imported",
            S.announce_imported,
            _("Announce imported invoices"),
            _(
                "A message for each new invoice that an import brings. Invoices that you send here are always announced."
            ),
        ),
        switch(
            "link_in_messages",
            S.link_in_messages,
            _("Pay links in messages"),
            _(
                "A message about one invoice opens that invoice without signing in; the date of birth is asked. "
                "Off: it leads to the portal."
            ),
        ),
    ]


def setting_card(name: str, title: str, about: str, *body: Any) -> rx.Component:
    wrong = S.errors[name]
    return card(
        el.h2(title, id=f"{name}-title", class_name="text-lg font-bold"),
        el.p(about, id=f"{name}-about", class_name="text-ink-2 mt-1"),
        rx.cond(
            S.errors.contains(name),
            el.p(
                icon("circle-alert", 18, "mt-1"),
                wrong,
                id=f"{name}-error",
                class_name="flex gap-1.5 items-start text-late font-bold mt-2",
            ),
        ),
        *body,
        el.p(S.last_changes[name], class_name="text-sm text-ink-2 mt-3"),
        cls="p-5",
    )


def switch(name: str, on: rx.Var[bool], title: str, about: str) -> rx.Component:
    turn = el.div(
        rx.cond(on, tag("paid", _("On")), tag("quiet", _("Off"))),
        # One button for on and off, so that the focus stays on it.
        small_button(
            rx.cond(on, _("Turn off"), _("Turn on")),
            on_click=S.set_switch(name, ~on),
            aria_describedby=f"{name}-title",
        ),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 mt-3",
    )
    return setting_card(name, title, about, turn)


def save_form(name: str, handler: Any, *fields: Any) -> rx.Component:
    save = el.button(
        _("Save"),
        type="submit",
        class_name="btn btn-second btn-small min-h-10!",
        aria_describedby=f"{name}-title",
    )
    return form(
        *fields,
        save,
        busy=S.busy == name,
        sending=_("Saving…"),
        on_submit=handler,
        cls="flex flex-wrap items-end gap-3 mt-3",
    )


def described_by_setting(name: str) -> dict[str, Any]:
    return {
        "aria_labelledby": f"{name}-title",
        "aria_describedby": f"{name}-error {name}-about",
        "aria_invalid": rx.cond(S.errors.contains(name), "true", "false"),
    }


def minimum_payment() -> rx.Component:
    field = small_input(
        "amount",
        "money",
        default_value=S.minimum_payment,
        key=S.minimum_payment,
        cls="tnum max-w-32",
        **described_by_setting("minimum_payment"),
    )
    return setting_card(
        "minimum_payment",
        _("Smallest online payment"),
        _("What is left of an invoice may always be paid whole. Empty: only the card processor’s own limit."),
        save_form("minimum_payment", S.save_minimum, field),
    )


def templates_card() -> rx.Component:
    return card(
        h2(_("Message templates")),
        el.p(
            _("Say invoices, reminders, receipts and refunds in your own words, in each language."),
            class_name="text-ink-2 mt-1",
        ),
        link(_("Change the templates"), href=here("/staff/wording"), cls="btn btn-second btn-small mt-3"),
        cls="p-5",
    )


def pay_link_days() -> rx.Component:
    field = small_input(
        "days",
        "number",
        default_value=S.pay_link_days,
        key=S.pay_link_days,
        cls="tnum max-w-24",
        **described_by_setting("pay_link_days"),
    )
    return setting_card(
        "pay_link_days",
        _("Days a pay link works"),
        _("From 1 to 90. What is owed outlives the link; the page then says where to ask for a new one."),
        save_form("pay_link_days", S.save_link_days, field),
    )


def dependent_age() -> rx.Component:
    field = small_input(
        "age",
        "number",
        default_value=S.dependent_age,
        key=S.dependent_age,
        cls="tnum max-w-24",
        **described_by_setting("dependent_age"),
    )
    return setting_card(
        "dependent_age",
        _("Age from which patients sign in for themselves"),
        _("From that birthday on parents no longer see their chart, from one moment to the next."),
        save_form("dependent_age", S.save_age, field),
    )


def embed_origins() -> rx.Component:
    field = el.textarea(
        name="origins",
        default_value=S.embed_origins,
        key=S.embed_origins,
        rows="3",
        spell_check=False,
        class_name="input w-full",
        **described_by_setting("embed_origins"),
    )
    return setting_card(
        "embed_origins",
        _("Websites that may show the portal"),
        _("One address a line, like https://www.example.org. No other site can put the portal in a frame."),
        save_form("embed_origins", S.save_origins, field),
    )
