"""The practice's name, and how it is reached: made and changed by `portal practice set`.

The practice is one row. Until it is there and has a name, nobody can sign in: messages, receipts and
authenticator apps carry that name. Settings of the settings page are changed by `services.practice.settings`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import phonenumbers
from babel import Locale
from email_validator import EmailNotValidError, validate_email
from sqlmodel import col, select

from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.text import strip_unstorable
from portal_app.services.patients.usable_contacts import phone_country
from portal_app.services.practice.errors import (
    CountryUnknown,
    CurrencyFixed,
    DemoNotLoaded,
    DetailTooLong,
    EmailUnusable,
    HoursUnreadable,
    NameMissing,
    PaperUnknown,
    PhoneUnusable,
    PracticeMissing,
    WebsiteUnusable,
)
from portal_app.settings import settings

MAX_LENGTH = 120  # characters of each detail: one line of a letterhead
_WEBSITE = re.compile(r"https?://[\w-]+(\.[\w-]+)+(:\d{1,5})?(/\S*)?", re.ASCII)
_PAPERS = ("us-letter", "a4")


@dataclass(frozen=True, slots=True)
class PracticeDetails:
    name: str
    phone: str  # international, like "+1 212-555-0100"
    email: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str  # ISO 3166 code of two letters
    website: str
    opening_hours: dict[str, str]  # language → text
    paper: str  # "us-letter" or "a4"
    timezone: str
    currency: str
    locale: str


def find_details(principal: Principal) -> PracticeDetails | None:
    """The details as they are stored; None before `set_details` was first called."""
    with reading(principal) as tx:
        row = tx.get(Practice, "practice")
        return _details(row) if row else None


def require_practice(principal: Principal) -> None:
    """Refuse a database whose practice has no name yet, but for a demo's. Raises PracticeMissing."""
    if settings().demo:
        return
    found = find_details(principal)
    if found is None or not found.name:
        raise PracticeMissing


def set_details(
    principal: Principal, details: Mapping[str, str], *, hours: tuple[str, ...] | None = None
) -> PracticeDetails:
    """Changes the named details, and makes the practice on first use.

    Time zone, currency and locale are those of the installation's settings. Only a system principal may write it.

    Args:
        details: by the names of `PracticeDetails`; "" empties one.
        hours: opening hours, each as "en=Monday to Friday"; None leaves them as they are.

    Raises:
        UserError: a subclass of `services.practice.errors` for the first value that is not usable; nothing is written.
    """
    principal.require(Permission.MANAGE_SETTINGS)
    with transaction(principal) as tx:
        row, is_new = _row_to_write(tx)
        values: dict[str, object] = {**_checked(details, row), **_of_the_installation(tx, row)}
        if hours is not None:
            values["opening_hours"] = _hours(hours)
        if not values.get("name", row.name):
            raise NameMissing
        if not is_new:
            values["version"] = row.version + 1  # other processes remember the name for one version
        row.sqlmodel_update(values)
        tx.add(row)
        return _details(row)


def _row_to_write(tx: Tx) -> tuple[Practice, bool]:
    """The practice's row, locked, or a new one that is not stored yet; and whether it is new."""
    if tx.get(Practice, "practice") is not None:
        return tx.get_or_404(Practice, "practice", lock=True), False
    if settings().demo:
        raise DemoNotLoaded
    return Practice(id="practice", name="", country=phone_country(tx)), True


def _details(row: Practice) -> PracticeDetails:
    return PracticeDetails(**{name: getattr(row, name) for name in PracticeDetails.__slots__})


def _of_the_installation(tx: Tx, row: Practice) -> dict[str, str]:
    ours = settings()
    has_money = tx.exec(select(col(LedgerEntry.id)).limit(1)).first() is not None
    if has_money and row.currency != ours.currency:
        raise CurrencyFixed(kept=row.currency, wanted=ours.currency)
    return {"timezone": ours.timezone, "currency": ours.currency, "locale": ours.locale}


def _checked(details: Mapping[str, str], row: Practice) -> dict[str, str]:
    """The details as they are stored. A phone without country code is one of the practice's country."""
    lines = {name: _line(text) for name, text in details.items()}
    country = _country(lines["country"]) if lines.get("country") else row.country
    checks: dict[str, Callable[[str], str]] = {
        "phone": partial(_phone, country=country),
        "email": _email,
        "country": _country,
        "website": _website,
        "paper": _paper,
    }
    return {
        name: checks[name](text) if text and name in checks else text
        for name, text in lines.items()
        if text or name not in ("country", "paper")  # these two are never empty
    }


def _line(text: str) -> str:
    line = " ".join(strip_unstorable(text).split())
    if len(line) > MAX_LENGTH:
        raise DetailTooLong(most=MAX_LENGTH, text=line[:40])
    return line


def _phone(text: str, *, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise PhoneUnusable(text=text) from None
    if not phonenumbers.is_possible_number(number):
        raise PhoneUnusable(text=text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise EmailUnusable(text=text) from None


def _country(text: str) -> str:
    code = text.upper()
    if len(code) != 2 or code not in Locale("en").territories:
        raise CountryUnknown(text=text)
    return code


def _website(text: str) -> str:
    if not _WEBSITE.fullmatch(text):
        raise WebsiteUnusable(text=text)
    return text


def _paper(text: str) -> str:
    if text not in _PAPERS:
        raise PaperUnknown(text=text)
    return text


def _hours(typed: tuple[str, ...]) -> dict[str, str]:
    hours = {}
    for one in typed:
        language, _, text = one.partition("=")
        if language not in settings().languages or not text.strip():
            raise HoursUnreadable(example="en=Monday to Friday, 8 am to 5 pm", text=one)
        hours[language] = _line(text)
    return hours
