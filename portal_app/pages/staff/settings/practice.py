"""/staff/settings: the practice's settings, each with who changed it last."""

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import card, el, h2, link
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import done_status, page_body, page_header, small_input
from portal_app.pages.staff.settings.agreements import agreement_settings
from portal_app.pages.staff.settings.cards import (
    described_by_setting,
    number_setting,
    save_form,
    setting_card,
    switch,
)
from portal_app.pages.staff.settings.memberships import membership_settings
from portal_app.state.staff.settings import SettingsState

S = SettingsState


@page("/staff/settings", "Settings", on_load=S.load, side="staff")
def settings() -> rx.Component:
    return el.div(
        page_header(_("Settings")),
        done_status(S),
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
        membership_settings(),
        agreement_settings(),
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
    return number_setting(
        "pay_link_days",
        S.pay_link_days,
        _("Days a pay link works"),
        _("From 1 to 90. What is owed outlives the link; the page then says where to ask for a new one."),
        S.save_link_days,
        "days",
    )


def dependent_age() -> rx.Component:
    return number_setting(
        "dependent_age",
        S.dependent_age,
        _("Age from which patients sign in for themselves"),
        _("From that birthday on parents no longer see their chart, from one moment to the next."),
        S.save_age,
        "age",
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
