"""What will change of a membership by itself: who starts or leaves, another amount, a pause, the end."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal_app.domain.errors import UserError
from portal_app.domain.memberships.agreed import Agreed
from portal_app.domain.memberships.periods import add_months
from portal_app.domain.money import Money

_MONTHS_AHEAD = 12  # an amount that changes later is told later


class ChangeKind(StrEnum):
    """What happens on the day of a change."""

    MEMBER_STARTS = "member_starts"
    MEMBER_ENDS = "member_ends"
    AMOUNT = "amount"
    PAUSE = "pause"
    ENDS = "ends"
    RENEWS = "renews"  # the new term was agreed on already


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `day` is its first day; for an end, the last day that is covered."""

    kind: ChangeKind
    day: date
    member_id: str = ""
    last_day: date | None = None  # of a pause or of a term
    amount: Money | None = None  # of a period from then on


def upcoming_changes(
    agreed: Agreed, today: date, next_bill: date | None, invoiced: Collection[date] = ()
) -> tuple[Change, ...]:
    """The changes that are certain today, by their day.

    Args:
        next_bill: the next bill date, None where nothing will be billed.
        invoiced: starts of the periods that have their invoice.
    """
    found = [*_of_members(agreed, today), *_of_amounts(agreed, today, next_bill, invoiced)]
    found += [
        Change(ChangeKind.PAUSE, pause.first, last_day=pause.last)
        for pause in agreed.pauses
        if pause.last >= today
    ]
    found += [
        Change(ChangeKind.RENEWS, term.first_day, last_day=term.last_day)
        for term in agreed.terms[1:]
        if term.first_day > today and (agreed.ends_on is None or term.first_day <= agreed.ends_on)
    ]
    if agreed.ends_on is not None and agreed.ends_on >= today:
        found.append(Change(ChangeKind.ENDS, agreed.ends_on))
    return tuple(sorted(found, key=lambda change: (change.day, list(ChangeKind).index(change.kind))))


def _of_members(agreed: Agreed, today: date) -> Iterator[Change]:
    for each in agreed.enrolled:
        if each.last_day is not None and each.last_day < each.first_day:  # taken back before it started
            continue
        ends = agreed.last_day
        if each.first_day > max(today, agreed.start) and (ends is None or each.first_day <= ends):
            yield Change(ChangeKind.MEMBER_STARTS, each.first_day, each.member.id)
        if each.last_day is not None and each.last_day >= today and each.last_day != agreed.ends_on:
            yield Change(ChangeKind.MEMBER_ENDS, each.last_day, each.member.id)


def _of_amounts(
    agreed: Agreed, today: date, first: date | None, invoiced: Collection[date]
) -> Iterator[Change]:
    """Each bill date from which a period costs something else than the one before it."""
    if first is None:
        return
    try:
        before = _amount_now(agreed, today)
        unbilled: list[date] = []
        for day in agreed.bill_dates(first, add_months(first, _MONTHS_AHEAD)):
            amount = agreed.price_on(day, unbilled=unbilled).amount
            if before is not None and amount != before:
                yield Change(ChangeKind.AMOUNT, day, amount=amount)
            before = amount
            if day not in invoiced:
                unbilled.append(day)
    except UserError:  # a price that cannot be told: staff have a task
        return


def _amount_now(agreed: Agreed, today: date) -> Money | None:
    """What the period that runs today costs; None before the first one."""
    day = agreed.period_of(today).first
    if day < agreed.start or today - day > timedelta(days=400) or not agreed.members_on(day):
        return None
    return agreed.price_on(day).amount
