"""Asking for columns: the types of sqlmodel know no column of ours (Money, ids), so here they say nothing."""

from typing import Any

from sqlmodel import select


def columns(*wanted: Any) -> Any:
    """SELECT these columns, not whole rows."""
    return select(*wanted)
