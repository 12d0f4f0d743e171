"""Messages, money, dates and times in the reader's language.

English is the msgid; other languages are gettext catalogs in `locale/`, read once from
their .po files and compiled in memory.
"""

import gettext
import re
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date, datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, format_decimal, get_currency_symbol

from portal_app import clock
from portal_app.domain.money import Money, minor_digits
from portal_app.settings import settings

LANGUAGES = {"en": "English", "es": "Español"}  # each in its own name
CATALOGS = Path(__file__).parent / "locale"


def gettext_noop(msgid: str) -> str:
    """Marks a msgid that is translated elsewhere, so that the catalog's test finds it."""
    return msgid


def translate(language: str, msgid: str, **values: Any) -> str:
    """`msgid` in `language`, its {places} filled with values as that language writes them."""
    return _fill(language, _catalog(language).gettext(msgid) if msgid else "", values)


def plural(language: str, one: str, many: str, n: int, **values: Any) -> str:
    """The form that fits `n`; {n} in it is the number."""
    return _fill(language, _catalog(language).ngettext(one, many, n), {"n": n, **values})


def money_text(language: str, amount: Money) -> str:
    """ "$1,250.50", in Spanish too: plain `es` would print 1.250,50 US$."""
    return _money(language, amount.minor, amount.currency)


@lru_cache(maxsize=8192)  # a list of invoices repeats the same amounts and days
def _money(language: str, minor: int, currency: str) -> str:
    value = Money(minor, currency).decimal()
    pattern = _money_pattern(language, currency)
    return pattern.apply(value, locale_of(language), currency=currency, currency_digits=False).replace(
        "-", "−"
    )


@cache
def _money_pattern(language: str, currency: str) -> NumberPattern:
    """How the language writes money, with the decimals that are charged: CLDR leaves out those of some currencies."""
    locale = locale_of(language)
    pattern, digits = copy(locale.currency_formats["standard"]), minor_digits(currency)
    pattern.frac_prec = (digits, digits)
    if get_currency_symbol(currency, locale)[-1].isalpha():  # CLDR's currency spacing: "RSD 1,234.56"
        pattern.prefix = tuple(re.sub("¤$", "¤\u00a0", prefix) for prefix in pattern.prefix)
    return pattern


def date_text(language: str, day: date) -> str:
    """ "December 5"; with the year when it is not this one."""
    return _day(language, day, day.year == clock.today().year)


@lru_cache(maxsize=8192)
def _day(language: str, day: date, this_year: bool) -> str:
    if this_year:
        return format_skeleton("MMMMd", day, locale=locale_of(language))
    return format_date(day, "long", locale=locale_of(language))


def short_date_text(language: str, day: date) -> str:
    """ "Dec 5", for tables; with the year when it is not this one."""
    skeleton = "MMMd" if day.year == clock.today().year else "yMMMd"
    return format_skeleton(skeleton, day, locale=locale_of(language))


def full_date_text(language: str, day: date) -> str:
    """ "December 5, 2026": always with the year, for documents."""
    return format_date(day, "long", locale=locale_of(language))


def weekday_text(language: str, day: date) -> str:
    """ "Tuesday, December 1"."""
    return f"{format_date(day, 'EEEE', locale=locale_of(language))}, {date_text(language, day)}"


def month_short(language: str, day: date) -> str:
    """ "Dec", for the small calendar leaf."""
    return format_date(day, "LLL", locale=locale_of(language)).rstrip(".")


def month_text(language: str, month: int, year: int) -> str:
    """ "March 2028", for the day a card expires."""
    return format_skeleton("yMMMM", date(year, month, 1), locale=locale_of(language))


def time_text(language: str, moment: datetime) -> str:
    """ "10:20 am", in the practice's time zone."""
    text = format_time(moment, "short", tzinfo=clock.zone(), locale=locale_of(language))
    return text.replace("\u202f", "\u00a0").replace("AM", "am").replace("PM", "pm")


def moment_text(language: str, moment: datetime) -> str:
    """ "December 5, 10:20 am"."""
    return f"{date_text(language, clock.local_date(moment))}, {time_text(language, moment)}"


def ago_text(language: str, moment: datetime) -> str:
    """ "5 minutes ago"; "just now" within the first minute."""
    since = clock.now() - moment
    if since.total_seconds() < 60:
        return translate(language, gettext_noop("just now"))
    return format_timedelta(-since, add_direction=True, threshold=1.2, locale=locale_of(language))


def names_text(language: str, names: Sequence[str]) -> str:
    """ "Maria, Eva and Tim"."""
    return names[0] if len(names) == 1 else _names_list(language, tuple(names))


@lru_cache(maxsize=8192)
def _names_list(language: str, names: tuple[str, ...]) -> str:
    return format_list(list(names), locale=locale_of(language)).replace(", and ", " and ")


def paid_with_text(language: str, shown: str) -> str:
    """What was paid with, as the database keeps it in English: "Visa ending in 4242", "Cash"."""
    name, ending, digits = shown.partition(" ending in ")
    kind, space, number = name.rpartition(" ")
    numbered = bool(space) and number.isdigit()  # "Check 1183"
    name = f"{translate(language, kind)} {number}" if numbered else translate(language, name)
    return (
        translate(language, gettext_noop("{name} ending in {digits}"), name=name, digits=digits)
        if ending
        else name
    )


METHODS = (
    gettext_noop("Card"),
    gettext_noop("Bank account"),
    gettext_noop("Bank"),
    gettext_noop("Cash"),
    gettext_noop("Check"),
    gettext_noop("Terminal"),
    gettext_noop("Health savings account"),
)


def paper_language(language: str) -> str:
    """The tag a document carries: "en-US"."""
    return str(locale_of(language)).replace("_", "-")


@cache
def locale_of(language: str) -> Locale:
    """The locale of the reader's language in the practice's country."""
    own = Locale.parse(settings().locale)
    try:
        return Locale.parse(f"{language}_{own.territory}")
    except UnknownLocaleError:
        return Locale.parse({"en": "en_US", "es": "es_US"}.get(language, language))


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    source = CATALOGS / language / "LC_MESSAGES" / "portal.po"
    if not source.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _fill(language: str, text: str, values: Mapping[str, Any]) -> str:
    return text.format_map({k: _value_text(language, v) for k, v in values.items()}) if values else text


@lru_cache(maxsize=8192)
def _number(language: str, value: float) -> str:
    return format_decimal(value, locale=locale_of(language))


def _value_text(language: str, value: Any) -> str:
    match value:
        case Money():
            return money_text(language, value)
        case datetime():
            return moment_text(language, value)
        case date():
            return date_text(language, value)
        case str():
            return value
        case int() | float():
            return _number(language, value)
        case list() | tuple():
            return names_text(language, [_value_text(language, v) for v in value])
        case _:
            return str(value)
