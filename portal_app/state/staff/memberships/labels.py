"""Names of what memberships are and of what happened to them, as staff read them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal_app.domain.json_values import is_object
from portal_app.domain.memberships.prices import PriceVersion
from portal_app.domain.memberships.types import EventKind, MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.i18n import date_text, gettext_noop, money_text, translate
from portal_app.services.memberships.staff.listing import LastCharge


@dataclass(frozen=True)
class ChoiceItem:
    """An option of a select."""

    id: str
    name: str


STATUSES = {
    MembershipStatus.PENDING: ("info", gettext_noop("Waiting")),
    MembershipStatus.ACTIVE: ("paid", gettext_noop("Active")),
    MembershipStatus.PAUSED: ("info", gettext_noop("Paused")),
    MembershipStatus.ENDED: ("quiet", gettext_noop("Ended")),
}
PLAN_STATUSES = {True: ("paid", gettext_noop("Offered")), False: ("quiet", gettext_noop("Retired"))}
BANDS = {
    "child": gettext_noop("Child"),
    "adult": gettext_noop("Adult"),
    "senior": gettext_noop("Senior"),
}
PERIODS = {
    Period.MONTH: gettext_noop("Month"),
    Period.QUARTER: gettext_noop("Quarter"),
    Period.YEAR: gettext_noop("Year"),
}
_BAND_BELOW = gettext_noop("{band} below {age}: {amount}")
_BAND = gettext_noop("{band}: {amount}")
_FAMILY_PRICE = gettext_noop("Family price: {amount}")
LAST_CHARGES = {
    LastCharge.PAID: gettext_noop("Paid"),
    LastCharge.UNPAID: gettext_noop("Unpaid"),
    LastCharge.NONE: gettext_noop("None yet"),
}
EVENTS = {
    EventKind.STARTED: gettext_noop("Membership started"),
    EventKind.MEMBER_ADDED: gettext_noop("Member added"),
    EventKind.MEMBER_ENDED: gettext_noop("Member ended"),
    EventKind.MEMBER_ASKED: gettext_noop("Adult asked to join"),
    EventKind.MEMBER_DECLINED: gettext_noop("Adult does not join"),
    EventKind.MEMBER_REQUEST_WITHDRAWN: gettext_noop("Request to join withdrawn"),
    EventKind.RENEWED: gettext_noop("Renewed"),
    EventKind.AUTOMATIC_RENEWAL_CHANGED: gettext_noop("Automatic renewal changed"),
    EventKind.AUTOPAY_CHANGED: gettext_noop("Automatic payment changed"),
    EventKind.CANCELLED: gettext_noop("End decided"),
    EventKind.CANCELLATION_UNDONE: gettext_noop("End taken back"),
    EventKind.PAUSED: gettext_noop("Pause entered"),
    EventKind.PAUSE_ENDED: gettext_noop("Pause ended"),
    EventKind.PLAN_CHANGED: gettext_noop("Plan changed"),
    EventKind.BILL_DAY_MOVED: gettext_noop("Bill day moved"),
    EventKind.COUPON_ADDED: gettext_noop("Coupon added"),
    EventKind.BILLED_AGAIN: gettext_noop("Period billed again"),
    EventKind.ENDED: gettext_noop("Membership over"),
    EventKind.ACCEPTED: gettext_noop("Accepted"),
    EventKind.REFUSED: gettext_noop("Refused"),
}


def band_name(language: str, name: str) -> str:
    return translate(language, BANDS[name]) if name in BANDS else name


def price_text(language: str, price: PriceVersion) -> str:
    """ "Child below 18: $30.00 · Adult: $80.00 · Family price: $190.00"."""
    parts: list[str] = []
    for band in price.bands:
        name, amount = band_name(language, band.name), band.price
        parts.append(
            translate(language, _BAND_BELOW, band=name, age=band.below, amount=amount)
            if band.below
            else translate(language, _BAND, band=name, amount=amount)
        )
    if price.family_cap is not None:
        parts.append(translate(language, _FAMILY_PRICE, amount=price.family_cap))
    return " · ".join(parts)


def event_name(language: str, kind: EventKind) -> str:
    known = EVENTS.get(kind)
    return translate(language, known) if known else kind.value.replace("_", " ")


def event_details(language: str, details: dict[str, Any]) -> str:
    """The texts, days and amounts of a line of the history, as they were written."""
    words: list[str] = []
    for value in details.values():
        if is_object(value) and value.keys() == {"minor", "currency"}:
            words.append(money_text(language, Money(value["minor"], value["currency"])))
        elif isinstance(value, str) and (day := _day(value)) is not None:
            words.append(date_text(language, day))
        elif isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            words.append(str(value))
    return " · ".join(words)


def _day(text: str) -> date | None:
    """The day that the history keeps as text; None for other text."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-06-15") else None
    except ValueError:
        return None
