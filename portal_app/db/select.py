"""Asking for columns: the types of sqlmodel know no column of ours (Money, ids), so here they say nothing."""

from typing import Any

from sqlmodel import select

PAGES_AHEAD = 25  # further on than that nobody counts: what is there is "more"


def columns(*wanted: Any) -> Any:
    """SELECT these columns, not whole rows."""
    return select(*wanted)


def counted_up_to(page: int, size: int) -> int:
    """How many rows are counted for a list that shows `page` (from 1): thousands more cost nothing.

    When all of them are there, the page that begins with the last of them says that there are more.
    """
    return (page + PAGES_AHEAD - 1) * size + 1
