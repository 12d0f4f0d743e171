"""How an import file's dates and moments are read; nothing is guessed (IMP-8)."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise

from portal_app.domain.families import birthday
from portal_app.domain.imports.values import ImportOptions, Unreadable

# 0001 and 9999, 1753 and 1900 are how systems write that there is no date.
_YEARS = (1901, 2199)
_OLDEST = 120  # years; nobody alive was born before
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_PARTS = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-00)?", re.ASCII)
# What exports of databases write behind a date: no time of day.
_MIDNIGHT = re.compile(r"[T ](?:0{1,2}:00(?::00(?:\.0+)?)?|12:00(?::00)? ?AM)", re.ASCII | re.IGNORECASE)
_MOMENT = re.compile(r"(\S+?)[T ](\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "D": r"(?P<day>\d{1,2})",
}
_NINES = re.compile(r"\D*9{2,4}(?:\D*9{2,4}){2}", re.ASCII)  # 99/99/9999
_MONTH_OF_YEAR = re.compile(r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})", re.ASCII)
_NO_WORDS = {"null", "(null)", "\\n", "n/a", "#n/a", "na", "none", "nil", "nan", "nat"}
_TOKEN = re.compile(r"Y+|M+|D+|[A-Z%]|[^A-Z%]+", re.ASCII)


class NoValue(Unreadable):
    """A value that stands for none, or for less than its column needs: the rest of the row still counts."""

    kind = "placeholder"


class PartialDate(NoValue):
    """A year, or a year and a month: no day."""

    kind = "partial"


@lru_cache(maxsize=16)
def date_pattern(form: str) -> re.Pattern[str]:
    """What a date in this format looks like. Raises Unreadable when the format itself says nothing."""
    if not form.isascii():
        raise Unreadable("write it with YYYY, YY, MM, M, DD, D, like MM/DD/YYYY")
    tokens = _TOKEN.findall(form.upper())
    known = [token for token in tokens if token in _PARTS]
    for token in tokens:
        if token not in _PARTS and re.match("[A-Z%]", token):
            raise Unreadable(f"{token} is none of YYYY, YY, MM, M, DD, D")
    if sorted(token[0] for token in known) != ["D", "M", "Y"]:
        raise Unreadable("it needs the year, the month and the day, each once")
    joined = any(a in _PARTS and b in _PARTS for a, b in pairwise(tokens))
    parts = (_PARTS.get(token) or re.escape(token) for token in tokens)
    pattern = "".join(parts)
    if joined:  # without marks between them, only fixed widths can be told apart
        if {"M", "D"} & set(known):
            raise Unreadable("M and D need a mark beside them; write MM and DD")
        pattern = pattern.replace("{1,2}", "{2}")
    return re.compile(pattern, re.ASCII)


def _century(short: int, latest: int) -> int:
    """The last year that ends in these two digits and is not after `latest`."""
    return latest - (latest - short) % 100


def _without_midnight(text: str) -> str:
    midnight = _MIDNIGHT.search(text) if len(text) > 10 else None
    return text[: midnight.start()] if midnight and midnight.end() == len(text) else text


def _look_for_none(text: str, options: ImportOptions) -> None:
    """Refuse what stands for no date: a word for none, marks alone, zeros or nines. Raises NoValue."""
    bare = _without_midnight(text)
    digits = re.sub(r"\D", "", bare)
    blank = not any(map(str.isalnum, bare)) or bare.lower() in _NO_WORDS
    if blank or _NINES.fullmatch(bare) or bare.startswith("0000") or (digits and not digits.strip("0")):
        raise NoValue(f"“{text[:40]}” stands for no date")


def _look_for_part(text: str, options: ImportOptions) -> None:
    """Refuse a date without a day: a month and a year, or zeros for the day. Raises PartialDate."""
    bare = _without_midnight(text)
    form = date_pattern(options.date_format) if options.date_format else _ISO_PARTS
    found = form.fullmatch(bare) or _ISO_PARTS.fullmatch(bare) or _MONTH_OF_YEAR.fullmatch(bare)
    if found is None or int(found.groupdict().get("day") or 0):
        return
    parts = found.groupdict()
    year = int(parts.get("year") or _century(int(parts["short"]), options.today.year))
    if _YEARS[0] <= year <= _YEARS[1] and int(parts["month"]) <= 12:
        raise PartialDate(f"“{text[:40]}” is partial: the day is missing")
    raise NoValue(f"“{text[:40]}” stands for no date")


def _read_day(text: str, options: ImportOptions, latest: date) -> date:
    """`latest`: two-digit years are of the hundred years that end with it."""
    bare = _without_midnight(text)
    try:
        if options.date_format and (found := date_pattern(options.date_format).fullmatch(bare)):
            parts = found.groupdict()
            month, day = int(parts["month"]), int(parts["day"])
            if not parts.get("short"):
                return date(int(parts["year"]), month, day)
            year = _century(int(parts["short"]), latest.year)
            return date(
                year - 100 * ((year, month, day) > (latest.year, latest.month, latest.day)), month, day
            )
        if _ISO.fullmatch(bare):
            return date.fromisoformat(bare)
    except ValueError:
        raise Unreadable(f"“{text[:40]}” is not a date") from None
    raise Unreadable(_not_a_date(text, options))


def _not_a_date(text: str, options: ImportOptions) -> str:
    if moment := _MOMENT.fullmatch(text):
        where = " in another time zone" if moment[3] else ""
        return f"“{text[:40]}” has a time of day{where}; this column takes a date alone"
    if options.date_format:
        return f"“{text[:40]}” is not a date"
    return f"“{text[:40]}” is not a date like 2026-01-31; name the file's date format if it has another"


def read_date(text: str, options: ImportOptions) -> date:
    """ISO always; another form only when the file's format is named (IMP-8).

    Two-digit years: from 80 years ago to 19 years ahead. Raises NoValue for placeholders like 0001-01-01.
    """
    try:
        day = _read_day(text, options, date(options.today.year + 19, 12, 31))
    except Unreadable:
        _look_for_none(text, options)
        raise
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise NoValue(f"“{text[:40]}” stands for no date")
    return day


def read_birth_date(text: str, options: ImportOptions) -> date:
    """Read a date of birth; two-digit years are never ahead. Raises as `read_date`, PartialDate and NoValue."""
    if (found := _PARTIAL.fullmatch(text)) and _YEARS[0] <= int(found[1]) <= _YEARS[1]:
        raise PartialDate(f"“{text}” is partial: the day is missing")
    try:
        day = _read_day(text, options, options.today)
    except Unreadable:
        _look_for_none(text, options)
        _look_for_part(text, options)
        raise
    if day.year > _YEARS[1]:
        raise NoValue(f"“{text[:40]}” stands for no date")
    if day.year < options.today.year - _OLDEST or birthday(day, _OLDEST) < options.today:
        raise NoValue(f"“{text[:40]}” is no date of birth: it is over {_OLDEST} years ago")
    return day


def last_day(text: str) -> date | None:
    """The last day of a year, a month or a day as ISO writes them; None when it is none of these."""
    found = _PARTIAL.fullmatch(text)
    try:
        if not found:
            return date.fromisoformat(text) if _ISO.fullmatch(text) else None
        year, month = int(found[1]), int(found[2] or 12)
        return date(year, month, monthrange(year, month)[1])
    except ValueError:
        return None


def read_moment(text: str, options: ImportOptions) -> datetime:
    """'2026-06-15 10:20' in the practice's time zone, or with an offset. Aware."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        try:
            day = read_date(text, options)
        except Unreadable:
            raise Unreadable(f"“{text[:40]}” is not a date and time like 2026-01-31 10:20") from None
        raise Unreadable(f"“{day.isoformat()}” has no time of day")
    try:
        day = read_date(parts[1], options)
    except NoValue:
        raise Unreadable(f"“{text[:40]}” is no time at which anybody came or will come") from None
    clock = parts[2].rjust(8 if parts[2].count(":") == 2 else 5, "0")
    try:
        moment = datetime.fromisoformat(f"{day.isoformat()}T{clock}{parts[3] or ''}")
    except ValueError:
        raise Unreadable(f"“{text[:40]}” is not a date and time") from None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    here = moment.replace(tzinfo=options.zone)
    if here.astimezone(UTC).astimezone(options.zone).replace(tzinfo=None) != moment:
        raise Unreadable(f"“{text[:40]}” does not exist: the clocks change")
    return here.astimezone(UTC)


def happens_twice(text: str, moment: datetime, options: ImportOptions) -> str:
    """What to say of a local time that the clocks show twice, else "": the first of the two was taken."""
    here = moment.astimezone(options.zone)
    if here.utcoffset() == here.replace(fold=1).utcoffset():
        return ""
    parts = _MOMENT.fullmatch(text)
    if parts is None or parts[3]:  # an offset says which of the two
        return ""
    return f"“{text[:40]}” happens twice, because the clocks go back: the first was taken"
