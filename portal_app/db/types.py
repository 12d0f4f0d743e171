"""How our own types are kept in a column."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, String
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from portal_app.domain.money import Money
from portal_app.settings import settings


@lru_cache(maxsize=4096)  # money never changes, and a list says the same sums again and again
def _kept(minor: int, currency: str) -> Money:
    return Money(int(minor), currency)


class MoneyColumn(TypeDecorator[Money]):
    """Whole minor units of the installation's one currency; another currency is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | int | None, dialect: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        if value.currency != settings().currency:
            raise ValueError(f"{value.currency} in a portal that keeps {settings().currency}")
        return value.minor

    def process_result_value(self, value: int | None, dialect: Any) -> Money | None:
        # SUM() of bigint is numeric in PostgreSQL: whole all the same.
        return None if value is None else _kept(value, settings().currency)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """As above, without the steps between: every row of a list is read through it."""
        return lambda value: None if value is None else _kept(value, settings().currency)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware out, UTC between. SQLite forgets the zone; we do not."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Code(TypeDecorator[str]):
    """A StrEnum kept as its value: readable in the database, a new member needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__(40)
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else self.kind(value)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """As above, without the steps between: every row of a list is read through it."""
        known = {None: None, **{each.value: each for each in self.kind}}
        return lambda value: known[value] if value in known else self.kind(value)


def key() -> Any:
    """A row's own id. SQLModel cannot see through NewType, so we tell it: a string."""
    return Field(sa_type=String, primary_key=True)


def ref(table: str, *, index: bool = True, **options: Any) -> Any:
    """Another row's id."""
    return Field(sa_type=String, foreign_key=f"{table}.id", index=index, **options)


def money(**options: Any) -> Any:
    return Field(sa_type=MoneyColumn, **options)


def moment(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


def code(kind: Any, **options: Any) -> Any:
    return Field(sa_type=Code(kind), **options)  # type: ignore[arg-type]


def document(**options: Any) -> Any:
    return Field(sa_type=JSON, **options)
