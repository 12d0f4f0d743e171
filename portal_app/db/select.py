"""Queries of single columns. Untyped, because SQLModel's types do not know our column types (Money, ids)."""

from typing import Any

from sqlmodel import select

PAGES_AHEAD = 25  # pages after the shown one that are counted; beyond them a list says "more"


def columns(*selected: Any) -> Any:
    """SELECT these columns instead of whole rows."""
    return select(*selected)


def rows_to_count(page: int, size: int) -> int:
    """How many rows to count at most for a list that shows `page` (from 1), so that long lists stay fast.

    One more than fills the counted pages: when that row exists, the list says that there are more.
    """
    return (page + PAGES_AHEAD - 1) * size + 1
