"""Writes thousands of rows of one table with one statement, for the importer.

SQLAlchemy would compile and bind row by row. Here a statement is compiled once for a table and its columns, and
values are converted column by column.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.engine import Dialect
from sqlalchemy.types import Date

from portal_app.db.types import Code, MoneyColumn

Row = dict[str, Any]
Columns = Mapping[str, Sequence[Any]]  # the values of each column, in the order of the rows
Convert = Callable[[Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A compiled statement, the columns it takes in their order, and what converts each."""

    text: str
    names: tuple[str, ...]
    positional: bool
    convert: tuple[Convert | None, ...]


def insert_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert the rows; all name the columns that the first one names. A column without a value gets its default."""
    insert_columns(connection, table, _by_column(rows, tuple(sorted(rows[0]))), {})


def insert_columns(connection: Connection, table: Table, columns: Columns, same: Row) -> None:
    """Insert rows column by column; `same` are values that all of them share. A column without a value gets its default."""
    count = len(next(iter(columns.values())))
    defaults = _defaults(table, tuple(sorted({*columns, *same})))
    made = {name: [make() for _ in range(count)] for name, make in defaults}
    names = tuple(sorted({*columns, *same, *made}))
    _run(connection, _prepared_insert(table, names, connection.dialect), {**columns, **made}, same)


def update_rows(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Update the rows, each by its `id`; all name the columns that the first one names."""
    names = tuple(sorted(rows[0].keys() - {"id"}))
    given = {
        "by_id" if name == "id" else f"to_{name}": values
        for name, values in _by_column(rows, ("id", *names)).items()
    }
    _run(connection, _prepared_update(table, names, connection.dialect), given, {})


def _by_column(rows: list[Row], names: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: list(map(itemgetter(name), rows)) for name in names}


def _run(connection: Connection, made: _Prepared, columns: Columns, same: Row) -> None:
    def converted(name: str, to: Convert | None) -> Iterable[Any]:
        if name in columns:
            return to(columns[name]) if to else columns[name]
        return repeat(next(iter(to([same[name]]))) if to else same[name])

    values: list[Any] = list(zip(*map(converted, made.names, made.convert), strict=False))
    if not made.positional:
        values = [dict(zip(made.names, row, strict=True)) for row in values]
    connection.exec_driver_sql(made.text, values)


@lru_cache(maxsize=256)
def _defaults(table: Table, given: tuple[str, ...]) -> tuple[tuple[str, Callable[[], Any]], ...]:
    """The columns that no row names and that have a default in Python, with what makes it."""
    left_out = [column for column in table.columns if column.name not in given and column.default is not None]
    return tuple((column.name, _default_of(column.default)) for column in left_out)


def _default_of(default: Any) -> Callable[[], Any]:
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)


@lru_cache(maxsize=256)
def _prepared_insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Prepared:
    return _prepared(insert(table).compile(dialect=dialect, column_keys=list(names)), names)


@lru_cache(maxsize=256)
def _prepared_update(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Prepared:
    changed = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    statement = update(table).where(table.c.id == bindparam("by_id")).values(changed)
    return _prepared(statement.compile(dialect=dialect), (*(f"to_{name}" for name in names), "by_id"))


def _prepared(compiled: Any, names: tuple[str, ...]) -> _Prepared:
    order = tuple(compiled.positiontup or names)
    convert = tuple(
        _conversion(compiled._bind_processors.get(name), compiled.binds[name].type) for name in order
    )
    return _Prepared(str(compiled), order, bool(compiled.positiontup), convert)


class _Converted(dict[Any, Any]):
    """The converted form of each value of a column; each different value is converted once."""

    _REMEMBERED = 8_192  # days of twenty years

    def __init__(self, one: Callable[[Any], Any]) -> None:
        super().__init__()
        self._one = one

    def __missing__(self, value: Any) -> Any:
        made = self._one(value)
        if len(self) >= self._REMEMBERED:
            self.clear()
        self[value] = made
        return made


def _conversion(one: Callable[[Any], Any] | None, kind: Any) -> Convert | None:
    if one is None:
        return None
    if isinstance(kind, MoneyColumn):
        return lambda values: [value if type(value) is int else one(value) for value in values]
    if isinstance(kind, (Date, Code)):
        converted = _Converted(one)
        return lambda values: map(converted.__getitem__, values)
    return lambda values: map(one, values)
