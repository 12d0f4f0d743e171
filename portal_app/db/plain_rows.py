"""Rows of prepared queries with the names and types of their table: a class of the table costs several times its row."""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

from portal_app.db.owned import Owned

Row = TypeVar("Row", bound=Owned)


class PlainRows(Generic[Row]):
    """Some columns of a table, or all, and how their values are read as a row of that table.

    Such a row is a named tuple: it has the table's columns and properties, knows no session and cannot be changed.
    """

    def __init__(self, table: type[Row], *names: str) -> None:
        kept = names or tuple(table.__table__.columns.keys())  # type: ignore[attr-defined]
        self.columns: tuple[Any, ...] = tuple(getattr(table, name) for name in kept)
        derived = {name: value for name, value in vars(table).items() if isinstance(value, property)}
        plain: Any = namedtuple(table.__name__, kept)  # type: ignore[misc]
        self._make = type(table.__name__, (plain,), {"__slots__": (), **derived})._make

    def of(self, values: Sequence[Any]) -> Row:
        """The row with these values, in the order of `columns`."""
        return cast("Row", self._make(values))
