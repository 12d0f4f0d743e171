"""A membership as the rules see it: its terms, members, pauses and end; what it costs on which day."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.periods import ONE_DAY, BillDates, Span, add_months, months_between
from portal_app.domain.memberships.prices import Member, PeriodPrice, PriceVersion, price_period
from portal_app.domain.memberships.types import Period, PriceAudience

# No membership is billed further ahead than this; a search for a bill date ends here.
_YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What of a plan the price of a membership depends on. `versions` are all of the plan's, in any order."""

    id: str
    period: Period
    versions: tuple[PriceVersion, ...] = ()
    keeps_price_in_term: bool = True  # a running contract keeps its price until it ends


@dataclass(frozen=True, slots=True)
class Term:
    """One contract period, or the time without a contract (`last_day` None), at the price it was agreed at."""

    id: str
    first_day: date
    last_day: date | None
    plan: PlanTerms
    price: PriceVersion
    anchor: date | None = None  # of its bill dates; None: the membership's (the bill day was not moved)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One member, from `first_day` to `last_day`, both included."""

    member: Member
    first_day: date
    last_day: date | None = None

    def on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon on a membership, from the period that begins on `first_period`; `used` periods had it so far."""

    coupon: Coupon
    first_period: date
    used: int = 0


@dataclass(frozen=True, slots=True)
class Agreed:
    """A membership: `terms` by their first day, at least one. `ends_on` is the last day, where an end is decided."""

    anchor: date
    start: date
    terms: tuple[Term, ...]
    enrolled: tuple[Enrolled, ...] = ()
    pauses: tuple[Span, ...] = ()
    coupons: tuple[HeldCoupon, ...] = ()
    ends_on: date | None = None

    def term_on(self, day: date) -> Term:
        """The term that `day` falls in; before the first one the first, after the last one the last."""
        begun = [term for term in self.terms if term.first_day <= day]
        return begun[-1] if begun else self.terms[0]

    @property
    def last_day(self) -> date | None:
        """The last day it covers as things stand: the decided end or the end of the last contract; None: none."""
        ends = [day for day in (self.ends_on, self.terms[-1].last_day) if day is not None]
        return min(ends, default=None)

    def bill_dates_of(self, term: Term) -> BillDates:
        """The bill dates of a term: those of the anchor, as long as the plan's period is the first term's.

        A term with another period, which begins on a bill date, counts from that day and keeps the anchor's day
        of the month.
        """
        shift, anchor, period = 0, self.terms[0].anchor or self.anchor, self.terms[0].plan.period
        for each in self.terms:
            if (each.anchor or self.anchor) != anchor:  # the bill day was moved
                shift, anchor, period = 0, each.anchor or self.anchor, each.plan.period
            elif each.plan.period is not period:
                period = each.plan.period
                shift = months_between(anchor, each.first_day)
                if add_months(anchor, shift) != each.first_day:  # begins on no bill date
                    shift = 0
            if each is term:
                break
        return BillDates(anchor, period, shift)

    def bill_dates(self, first: date, last: date) -> Iterator[date]:
        """The bill dates from `first` to `last` on which it is billed: not before its start, in a pause or after its end."""
        end = min(last, self.last_day or last)
        day = max(first, self.start)
        while day <= end:
            term = self.term_on(day)
            day = self.bill_dates_of(term).on_or_after(day)
            if self.term_on(day) is not term:  # the next term has bill dates of its own
                day = self.term_on(day).first_day
                continue
            if day <= end and not any(day in pause for pause in self.pauses):
                yield day
            day += ONE_DAY

    def period_of(self, bill_date: date) -> Span:
        """The period that begins on a bill date."""
        return self.bill_dates_of(self.term_on(bill_date)).period_of(bill_date)

    def next_bill_date(self, today: date, invoiced: Collection[date] = ()) -> date | None:
        """The first bill date after today, or today while today's invoice is not made; None: nothing will be billed.

        `invoiced` are the starts of the periods that have their invoice. An invoice made ahead does not move it.
        """
        first = today + ONE_DAY if today in invoiced else today
        return next(self.bill_dates(first, add_months(first, 12 * _YEARS_AHEAD)), None)

    def price_version_on(self, day: date) -> PriceVersion:
        """The price version that the period beginning on `day` is billed at (PRICE-5, REN-8).

        The term's own, unless a later version is for everybody, has begun, and the term may change its price.
        """
        term = self.term_on(day)
        if term.last_day is not None and term.plan.keeps_price_in_term:
            return term.price
        later = [
            version
            for version in term.plan.versions
            if version.audience is PriceAudience.EVERYBODY
            and max(term.first_day, term.price.first_day) < version.first_day <= day
        ]
        return max(later, key=lambda version: version.first_day, default=term.price)

    def members_on(self, day: date) -> list[Member]:
        return [each.member for each in self.enrolled if each.on(day)]

    def coupons_on(self, bill_date: date, unbilled: Collection[date] = ()) -> list[Coupon]:
        """The coupons that lower the period beginning on `bill_date`, as long as they have periods left.

        Args:
            unbilled: earlier bill dates without an invoice: each will use up one period of a coupon.
        """
        holding: list[Coupon] = []
        for held in self.coupons:
            if bill_date < held.first_period:
                continue
            used = held.used + sum(held.first_period <= day < bill_date for day in unbilled)
            if held.coupon.periods is None or used < held.coupon.periods:
                holding.append(held.coupon)
        return holding

    def price_on(
        self, bill_date: date, *, without_coupons: bool = False, unbilled: Collection[date] = ()
    ) -> PeriodPrice:
        """The price of the period that begins on `bill_date`; `unbilled` as in `coupons_on`.

        Raises: NobodyEnrolled, BirthDateMissing, NoBandForAge.
        """
        coupons = [] if without_coupons else self.coupons_on(bill_date, unbilled)
        return price_period(self.members_on(bill_date), self.price_version_on(bill_date), bill_date, coupons)


def price_for_new(versions: Collection[PriceVersion], today: date) -> PriceVersion | None:
    """The price of a new membership or term on `today`: the version that began last; None when none has begun."""
    begun = [version for version in versions if version.first_day <= today]
    return max(begun, key=lambda version: version.first_day, default=None)
