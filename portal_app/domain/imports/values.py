"""Reads one value of an import file: an amount, a text, a number, a yes or no (IMP cases). Dates: `dates.py`."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from portal_app.domain.money import Money, minor_digits


class Unreadable(ValueError):
    """A value that is not what its column asks for; the text is the reason, in plain words."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How this practice's files write dates and money."""

    currency: str
    zone: ZoneInfo
    today: date
    date_format: str = ""  # "MM/DD/YYYY"; ISO is always read
    round: str = ""  # "half_even": amounts with more decimals are rounded, and the report says so
    decimal_mark: str = ""  # "" where nobody named one: a point
    thousands: str = ""


@lru_cache(maxsize=16)
def _amount_pattern(decimal_mark: str, thousands: str) -> re.Pattern[str]:
    """Digits, perhaps grouped by three, perhaps a decimal mark and decimals, perhaps a minus before."""
    whole = r"\d{1,9}"
    if thousands:
        mark = "[\u0020\u00a0\u202f]" if thousands.isspace() else re.escape(thousands)
        whole = rf"(?:\d{{1,3}}(?:{mark}\d{{3}}){{1,2}}|{whole})"
    return re.compile(rf"(-?{whole})(?:{re.escape(decimal_mark)}(\d+))?", re.ASCII)


def read_amount(text: str, options: ImportOptions) -> Money:
    """Read an amount in the installation's currency: digits, a decimal mark, decimals, perhaps a minus before.

    A grouping mark counts only before exactly three digits. Decimals that the currency does not have must be
    zeros, or are rounded where the options say so. Exactly three decimals ("1.000") may be a thousand: they are
    read only if the mapping names the decimal mark.

    Raises: Unreadable.
    """
    found = _amount_pattern(options.decimal_mark or ".", options.thousands).fullmatch(text)
    if not found:
        groups = (
            f"; “{options.thousands}” stands before three digits" if options.thousands in text[1:] else ""
        )
        raise Unreadable(f"“{text[:40]}” is not an amount like 1200.00{groups if options.thousands else ''}")
    digits, decimals = minor_digits(options.currency), found[2] or ""
    surplus = decimals[digits:]
    if surplus.strip("0") and options.round != "half_even":
        raise Unreadable(f"“{text[:40]}” has {len(decimals)} decimals, {options.currency} has {digits}")
    if surplus and len(decimals) == 3 and not options.decimal_mark and found[1].strip("-0"):
        raise Unreadable(f"“{text[:40]}” may be a thousand or not: name the files' decimal mark in a mapping")
    plain = re.sub(r"[^-\d]", "", found[1]) if options.thousands else found[1]
    if not surplus.strip("0"):
        return Money(int(plain + decimals[:digits].ljust(digits, "0")), options.currency)
    plain += "." + decimals
    try:
        minor = Decimal(plain).scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise Unreadable(f"“{text[:40]}” is not an amount") from None
    return Money(int(minor), options.currency)


def loses_decimals(text: str, options: ImportOptions) -> bool:
    """Whether reading this amount rounds it: it has more decimals than the currency, and not only zeros."""
    mark = options.decimal_mark or "."
    decimals = text.rpartition(mark)[2] if mark in text else ""
    return bool(decimals[minor_digits(options.currency) :].strip("0"))


def read_not_negative(text: str, options: ImportOptions) -> Money:
    """An amount of zero or more. Raises: Unreadable."""
    amount = read_amount(text, options)
    if amount.minor < 0:
        raise Unreadable(f"“{text[:40]}” is below zero")
    return amount


def read_positive(text: str, options: ImportOptions) -> Money:
    """An amount above zero. Raises: Unreadable."""
    amount = read_amount(text, options)
    if amount.minor <= 0:
        raise Unreadable(f"“{text[:40]}” is not above zero")
    return amount


def read_not_positive(text: str, options: ImportOptions) -> Money:
    """An amount of zero or less. Raises: Unreadable."""
    amount = read_amount(text, options)
    if amount.minor > 0:
        raise Unreadable(f"“{text[:40]}” is above zero; what lowers an invoice is written with a minus")
    return amount


def read_yes(text: str, _: ImportOptions) -> bool:
    """Read yes or no. Raises Unreadable for anything else."""
    if (word := text.lower()) in ("yes", "y", "true", "1"):
        return True
    if word in ("no", "n", "false", "0"):
        return False
    raise Unreadable(f"“{text[:40]}” is neither yes nor no")


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def text_up_to(longest: int) -> Callable[[str, ImportOptions], str]:
    """A reader of printable text of at most so many characters, which raises Unreadable for any other."""

    def read(text: str, _: ImportOptions) -> str:
        if len(text) > longest:
            raise Unreadable(f"longer than {longest} characters")
        if not text.isprintable() and _CONTROL.search(text):
            raise Unreadable("has a character that cannot be printed")
        return text

    return read


def line_up_to(longest: int) -> Callable[[str, ImportOptions], str]:
    """Words of one line: where another follows, a quote was not closed and rows have run together."""
    plain = text_up_to(longest)

    def read(text: str, options: ImportOptions) -> str:
        if not text.isprintable() and "\n" in text:
            raise Unreadable("has more than one line: is a quote not closed?")
        return plain(text, options)

    return read


_NO_KEYS = {"null", "(null)", "\\n", "#n/a"}  # what exports write where there is none


def key_up_to(longest: int) -> Callable[[str, ImportOptions], str]:
    """A number or code by which things are found: nothing in it that nobody sees; no word for none."""
    line = line_up_to(longest)

    def read(text: str, options: ImportOptions) -> str:
        if text.lower() in _NO_KEYS:
            raise Unreadable(f"“{text}” stands for none")
        if len(text) <= longest and text.isprintable():
            return text
        if any(unicodedata.category(sign) == "Cf" for sign in text):
            raise Unreadable("has a character that nobody sees")
        return line(text, options)

    return read


def _may_be_of_a_name(sign: str) -> bool:
    """A letter, or another sign that somebody may be called by: no digit, mark, space, or line of a table."""
    return sign.isalpha() or (unicodedata.category(sign) == "So" and not "\u2500" <= sign <= "\u25ff")


def name_up_to(longest: int) -> Callable[[str, ImportOptions], str]:
    """Words with a letter among them: a ruler, a count or a lone point is nobody's name."""
    line = line_up_to(longest)

    def read(text: str, options: ImportOptions) -> str:
        if not text.isalpha() and not any(map(_may_be_of_a_name, text)):
            raise Unreadable(f"“{text[:40]}” is no name: it has no letter")
        return line(text, options)

    return read


def whole_number(least: int, most: int) -> Callable[[str, ImportOptions], int]:
    """A reader of whole numbers from `least` to `most`, which raises Unreadable for any other text."""

    def read(text: str, _: ImportOptions) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise Unreadable(f"“{text[:40]}” is not a whole number from {least} to {most}")
        return int(text)

    return read


def one_of(*known: str) -> Callable[[str, ImportOptions], str]:
    """A reader of these words, however they are capitalised or joined ("No-Show"); Unreadable for any other."""

    def read(text: str, _: ImportOptions) -> str:
        word = text.lower().replace(" ", "_").replace("-", "_")
        if word not in known:
            raise Unreadable(f"“{text[:40]}” is none of: {', '.join(known)}")
        return word

    return read
