"""The only clock. Rules take the time as an argument; services read it here.

`PORTAL_CLOCK` fixes or shifts it in demo and tests: "2026-06-15T12:00" stands still at
that practice-local time, "+90d" and "-3h" shift the real time. Second factors and
the processor's signatures read the real clock (`real_now`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from portal_app.settings import settings

_held: list[datetime] = []


def real_now() -> datetime:
    return datetime.now(UTC)


def now() -> datetime:
    """Aware, UTC."""
    if _held:
        return _held[-1]
    fixed, shift = _from_settings(settings().clock, settings().timezone)
    return fixed or real_now() + shift


def zone() -> ZoneInfo:
    """The practice's time zone: a day, a due date, a posting date count in it."""
    return ZoneInfo(settings().timezone)


def today() -> date:
    """The practice's local date."""
    return _date_in(int(now().timestamp() // 60), settings().timezone)


def local_date(moment: datetime) -> date:
    return moment.astimezone(zone()).date()


@lru_cache(maxsize=64)
def _date_in(minute: int, timezone: str) -> date:
    """Cached by minute, because every formatted date needs it; a zone differs from UTC by whole minutes."""
    return datetime.fromtimestamp(minute * 60, ZoneInfo(timezone)).date()


@contextmanager
def held_at(moment: datetime) -> Iterator[None]:
    """For tests: the clock stands at `moment` (aware) inside the block."""
    _held.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _held.pop()


@cache
def _from_settings(text: str, timezone: str) -> tuple[datetime | None, timedelta]:
    if not text:
        return None, timedelta()
    if shifted := re.fullmatch(r"([+-])(\d{1,5})([dhm])", text):
        unit = {"d": "days", "h": "hours", "m": "minutes"}[shifted[3]]
        return None, timedelta(**{unit: int(shifted[1] + shifted[2])})
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC), timedelta()
