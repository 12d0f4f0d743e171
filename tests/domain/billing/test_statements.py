"""Statements: STMT cases."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.billing.errors import (
    PeriodReversed,
)
from portal_app.domain.billing.statements import StatementEntry, build_statement, check_period
from portal_app.domain.billing.types import (
    EntryKind,
)
from portal_app.domain.money import Money, total


def entry(kind: EntryKind, minor: int, day: int, month: int = 3, person: str = "") -> StatementEntry:
    on = date(2026, month, day)
    return StatementEntry(kind, Money(minor), on, on, person=person)


MARCH = [
    entry(EntryKind.CHARGE, 80_00, 5),
    entry(EntryKind.PAYMENT, -150_00, 10),
    entry(EntryKind.ADJUSTMENT, -20_00, 15),
    entry(EntryKind.REFUND, 30_00, 20),
]


def test_stmt_1_and_stmt_2_running_and_closing() -> None:
    said = build_statement(Money(120_00), MARCH, Money(0))
    assert [row.running.minor for row in said.rows] == [200_00, 50_00, 30_00, 60_00]
    assert said.closing == Money(60_00)
    assert (said.charges, said.payments) == (Money(80_00), Money(-150_00))
    april = build_statement(said.closing, [], Money(0))
    assert (april.opening, april.closing, april.rows) == (Money(60_00), Money(60_00), ())


def test_stmt_5_payments_being_posted_are_a_line_of_their_own() -> None:
    said = build_statement(Money(120_00), MARCH, Money(25_00))
    assert (said.closing, said.being_posted, said.after_posting) == (Money(60_00), Money(25_00), Money(35_00))


def test_stmt_7_a_reversed_period_is_refused() -> None:
    with pytest.raises(PeriodReversed):
        check_period(date(2026, 3, 2), date(2026, 3, 1))


@given(st.lists(st.integers(-90_00, 90_00), max_size=12), st.integers(0, 12), st.integers(-50_00, 50_00))
def test_a_closing_balance_is_the_next_opening_balance(amounts: list[int], cut: int, opening: int) -> None:
    entries = [entry(EntryKind.ADJUSTMENT, minor, 1) for minor in amounts]
    first = build_statement(Money(opening), entries[:cut], Money(0))
    second = build_statement(first.closing, entries[cut:], Money(0))
    assert second.closing == build_statement(Money(opening), entries, Money(0)).closing
    assert total(p.total for p in first.people) + first.opening == first.closing
