"""When a renewal is offered and announced; when a failed charge is tried again (REN, AUTO cases)."""

from datetime import date, timedelta

import pytest

from portal_app.domain.memberships.autopay import (
    AfterFailure,
    Try,
    after_failure,
    amount_to_charge,
    next_try_day,
    retry_days,
    try_due,
)
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.renewal import announcement_due, is_expired, is_offered, next_term
from portal_app.domain.money import Money

END = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("today", "offered"),
    [(date(2026, 3, 31), False), (date(2026, 4, 1), True), (END, True), (date(2026, 7, 1), False)],
)
def test_ren_1_a_renewal_is_offered_in_the_last_90_days(today: date, offered: bool):
    assert is_offered(END, today) is offered
    assert is_expired(END, today) is (today > END)
    assert not is_offered(None, today)


def test_price_4_90_days_are_offered_and_91_are_not():
    today = date(2026, 6, 10)
    assert is_offered(date(2026, 9, 8), today)
    assert not is_offered(date(2026, 9, 9), today)


def test_ren_2_the_new_term_begins_the_day_after():
    assert next_term(END, 12, date(2025, 7, 1)) == Span(date(2026, 7, 1), date(2027, 6, 30))


def test_ren_7_an_automatic_renewal_is_told_30_and_14_days_before():
    told = [
        day
        for day in (date(2026, 5, 1) + timedelta(n) for n in range(70))
        if announcement_due(END, day, frozenset()) is not None
    ]
    assert told[0] == date(2026, 5, 31)
    assert announcement_due(END, date(2026, 5, 31), frozenset()) == 30
    assert announcement_due(END, date(2026, 6, 15), frozenset({30})) is None
    assert announcement_due(END, date(2026, 6, 16), frozenset({30})) == 14
    assert (
        announcement_due(END, date(2026, 6, 20), frozenset()) == 14
    )  # the first was missed: only the latest
    assert announcement_due(END, date(2026, 7, 1), frozenset()) is None


FAILED = date(2026, 3, 15)


def test_auto_1_tries_follow_1_3_and_7_days_after_the_first_failure():
    assert retry_days(FAILED) == (date(2026, 3, 16), date(2026, 3, 18), date(2026, 3, 22))
    assert try_due(FAILED, 0, FAILED) is None
    assert try_due(FAILED, 0, date(2026, 3, 16)) == Try(1, date(2026, 3, 16))
    assert try_due(FAILED, 1, date(2026, 3, 17)) is None
    assert try_due(FAILED, 3, date(2026, 4, 1)) is None
    assert next_try_day(FAILED, 0, FAILED) == date(2026, 3, 16)
    assert next_try_day(FAILED, 3, date(2026, 3, 23)) is None


def test_auto_6_missed_tries_are_one_try():
    assert try_due(FAILED, 0, date(2026, 3, 20)) == Try(2, date(2026, 3, 18))
    assert try_due(FAILED, 2, date(2026, 3, 20)) is None
    assert next_try_day(FAILED, 2, date(2026, 3, 20)) == date(2026, 3, 22)


@pytest.mark.parametrize(
    ("code", "after"),
    [
        ("insufficient_funds", AfterFailure.RETRY),
        ("lost_card", AfterFailure.NEW_CARD_NEEDED),  # AUTO-2
        ("stolen_card", AfterFailure.NEW_CARD_NEEDED),
        ("authentication_required", AfterFailure.PAYER_MUST_CONFIRM),  # AUTO-3
        ("", AfterFailure.RETRY),
    ],
)
def test_auto_2_and_3_the_decline_says_what_follows(code: str, after: AfterFailure):
    assert after_failure(code) is after


def test_a_charge_is_at_most_what_was_announced_and_credit_pays_first():
    assert amount_to_charge(Money(140_00), Money(110_00), Money(0)) == Money(110_00)
    assert amount_to_charge(Money(60_00), Money(110_00), Money(0)) == Money(60_00)  # AUTO-4
    assert amount_to_charge(Money(110_00), Money(110_00), Money(30_00)) == Money(80_00)
    assert amount_to_charge(Money(10_00), Money(110_00), Money(30_00)) == Money(0)
