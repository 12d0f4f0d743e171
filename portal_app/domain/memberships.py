"""Membership words (DOMAIN.md, Memberships)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Period(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MembershipStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


# Those that are billed, now or from their start on: they count as somebody's, and need a way to be paid.
RUNNING = frozenset({MembershipStatus.PENDING, MembershipStatus.ACTIVE})


def price_at(bands: Sequence[dict[str, Any]], age: int) -> int | None:
    """Minor units a period for somebody of that age: the first band they are below; None without one."""
    fitting = sorted(
        (band for band in bands if band["below"] is None or age < band["below"]),
        key=lambda band: (band["below"] is None, band["below"] or 0),
    )
    return fitting[0]["minor"] if fitting else None
