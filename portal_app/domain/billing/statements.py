"""A statement: opening balance, entries, closing balance (STMT cases). An entry counts on the day it was posted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal_app.domain.billing.errors import PeriodReversed
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.money import Money, total

PRESETS = ("this_month", "last_month", "this_year", "last_year")


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One ledger entry. A positive amount raises what the account owes."""

    kind: EntryKind
    amount: Money
    posted_on: date
    happened_on: date
    text: str = ""
    person: str = ""
    parts: tuple[tuple[str, Money], ...] = ()  # each person's share; empty: all of it is `person`'s


@dataclass(frozen=True, slots=True)
class RunningEntry:
    """An entry with the balance after it."""

    entry: StatementEntry
    running: Money


@dataclass(frozen=True, slots=True)
class PersonSubtotal:
    """What was charged for one person and paid for them; "" is what belongs to nobody."""

    person: str
    charges: Money
    payments: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """The account over a period; payments are negative."""

    opening: Money
    rows: tuple[RunningEntry, ...]  # empty: the page says "Balance forward"
    charges: Money
    payments: Money
    adjustments: Money
    refunds: Money
    closing: Money
    being_posted: Money  # received by the last day and not in the ledger yet (STMT-5)
    after_posting: Money
    people: tuple[PersonSubtotal, ...]


def preset_period(name: str, today: date) -> tuple[date, date]:
    """First and last day of a period of PRESETS; the current month and year end today."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    if name == "last_month":
        return (month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)
    if name == "this_year":
        return year, today
    if name == "last_year":
        return year.replace(year=year.year - 1), year - timedelta(days=1)
    return month, today


def check_period(first: date, last: date) -> None:
    """Refuse a period whose first day lies after its last (STMT-7).

    Raises: PeriodReversed.
    """
    if first > last:
        raise PeriodReversed


def build_statement(opening: Money, entries: Sequence[StatementEntry], being_posted: Money) -> Statement:
    """Add up a period. `entries` are those posted in it, in order; `being_posted` is received and not posted yet."""
    running = opening
    rows: list[RunningEntry] = []
    for entry in entries:
        running = running + entry.amount
        rows.append(RunningEntry(entry, running))

    def sum_of(*kinds: EntryKind) -> Money:
        return total((e.amount for e in entries if e.kind in kinds), opening.currency)

    return Statement(
        opening=opening,
        rows=tuple(rows),
        charges=sum_of(EntryKind.CHARGE),
        payments=sum_of(EntryKind.PAYMENT),
        adjustments=sum_of(EntryKind.ADJUSTMENT, EntryKind.REVERSAL),
        refunds=sum_of(EntryKind.REFUND),
        closing=running,
        being_posted=being_posted,
        after_posting=running - being_posted,
        people=_subtotals(entries, opening.currency),
    )


def _subtotals(entries: Iterable[StatementEntry], currency: str) -> tuple[PersonSubtotal, ...]:
    """A subtotal for each person, in order of appearance; what belongs to nobody is a line of its own."""
    sums: dict[str, list[Money]] = {}
    for entry in entries:
        column = 0 if entry.kind is EntryKind.CHARGE else 1  # charges, or payments and the rest
        for person, amount in entry.parts or ((entry.person, entry.amount),):
            pair = sums.setdefault(person, [Money(0, currency), Money(0, currency)])
            pair[column] = pair[column] + amount
    return tuple(
        PersonSubtotal(name, charged, paid, charged + paid) for name, (charged, paid) in sums.items()
    )
