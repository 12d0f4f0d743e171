"""The practice's settings about memberships, on /staff/settings."""

import reflex as rx

from portal_app.components.i18n import _
from portal_app.components.kit import el, h2
from portal_app.pages.staff.settings.cards import number_setting, switch
from portal_app.state.staff.settings import SettingsState

S = SettingsState


def membership_settings() -> rx.Component:
    return el.section(
        h2(_("Memberships")),
        *(_switch(*texts) for texts in _switches()),
        *(_number(*texts) for texts in _numbers()),
        class_name="grid grid-cols-[minmax(0,1fr)] gap-4 mt-4",
    )


def _switch(name: str, title: str, about: str) -> rx.Component:
    return switch(name, S.membership_switches[name], title, about)


def _number(name: str, title: str, about: str) -> rx.Component:
    return number_setting(
        name, S.membership_numbers[name], title, about, S.save_membership_number(name), "number"
    )


def _switches() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            "membership_join_online",
            _("Join online"),
            _("Whoever visits the portal can choose a plan, pay its first invoice and become a patient."),
        ),
        (
            "membership_join_needs_acceptance",
            _("Staff accept who joins online"),
            _("Off: a membership is active as soon as its first invoice is paid."),
        ),
        (
            "membership_cancel_online",
            _("Cancel online"),
            _(
                "A member ends their membership with its paid period. Off: they are asked to contact the practice."
            ),
        ),
        (
            "membership_refund_unearned",
            _("Refund unused days"),
            _(
                "What is left of a paid period is offered as a refund when staff end a membership at once. "
                "Several states require it of direct primary care."
            ),
        ),
        (
            "membership_fee_on_rejoining",
            _("Enrolment fee for those who come back"),
            _("Off: each person who pays for a membership pays the enrolment fee once."),
        ),
    )


def _numbers() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            "membership_days_ahead",
            _("Days before the bill date on which an invoice is made"),
            _("From 0 to 28."),
        ),
        (
            "membership_autopay_hour",
            _("Hour of automatic payments"),
            _("From 0 to 20, by the practice’s clock: cards are charged from this hour on."),
        ),
        (
            "membership_amount_notice_days",
            _("Days of notice before a higher charge"),
            _(
                "From 1 to 60. Told later, the amount announced before is charged, and the rest after its own message."
            ),
        ),
        (
            "membership_price_notice_days",
            _("Days of notice before a new price"),
            _("From 1 to 120. A plan’s new price begins on a bill date at least this far off."),
        ),
        (
            "membership_monthly_limit_of_one",
            _("Direct primary care: monthly limit for one person"),
            _(
                "In whole dollars. Staff are warned of a plan that costs more; its members could lose their HSA."
            ),
        ),
        (
            "membership_monthly_limit_of_several",
            _("Direct primary care: monthly limit for two or more"),
            _("In whole dollars."),
        ),
    )
