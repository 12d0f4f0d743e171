"""Prepared queries: a query that is a constant of its module is compiled once and then run by the driver.

Narrowing, compiling and binding cost several times what the database takes for twenty rows of an index. They
are done the first time a query runs with lists of given lengths (accounts, invoices) and then cached. The SQL is
SQLAlchemy's own, of the narrowed statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError


class _Parameter(NamedTuple):
    """One parameter of the SQL, and the value that it takes."""

    name: str
    source: str  # name of the value
    position: int | None  # within that value, if it is a list
    to_driver: Any  # converts it for the driver; None where nothing is to be done


class _Plan(NamedTuple):
    """The SQL for lists of given lengths."""

    sql: str
    parameters: tuple[_Parameter, ...]
    by_position: bool


class PreparedQuery:
    """One narrowed query on one kind of database."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        self._compiled = statement.compile(dialect=dialect)
        self._list_names = tuple(sorted(n for p, n in self._compiled.bind_names.items() if p.expanding))
        self._constants = {
            name: each.value
            for each, name in self._compiled.bind_names.items()
            if not each.required and each.callable is None
        }
        processors = (
            each.type._cached_result_processor(dialect, None) for each in self._compiled._result_columns
        )
        self._from_driver = tuple((at, to) for at, to in enumerate(processors) if to is not None)
        self._driver_error: Any = getattr(dialect.dbapi, "Error")  # noqa: B009  (a driver is a module)
        self._plans: dict[tuple[int, ...], _Plan] = {}

    @property
    def value_names(self) -> frozenset[str]:
        """The names of the values that `run` needs."""
        return frozenset(self._compiled.bind_names.values()) - self._constants.keys()

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run the query and return its rows. Raises KeyError when a value is missing."""
        values = {**self._constants, **values}
        lengths = tuple(len(values[name]) for name in self._list_names)
        plan = self._plans.get(lengths) or self._plan(lengths, values)
        given = (
            (
                name,
                (values[source] if at is None else values[source][at])
                if to_driver is None
                else to_driver(values[source] if at is None else values[source][at]),
            )
            for name, source, at, to_driver in plan.parameters
        )
        parameters: Any = tuple(value for _, value in given) if plan.by_position else dict(given)
        rows = self._fetch(connection, plan.sql, parameters)
        if not rows or not self._from_driver:
            return [tuple(row) for row in rows]
        by_column: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for at, to in self._from_driver:
            by_column[at] = map(to, by_column[at])
        return list(zip(*by_column, strict=True))

    def _fetch(self, connection: Connection, sql: str, parameters: Any) -> Sequence[Any]:
        """Run the SQL on the driver. Its errors are raised as SQLAlchemy's, without the values."""
        try:
            cursor = connection.connection.cursor()
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
            cursor.close()
        except self._driver_error as error:
            raise DBAPIError.instance(sql, None, error, self._driver_error, hide_parameters=True) from error
        return rows

    def _plan(self, lengths: tuple[int, ...], values: Mapping[str, Any]) -> _Plan:
        expanded = self._compiled.construct_expanded_state(dict(values))
        origin: dict[str, tuple[str, int | None]] = {
            part: (name, at)
            for name, parts in expanded.parameter_expansion.items()
            for at, part in enumerate(parts)
        }
        processors = {**self._compiled._bind_processors, **expanded.processors}
        names = expanded.positiontup if self._compiled.positional else tuple(expanded.parameters)
        parameters = tuple(
            _Parameter(name, *origin.get(name, (name, None)), processors.get(name)) for name in names or ()
        )
        plan = self._plans[lengths] = _Plan(expanded.statement, parameters, bool(self._compiled.positional))
        return plan
