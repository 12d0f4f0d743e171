"""SELECT of columns: sqlmodel's types do not know our column types (Money, ids), so the result is untyped here."""

from typing import Any

from sqlmodel import select


def columns(*wanted: Any) -> Any:
    """SELECT these columns, not whole rows."""
    return select(*wanted)
