"""Dates that may be a year or a month, and times: what is valid, and how two of them compare."""

import calendar
import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)?"
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?")


class Span(NamedTuple):
    """The first and the last moment that a date or time covers: 2019 is the whole year."""

    first: datetime
    last: datetime


def date_span(text: str) -> Span | None:
    """The moments of a FHIR date: "2019", "2019-05", "2019-05-31". None for any other text and for no day."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    last_month = month or 12
    last = date(first.year, last_month, day or calendar.monthrange(first.year, last_month)[1])
    return Span(datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC))


def date_time_span(text: str) -> Span | None:
    """The moment of a FHIR dateTime, or the moments of a date. A time without a zone counts as UTC."""
    if not _DATE_TIME.fullmatch(text):
        return date_span(text)
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        moment = datetime.fromisoformat(shortened)
        moment = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Span(moment, moment)


def time_span(text: str) -> Span | None:
    """A FHIR time, "14:30:00", as a moment of one and the same day."""
    if not _TIME.fullmatch(text):
        return None
    moment = datetime.combine(date.min, time.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)), UTC)
    return Span(moment, moment)
