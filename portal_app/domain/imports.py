"""What an import file may say: its columns, how each is read, and what is reported (IMP cases).

The columns are the contract with the practice: docs/import.md describes them one by one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.billing.types import Method
from portal_app.domain.families import PatientStatus
from portal_app.domain.memberships import MembershipStatus, Period
from portal_app.domain.money import Money, minor_digits


class Unreadable(ValueError):
    """A value that is not what its column asks for; the text is the reason, in plain words."""


@dataclass(frozen=True, slots=True)
class Where:
    """A record's file and the line it starts on (records may span lines)."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was set aside, or (a warning) came in with something staff should look at."""

    file: str
    line: int
    column: str
    reason: str
    warning: bool = False
    about: str = ""  # "Claim/46ab…", where a file holds resources

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.file, f"line {self.line}", self.about, self.column)))
        return f"{place}: {self.reason}"


@dataclass(slots=True)
class SheetCount:
    """What became of the rows of one file."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    set_aside: int = 0


@dataclass(slots=True)
class Totals:
    """Receivables of one currency, in money: what is owed to the practice."""

    before: Money  # ours, before this import
    after: Money  # ours, after it
    source: Money  # what the rows that came in (or were there already) add up to
    ours: Money  # what the portal keeps of these same rows
    set_aside: Money  # what the rows that were set aside add up to

    @property
    def agree(self) -> bool:
        return self.source == self.ours


@dataclass(slots=True)
class ImportReport:
    """Everything one import did, or would do (`check`)."""

    check: bool = False
    counts: dict[str, SheetCount] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    totals: dict[str, Totals] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(count.added + count.changed for count in self.counts.values())

    @property
    def set_aside(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.warning]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How this practice's files write dates and money."""

    currency: str
    zone: ZoneInfo
    today: date
    date_format: str = ""  # "MM/DD/YYYY"; ISO is always read
    round: str = ""  # "half_even": amounts with more decimals are rounded, and said so
    decimal_mark: str = "."
    thousands: str = ""


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"(\S+?)[T ](\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_WORDS = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("YY", "%y"))


def read_date(text: str, manner: ImportOptions) -> date:
    """ISO always; another form only when the file's format is named (IMP-8)."""
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
        if manner.date_format:
            form = manner.date_format
            for word, sign in _WORDS:
                form = form.replace(word, sign)
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
    except ValueError:
        raise Unreadable(f"“{text[:40]}” is not a date") from None
    raise Unreadable(
        f"“{text[:40]}” is not a date like 2026-01-31; name the file's date format if it has another"
    )


_YEARS = (1900, 2199)  # 0001 and 9999 are how some systems write "none"


def read_moment(text: str, manner: ImportOptions) -> datetime:
    """'2026-06-15 10:20' in the practice's time zone, or with an offset. Aware."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        try:
            day = read_date(text, manner)
        except Unreadable:
            raise Unreadable(f"“{text[:40]}” is not a date and time like 2026-01-31 10:20") from None
        raise Unreadable(f"“{day.isoformat()}” has no time of day")
    day, clock = read_date(parts[1], manner), parts[2].rjust(8 if parts[2].count(":") == 2 else 5, "0")
    try:
        moment = datetime.fromisoformat(f"{day.isoformat()}T{clock}{parts[3] or ''}")
    except ValueError:
        raise Unreadable(f"“{text[:40]}” is not a date and time") from None
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise Unreadable(f"“{text[:40]}” is no time at which anybody came or will come")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    here = moment.replace(tzinfo=manner.zone)
    if here.astimezone(UTC).astimezone(manner.zone).replace(tzinfo=None) != moment:
        raise Unreadable(f"“{text[:40]}” does not exist: the clocks change")
    return here.astimezone(UTC)


_AMOUNT = re.compile(r"-?\d{1,9}(?:\.\d+)?", re.ASCII)


def read_amount(text: str, manner: ImportOptions) -> Money:
    """Digits, a decimal point and at most the currency's decimals, perhaps a minus before."""
    plain = text.replace(manner.thousands, "") if manner.thousands else text
    if manner.decimal_mark != ".":
        plain = plain.replace(".", "?").replace(manner.decimal_mark, ".")
    if not _AMOUNT.fullmatch(plain):
        raise Unreadable(f"“{text[:40]}” is not an amount like 1200.00")
    digits = minor_digits(manner.currency)
    decimals = len(plain.partition(".")[2])
    if decimals > digits and manner.round != "half_even":
        raise Unreadable(f"“{text[:40]}” has {decimals} decimals, {manner.currency} has {digits}")
    try:
        minor = Decimal(plain).scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise Unreadable(f"“{text[:40]}” is not an amount") from None
    return Money(int(minor), manner.currency)


def rounded(text: str, manner: ImportOptions) -> bool:
    """Did reading this amount lose decimals?"""
    decimals = text.rpartition(manner.decimal_mark)[2] if manner.decimal_mark in text else ""
    return bool(decimals[minor_digits(manner.currency) :].strip("0"))


def read_zero_up(text: str, manner: ImportOptions) -> Money:
    amount = read_amount(text, manner)
    if amount.minor < 0:
        raise Unreadable(f"“{text[:40]}” is below zero")
    return amount


def read_above_zero(text: str, manner: ImportOptions) -> Money:
    amount = read_amount(text, manner)
    if amount.minor <= 0:
        raise Unreadable(f"“{text[:40]}” is not above zero")
    return amount


def read_zero_down(text: str, manner: ImportOptions) -> Money:
    amount = read_amount(text, manner)
    if amount.minor > 0:
        raise Unreadable(f"“{text[:40]}” is above zero; what lowers an invoice is written with a minus")
    return amount


def read_yes(text: str, _: ImportOptions) -> bool:
    if (word := text.lower()) in ("yes", "y", "true", "1"):
        return True
    if word in ("no", "n", "false", "0"):
        return False
    raise Unreadable(f"“{text[:40]}” is neither yes nor no")


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def words(longest: int) -> Callable[[str, ImportOptions], str]:
    def read(text: str, _: ImportOptions) -> str:
        if len(text) > longest:
            raise Unreadable(f"longer than {longest} characters")
        if _CONTROL.search(text):
            raise Unreadable("has a character that cannot be printed")
        return text

    return read


def whole(least: int, most: int) -> Callable[[str, ImportOptions], int]:
    def read(text: str, _: ImportOptions) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise Unreadable(f"“{text[:40]}” is not a whole number from {least} to {most}")
        return int(text)

    return read


def one_of(*known: str) -> Callable[[str, ImportOptions], str]:
    def read(text: str, _: ImportOptions) -> str:
        word = text.lower().replace(" ", "_").replace("-", "_")
        if word not in known:
            raise Unreadable(f"“{text[:40]}” is none of: {', '.join(known)}")
        return word

    return read


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    read: Callable[[str, ImportOptions], Any]
    required: bool = False
    default: Any = None


def _column(name: str, read: Callable[[str, ImportOptions], Any], default: Any = None) -> Column:
    """A name that ends in * must be filled in."""
    return Column(name.rstrip("*"), read, name.endswith("*"), default)


_KEY, _NAME, _LONG = words(80), words(200), words(2000)

SHEETS: dict[str, tuple[Column, ...]] = {
    "patients": (
        _column("chart_number*", _KEY),
        _column("family_key", _KEY, ""),
        _column("guarantor_chart_number", _KEY, ""),
        _column("given_name*", _NAME),
        _column("family_name*", _NAME),
        _column("birth_date", read_date),
        _column("sex", words(20), ""),
        _column("status", one_of(*PatientStatus), PatientStatus.ACTIVE),
        _column("language", words(12), "en"),
        _column("email", words(320), ""),
        _column("phone", words(80), ""),
        _column("other_phone", words(80), ""),
        _column("line1", _NAME, ""),
        _column("line2", _NAME, ""),
        _column("city", _NAME, ""),
        _column("region", _NAME, ""),
        _column("postal_code", words(40), ""),
        _column("country", words(60), ""),
    ),
    "relations": (
        _column("chart_number*", _KEY),
        _column("adult_chart_number*", _KEY),
        _column("kind*", one_of("parent", "guardian", "dependent_of")),
        _column("until", read_date),
        _column("reason", _NAME, ""),
    ),
    "appointments": (
        _column("appointment_key*", _KEY),
        _column("chart_number*", _KEY),
        _column("start*", read_moment),
        _column("minutes", whole(1, 1440), 30),
        _column("provider", _NAME, ""),
        _column("location", _NAME, ""),
        _column("reason", _NAME, ""),
        _column("status", one_of(*AppointmentStatus), AppointmentStatus.BOOKED),
    ),
    "invoices": (
        _column("invoice_number*", _KEY),
        _column("guarantor_chart_number", _KEY, ""),
        _column("status", one_of("draft", "open", "partly_paid", "paid", "void", "written_off"), "open"),
        _column("issue_date*", read_date),
        _column("due_date", read_date),
        _column("total*", read_zero_up),
        _column("adjustment", read_zero_down),
        _column("balance", read_zero_up),
        _column("currency", words(3), ""),
        _column("opening_balance", read_yes, False),
        _column("note", _LONG, ""),
    ),
    "invoice_lines": (
        _column("invoice_number*", _KEY),
        _column("chart_number*", _KEY),
        _column("description*", _NAME),
        _column("quantity", whole(1, 99999), 1),
        _column("unit_amount*", read_amount),
        _column("amount", read_amount),
        _column("service_date", read_date),
        _column("provider", _NAME, ""),
        _column("code", _KEY, ""),
    ),
    "payments": (
        _column("payment_key*", _KEY),
        _column("guarantor_chart_number", _KEY, ""),
        _column("invoice_number", _KEY, ""),
        _column("amount*", read_above_zero),
        _column("currency", words(3), ""),
        _column("date*", read_date),
        _column("method", one_of(*Method), Method.OTHER),
        _column("paid_with", _KEY, ""),
        _column("portal_payment_id", _KEY, ""),
        _column("note", _LONG, ""),
    ),
    "plans": (
        _column("plan_key*", _KEY),
        _column("name*", _NAME),
        _column("description", _LONG, ""),
        _column("period", one_of(*Period), Period.MONTH),
        _column("contract_months", whole(1, 120)),
        _column("adult_price*", read_zero_up),
        _column("child_price", read_zero_up),
        _column("child_below", whole(1, 30), 18),
        _column("senior_price", read_zero_up),
        _column("senior_from", whole(40, 120), 65),
        _column("family_cap", read_zero_up),
        _column("enrolment_fee", read_zero_up),
        _column("currency", words(3), ""),
    ),
    "memberships": (
        _column("membership_key*", _KEY),
        _column("owner_chart_number*", _KEY),
        _column("plan_key*", _KEY),
        _column("status", one_of(*MembershipStatus), MembershipStatus.ACTIVE),
        _column("start*", read_date),
        _column("next_bill_date", read_date),
        _column("anchor_day", whole(1, 31)),
        _column("contract_end", read_date),
        _column("renews_automatically", read_yes, False),
    ),
    "enrolments": (
        _column("membership_key*", _KEY),
        _column("chart_number*", _KEY),
        _column("start*", read_date),
        _column("end", read_date),
    ),
}


def read_row(
    sheet: str, raw: dict[str, str], manner: ImportOptions
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The row's values by column, and (column, reason) for each that cannot be read."""
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for column in SHEETS[sheet]:
        text = raw.get(column.name, "")
        if not text:
            values[column.name] = column.default
            if column.required:
                wrong.append((column.name, "is missing"))
            continue
        try:
            values[column.name] = column.read(text, manner)
        except Unreadable as reason:
            wrong.append((column.name, str(reason)))
    return values, wrong
