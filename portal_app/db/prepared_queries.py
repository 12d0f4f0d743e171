"""A question that is a constant of its module, made ready once: its SQL, how values go in, how they come out.

Narrowing, compiling and binding cost several times what the database takes for twenty rows of an index.
Here they are done when a question is first asked in one shape (how many accounts, how many bills), and
remembered. What is remembered is SQLAlchemy's own narrowed statement; nothing is written by hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError


class _Plan(NamedTuple):
    sql: str
    # One for each place: the value's name, its number within a list or None, what prepares it for the driver.
    places: tuple[tuple[str, str, int | None, Any], ...]
    by_position: bool


class Prepared:
    """One narrowed question on one kind of database."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        self._made = statement.compile(dialect=dialect)
        self._lists = tuple(sorted(n for p, n in self._made.bind_names.items() if p.expanding))
        self._constants = {
            name: each.value
            for each, name in self._made.bind_names.items()
            if not each.required and each.callable is None
        }
        processors = (
            each.type._cached_result_processor(dialect, None) for each in self._made._result_columns
        )
        self._out = tuple((at, to) for at, to in enumerate(processors) if to is not None)
        self._trouble: Any = getattr(dialect.dbapi, "Error")  # noqa: B009  (a driver is a module)
        self._plans: dict[tuple[int, ...], _Plan] = {}

    @property
    def asks_for(self) -> frozenset[str]:
        """The names of the values it needs."""
        return frozenset(self._made.bind_names.values()) - self._constants.keys()

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows. KeyError when a value is missing."""
        values = {**self._constants, **values}
        shape = tuple(len(values[name]) for name in self._lists)
        plan = self._plans.get(shape) or self._planned(shape, values)
        given = (
            (
                name,
                (values[source] if at is None else values[source][at])
                if to is None
                else to(values[source] if at is None else values[source][at]),
            )
            for name, source, at, to in plan.places
        )
        parameters: Any = tuple(value for _, value in given) if plan.by_position else dict(given)
        rows = self._fetched(connection, plan.sql, parameters)
        if not rows or not self._out:
            return [tuple(row) for row in rows]
        by_column: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for at, to in self._out:
            by_column[at] = map(to, by_column[at])
        return list(zip(*by_column, strict=True))

    def _fetched(self, connection: Connection, sql: str, parameters: Any) -> Sequence[Any]:
        """From the driver itself; its troubles are SQLAlchemy's, without the values."""
        try:
            cursor = connection.connection.cursor()
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
            cursor.close()
        except self._trouble as trouble:
            raise DBAPIError.instance(sql, None, trouble, self._trouble, hide_parameters=True) from trouble
        return rows

    def _planned(self, shape: tuple[int, ...], values: Mapping[str, Any]) -> _Plan:
        state = self._made.construct_expanded_state(dict(values))
        origin: dict[str, tuple[str, int | None]] = {
            part: (name, at)
            for name, parts in state.parameter_expansion.items()
            for at, part in enumerate(parts)
        }
        ready = {**self._made._bind_processors, **state.processors}
        names = state.positiontup if self._made.positional else tuple(state.parameters)
        whence = ((name, origin.get(name, (name, None))) for name in names or ())
        places = tuple((name, source, at, ready.get(name)) for name, (source, at) in whence)
        plan = self._plans[shape] = _Plan(state.statement, places, bool(self._made.positional))
        return plan
