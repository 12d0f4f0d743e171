"""A statement: opening balance, entries, closing balance (STMT cases). Days count by posting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal_app.domain.billing.errors import PeriodReversed
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.money import Money, total

PRESETS = ("this_month", "last_month", "this_year", "last_year")


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry; positive raises what is owed."""

    kind: EntryKind
    amount: Money
    posted_on: date
    happened_on: date
    text: str = ""
    person: str = ""
    parts: tuple[tuple[str, Money], ...] = ()  # whose share of it is whose; none: all of it is `person`'s


@dataclass(frozen=True, slots=True)
class Row:
    entry: Entry
    running: Money


@dataclass(frozen=True, slots=True)
class PersonSum:
    person: str
    charges: Money
    payments: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Statement:
    opening: Money
    rows: tuple[Row, ...]  # empty: the page says "Balance forward"
    charges: Money
    payments: Money
    adjustments: Money
    refunds: Money
    closing: Money
    being_posted: Money
    after_posting: Money
    people: tuple[PersonSum, ...]


def preset(name: str, today: date) -> tuple[date, date]:
    """First and last day of "this_month", "last_month", "this_year", "last_year"; what goes on ends today."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    if name == "last_month":
        return (month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)
    if name == "this_year":
        return year, today
    if name == "last_year":
        return year.replace(year=year.year - 1), year - timedelta(days=1)
    return month, today


def check_period(first: date, last: date) -> None:
    """Refused when it runs backwards (STMT-7)."""
    if first > last:
        raise PeriodReversed


def statement(opening: Money, entries: Sequence[Entry], being_posted: Money) -> Statement:
    """`entries` are those posted in the period, in order; `being_posted` is received and not posted yet."""
    running, rows = opening, []
    for entry in entries:
        running = running + entry.amount
        rows.append(Row(entry, running))

    def of(*kinds: EntryKind) -> Money:
        return total((e.amount for e in entries if e.kind in kinds), opening.currency)

    return Statement(
        opening=opening,
        rows=tuple(rows),
        charges=of(EntryKind.CHARGE),
        payments=of(EntryKind.PAYMENT),
        adjustments=of(EntryKind.ADJUSTMENT, EntryKind.REVERSAL),
        refunds=of(EntryKind.REFUND),
        closing=running,
        being_posted=being_posted,
        after_posting=running - being_posted,
        people=_people(entries, opening.currency),
    )


def _people(entries: Iterable[Entry], currency: str) -> tuple[PersonSum, ...]:
    """A subtotal per person, in order of appearance; what names nobody is its own line."""
    sums: dict[str, list[Money]] = {}
    for entry in entries:
        column = 0 if entry.kind is EntryKind.CHARGE else 1
        for person, amount in entry.parts or ((entry.person, entry.amount),):
            pair = sums.setdefault(person, [Money(0, currency), Money(0, currency)])
            pair[column] = pair[column] + amount
    return tuple(PersonSum(name, a, b, a + b) for name, (a, b) in sums.items())
