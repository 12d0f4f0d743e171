"""Periods and bill dates: every one is the anchor plus n months, never the last one plus a month (MEM-9, BILL-1)."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal_app.domain.memberships.types import Period

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def add_months(day: date, months: int) -> date:
    """`day` moved by whole months; the last day of the month where the month has no such day (31 Jan + 1: 28 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(first: date, second: date) -> int:
    """Difference of the two months in the calendar, days left out: 31 Jan to 1 Mar is 2."""
    return (second.year - first.year) * 12 + second.month - first.month


@dataclass(frozen=True, slots=True)
class BillDates:
    """The bill dates `anchor` + (`shift` + n × the period's months) for every whole n, also before the anchor.

    `shift` (months) is 0 but for a plan with a longer period that was taken up between: the anchor's day of the
    month stays (31 Jan), its month does not.
    """

    anchor: date
    period: Period
    shift: int = 0

    def nth(self, n: int) -> date:
        return add_months(self.anchor, self.shift + n * self.period.months)

    def on_or_after(self, day: date) -> date:
        """The first bill date that is `day` or later."""
        n = (months_between(self.anchor, day) - self.shift) // self.period.months
        while self.nth(n) < day:
            n += 1
        return self.nth(n)

    def after(self, day: date) -> date:
        """The first bill date later than `day`."""
        return self.on_or_after(day + ONE_DAY)

    def includes(self, day: date) -> bool:
        return self.on_or_after(day) == day

    def period_of(self, day: date) -> Span:
        """The period that `day` lies in; it ends the day before the next begins."""
        following = self.after(day)
        n = (months_between(self.anchor, following) - self.shift) // self.period.months
        return Span(self.nth(n - 1), following - ONE_DAY)

    def between(self, first: date, last: date) -> Iterator[date]:
        """The bill dates from `first` to `last`, both included."""
        day = self.on_or_after(first)
        while day <= last:
            yield day
            day = self.after(day)


def term_of(first: date, contract_months: int, anchor: date) -> Span:
    """The contract period that begins on `first`, a bill date of the anchor: it ends on the eve of a bill date.

    Where `first` is no bill date (an imported contract), it is counted from `first` itself.
    """
    from_anchor = months_between(anchor, first)
    if add_months(anchor, from_anchor) == first:
        return Span(first, add_months(anchor, from_anchor + contract_months) - ONE_DAY)
    return Span(first, add_months(first, contract_months) - ONE_DAY)
