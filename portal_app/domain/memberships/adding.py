"""Adding a member: when they start and what a period costs before and after (MEM, PRICE-1 and PRICE-2)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from portal_app.domain.memberships.agreed import Agreed, Enrolled
from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.errors import NobodyEnrolled
from portal_app.domain.memberships.prices import Member, PeriodPrice, price_period
from portal_app.domain.money import Money


class Relationship(StrEnum):
    """What a new member is to the membership's owner. It opens nothing: staff read it."""

    CHILD = "child"
    PARTNER = "partner"
    PARENT = "parent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What the period that begins on the new member's first day costs without and with them."""

    before: PeriodPrice | None  # None: nobody else is a member on that day
    after: PeriodPrice

    @property
    def amount_before(self) -> Money:
        return self.before.amount if self.before else self.after.amount.zero()

    @property
    def is_capped(self) -> bool:
        """The family cap takes the whole price of the new member: nothing changes (PRICE-2)."""
        return bool(self.after.saved_by_cap) and self.after.amount == self.amount_before


ANSWER_WITHIN = timedelta(days=30)  # of an adult who is asked to join


def last_day_to_answer(asked_on: date) -> date:
    """Until when an adult who was asked to join on that day can answer."""
    return asked_on + ANSWER_WITHIN


def with_member(agreed: Agreed, member: Member, first_day: date) -> Agreed:
    """The membership with one more member from `first_day` on."""
    return replace(agreed, enrolled=(*agreed.enrolled, Enrolled(member, first_day)))


def without_member(agreed: Agreed, member_id: str, last_day: date) -> Agreed:
    """The membership where that member ends with `last_day`."""
    return replace(
        agreed,
        enrolled=tuple(
            replace(each, last_day=last_day) if each.member.id == member_id else each
            for each in agreed.enrolled
        ),
    )


def price_change(agreed: Agreed, member: Member, first_day: date) -> PriceChange:
    """What `member` changes about the period that begins on `first_day`.

    Raises: BirthDateMissing, NoBandForAge.
    """
    try:
        before = agreed.price_on(first_day)
    except NobodyEnrolled:
        before = None
    return PriceChange(before, with_member(agreed, member, first_day).price_on(first_day))


def price_with_coupons(agreed: Agreed, bill_date: date, coupons: Collection[Coupon]) -> PeriodPrice:
    """The price of a period that has its invoice already, with the coupons that this invoice used up.

    Raises: NobodyEnrolled, BirthDateMissing, NoBandForAge.
    """
    return price_period(
        agreed.members_on(bill_date), agreed.price_version_on(bill_date), bill_date, tuple(coupons)
    )


def difference(amount: Money, invoiced: Money) -> Money:
    """What is still to be invoiced of a period: its new amount less what was invoiced for it, never below zero."""
    return max(amount - invoiced, amount.zero())
