"""The practice that runs this installation, and its settings. One row."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field

from portal_app.db.owned import PortalOwned, PublicOwned
from portal_app.db.types import document, key, moment, money
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS

_DEFAULT = {name: setting.default for name, setting in SETTINGS.items()}


class Practice(PublicOwned, table=True):
    id: str = key()  # always "practice"
    name: str
    phone: str = ""
    email: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = "US"
    website: str = ""
    opening_hours: dict[str, str] = document(default_factory=dict)  # language → words
    paper: str = "us-letter"  # or "a4"
    timezone: str = "America/New_York"
    currency: str = "USD"
    locale: str = "en_US"
    dependent_age: int = _DEFAULT["dependent_age"]
    online_payments: bool = _DEFAULT["online_payments"]
    post_automatically: bool = _DEFAULT["post_automatically"]
    minimum_payment: Money | None = money(default=None, nullable=True)
    embed_origins: list[str] = document(default_factory=list)
    reminders: bool = _DEFAULT[
        "reminders"
    ]  # messages before and after an invoice is due, and when a card expires
    announce_imported: bool = _DEFAULT[
        "announce_imported"
    ]  # a message for each new invoice that an import brought
    link_in_messages: bool = _DEFAULT[
        "link_in_messages"
    ]  # a message about one invoice opens that invoice, without signing in
    pay_link_days: int = _DEFAULT["pay_link_days"]  # how long a pay link works
    membership_settings: dict[str, Any] = document(default_factory=dict)  # see domain/practice_settings.py
    agreement_settings: dict[str, Any] = document(default_factory=dict)  # as membership_settings
    wording: dict[str, Any] = document(default_factory=dict)  # a message's own words, by kind
    # Raised by every change of settings, family links or patients: what is remembered in a
    # process about who sees whom is valid for one version and one day.
    version: int = Field(default=1, sa_type=BigInteger)


class SettingChange(PortalOwned, table=True):
    """Who changed which setting when, and to what: the settings page says it beside each."""

    id: str = key()  # set_…
    setting: str = Field(index=True)  # the column's name
    value: str  # as it was typed or chosen
    changed_by: str  # principal.name
    name: str  # theirs, as it was then
    changed_at: datetime = moment()
