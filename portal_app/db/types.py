"""Column types for our own types, and the functions that declare columns of tables."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, String
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from portal_app.domain.money import Money
from portal_app.settings import settings


@lru_cache(maxsize=4096)  # immutable, and a list repeats the same sums
def _money(minor: int, currency: str) -> Money:
    return Money(int(minor), currency)


class MoneyColumn(TypeDecorator[Money]):
    """Money as whole minor units of the installation's currency. Raises ValueError for another currency."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | int | None, dialect: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        if value.currency != settings().currency:
            raise ValueError(f"{value.currency} in a portal that keeps {settings().currency}")
        return value.minor

    def bind_processor(self, dialect: Any) -> Any:
        """As `process_bind_param`, with less overhead: an import binds a million amounts."""
        kept = settings().currency
        return lambda value: (
            value.minor
            if type(value) is Money and value.currency == kept
            else self.process_bind_param(value, dialect)
        )

    def process_result_value(self, value: int | None, dialect: Any) -> Money | None:
        # SUM() of bigint is numeric in PostgreSQL, a whole number all the same.
        return None if value is None else _money(value, settings().currency)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """As `process_result_value`, with less overhead: every row of a list passes through it."""
        return lambda value: None if value is None else _money(value, settings().currency)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC without its zone (SQLite has none). Raises ValueError for a naive one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def bind_processor(self, dialect: Any) -> Any:
        """As `process_bind_param` and SQLAlchemy's own after it, with less overhead."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def text_of(value: datetime | None) -> str | None:
            if value is not None and value.tzinfo is UTC:
                return value.isoformat(" ", "microseconds")[:-6]  # without "+00:00"
            plain = self.process_bind_param(value, dialect)
            return None if plain is None else plain.isoformat(" ", "microseconds")

        return text_of

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Code(TypeDecorator[str]):
    """A StrEnum stored as its value: readable in the database, and a new member needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__(40)
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else self.kind(value).value

    def bind_processor(self, dialect: Any) -> Any:
        """As `process_bind_param`, with less overhead."""
        known = {None: None, **{each: each.value for each in self.kind}}
        return lambda value: known[value] if value in known else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else self.kind(value)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """As `process_result_value`, with less overhead: every row of a list passes through it."""
        known = {None: None, **{each.value: each for each in self.kind}}
        return lambda value: known[value] if value in known else self.kind(value)


def key() -> Any:
    """The column of a row's own id. A string, which SQLModel cannot tell from a NewType."""
    return Field(sa_type=String, primary_key=True)


def ref(table: str, *, index: bool = True, **options: Any) -> Any:
    """A column with the id of a row of `table`."""
    return Field(sa_type=String, foreign_key=f"{table}.id", index=index, **options)


def money(**options: Any) -> Any:
    """A column of Money."""
    return Field(sa_type=MoneyColumn, **options)


def moment(**options: Any) -> Any:
    """A column of an aware datetime."""
    return Field(sa_type=UtcDateTime, **options)


def code(kind: Any, **options: Any) -> Any:
    """A column of a StrEnum."""
    return Field(sa_type=Code(kind), **options)  # type: ignore[arg-type]


def document(**options: Any) -> Any:
    """A column of JSON."""
    return Field(sa_type=JSON, **options)
