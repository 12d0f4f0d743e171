"""Statuses and prices of memberships (DOMAIN.md, Memberships)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Period(StrEnum):
    """How often a membership is billed."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MembershipStatus(StrEnum):
    """The status of a membership."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


# Billed now or from their start date on: they count as current, and need a payment method.
RUNNING = frozenset({MembershipStatus.PENDING, MembershipStatus.ACTIVE})


def price_for_age(bands: Sequence[dict[str, Any]], age: int) -> int | None:
    """Minor units per period for a person of that age, by the first age band that fits; None when none does."""
    fitting = sorted(
        (band for band in bands if band["below"] is None or age < band["below"]),
        key=lambda band: (band["below"] is None, band["below"] or 0),
    )
    return fitting[0]["minor"] if fitting else None
