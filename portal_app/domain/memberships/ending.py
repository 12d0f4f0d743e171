"""The end of a membership or a member: the last day, and what was paid for days that are not used (MEM-6, MEM-18)."""

from datetime import date

from portal_app.domain.memberships.agreed import Agreed
from portal_app.domain.memberships.periods import ONE_DAY, BillDates, Span, add_months, months_between
from portal_app.domain.money import Money


def end_of_period(agreed: Agreed, today: date) -> date:
    """The last day of the period that runs today: what was begun is used to its end (MEM-6)."""
    return agreed.period_of(today).last


def unearned(amount: Money, period: Span, last_day: date) -> Money:
    """The part of a period's amount for the days after `last_day`, rounded half up to the minor unit (MEM-18).

    Zero when the last day is the period's or later; everything when it lies before the period.
    """
    unused = min(max((period.last - last_day).days, 0), period.days)
    return Money((2 * amount.minor * unused + period.days) // (2 * period.days), amount.currency)


def moved_by_periods(dates: BillDates, end: date, periods: int) -> date:
    """A contract's end, the eve of a bill date, moved by whole periods; an imported end, of no bill date, by months."""
    following = end + ONE_DAY
    months = months_between(dates.anchor, following) + periods * dates.period.months
    if add_months(dates.anchor, months_between(dates.anchor, following)) == following:
        return add_months(dates.anchor, months) - ONE_DAY
    return add_months(following, periods * dates.period.months) - ONE_DAY


def periods_skipped(agreed: Agreed, pause: Span) -> int:
    """How many bill dates a pause skips. Each moves the contract's end, so that the next in the pause counts too."""
    term = agreed.term_on(pause.first)
    dates, end, skipped = agreed.bill_dates_of(term), term.last_day, 0
    for bill_date in dates.between(pause.first, pause.last):
        if end is not None and bill_date > moved_by_periods(dates, end, skipped):
            break
        skipped += 1
    return skipped


def contract_end_after_pause(agreed: Agreed, pause: Span) -> date | None:
    """The contract's new end: as many periods later as the pause skips bill dates; None without a contract."""
    term = agreed.term_on(pause.first)
    if term.last_day is None:
        return None
    return moved_by_periods(agreed.bill_dates_of(term), term.last_day, periods_skipped(agreed, pause))
