"""The practice's settings about agreements, on /staff/settings."""

import reflex as rx

from portal_app.components.i18n import _
from portal_app.components.kit import el, h2
from portal_app.pages.staff.settings.cards import number_setting
from portal_app.state.staff.settings import SettingsState

S = SettingsState


def agreement_settings() -> rx.Component:
    return el.section(
        h2(_("Agreements")),
        *(_number(*texts) for texts in _numbers()),
        class_name="grid grid-cols-[minmax(0,1fr)] gap-4 mt-4",
    )


def _number(name: str, title: str, about: str) -> rx.Component:
    return number_setting(
        name, S.agreement_numbers[name], title, about, S.save_agreement_number(name), "number"
    )


def _numbers() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            "agreement_expires_days",
            _("Days in which an agreement can be signed"),
            _("From 1 to 365. Then the request ends, and staff ask again."),
        ),
        (
            "agreement_reminder_days",
            _("Days between reminders to sign"),
            _("From 1 to 60. Reminders that were missed are one message."),
        ),
        (
            "agreement_reminders",
            _("Most reminders to sign"),
            _("From 0 to 10, after the first message."),
        ),
    )
