"""SELECT of columns: sqlmodel's types do not know our column types (Money, ids), so a row may hold anything here."""

from typing import Any, cast

from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar


def columns(*wanted: Any) -> SelectOfScalar[Any]:
    """SELECT these columns, not whole rows: one column gives its values, several give rows."""
    select_any: Any = select
    return cast("SelectOfScalar[Any]", select_any(*wanted))
