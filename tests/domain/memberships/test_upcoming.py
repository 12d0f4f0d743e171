"""What is scheduled on a membership: members, amounts, pauses, ends; and coupons of periods that lie ahead."""

from dataclasses import replace
from datetime import date

from portal_app.domain.memberships.agreed import Agreed, Enrolled, HeldCoupon, PlanTerms, Term
from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.prices import Band, Member, PriceVersion
from portal_app.domain.memberships.types import Period, PriceAudience
from portal_app.domain.memberships.upcoming import ChangeKind, upcoming_changes
from portal_app.domain.money import Money

START, TODAY = date(2026, 1, 15), date(2026, 3, 3)
BANDS = (Band("child", 18, Money(30_00)), Band("adult", None, Money(80_00)))
PRICE = PriceVersion("p1", date(2020, 1, 1), BANDS)
PLAN = PlanTerms("pln", Period.MONTH, (PRICE,))
ANA = Enrolled(Member("ana", "Ana", date(1985, 3, 1)), START)
CARA = Enrolled(Member("cara", "Cara", date(2018, 3, 1)), date(2026, 3, 15))
PLAIN = Agreed(START, START, (Term("t", START, None, PLAN, PRICE),), (ANA,))


def told(agreed: Agreed, today: date = TODAY) -> list[tuple[ChangeKind, date, int]]:
    found = upcoming_changes(agreed, today, agreed.next_bill_date(today))
    return [(change.kind, change.day, change.amount.minor if change.amount else 0) for change in found]


def test_nothing_is_scheduled_on_a_plain_membership():
    assert told(PLAIN) == []


def test_mem_1_a_member_who_starts_and_the_new_amount():
    assert told(replace(PLAIN, enrolled=(ANA, CARA))) == [
        (ChangeKind.MEMBER_STARTS, date(2026, 3, 15), 0),
        (ChangeKind.AMOUNT, date(2026, 3, 15), 110_00),
    ]


def test_a_member_who_leaves_and_one_who_was_taken_back():
    leaving = replace(CARA, first_day=START, last_day=date(2026, 4, 14))
    gone = replace(CARA, last_day=date(2026, 3, 10))
    assert told(replace(PLAIN, enrolled=(ANA, leaving, gone))) == [
        (ChangeKind.MEMBER_ENDS, date(2026, 4, 14), 0),
        (ChangeKind.AMOUNT, date(2026, 4, 15), 80_00),
    ]


def test_price_5_a_new_price_for_everybody():
    bands = (Band("adult", None, Money(90_00)),)
    raised = PriceVersion("p2", date(2026, 5, 1), bands, None, PriceAudience.EVERYBODY)
    plan = replace(PLAN, versions=(PRICE, raised))
    assert told(replace(PLAIN, terms=(Term("t", START, None, plan, PRICE),))) == [
        (ChangeKind.AMOUNT, date(2026, 5, 15), 90_00)
    ]


def test_a_birthday_into_another_band_raises_the_amount():
    nearly = Enrolled(Member("kai", "Kai", date(2008, 6, 15)), START)
    assert told(replace(PLAIN, enrolled=(ANA, nearly))) == [(ChangeKind.AMOUNT, date(2026, 6, 15), 160_00)]


def test_the_end_of_a_coupon_counts_the_periods_that_lie_ahead():
    coupon = Coupon("c", "TWO", percent=50, periods=3)
    held = replace(PLAIN, coupons=(HeldCoupon(coupon, START, used=2),))
    assert told(held) == [(ChangeKind.AMOUNT, date(2026, 4, 15), 80_00)]
    assert [c.code for c in held.coupons_on(date(2026, 3, 15))] == ["TWO"]
    assert held.coupons_on(date(2026, 4, 15), [date(2026, 3, 15)]) == []


def test_mem_6_an_end_ends_the_amounts_too():
    raised = replace(PLAIN, enrolled=(ANA, replace(CARA, first_day=date(2026, 4, 15))))
    assert told(replace(raised, ends_on=date(2026, 4, 14))) == [(ChangeKind.ENDS, date(2026, 4, 14), 0)]


def test_a_pause_and_a_term_that_was_renewed():
    terms = (
        Term("t", START, date(2026, 6, 14), PLAN, PRICE),
        Term("u", date(2026, 6, 15), date(2027, 6, 14), PLAN, PRICE),
    )
    pause = Span(date(2026, 4, 1), date(2026, 4, 30))
    assert told(replace(PLAIN, terms=terms, pauses=(pause,))) == [
        (ChangeKind.PAUSE, date(2026, 4, 1), 0),
        (ChangeKind.RENEWS, date(2026, 6, 15), 0),
    ]
    assert told(replace(PLAIN, terms=terms, ends_on=date(2026, 6, 14))) == [
        (ChangeKind.ENDS, date(2026, 6, 14), 0)
    ]
