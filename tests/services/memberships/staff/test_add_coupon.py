"""A coupon for a membership that runs already: from the first period without an invoice."""

from datetime import date

import pytest

from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.types import EventKind
from portal_app.domain.money import Money
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon, take_up_coupon
from portal_app.services.memberships.plans.errors import CouponHeldAlready, CouponUnknown
from portal_app.services.memberships.staff import errors
from portal_app.services.memberships.staff.add_coupon import add_coupon, preview_add_coupon
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA, People
from tests.services.memberships.staff.helper import at, billed, events_of, run

MARCH_15, APRIL_15, MAY_15 = date(2026, 3, 15), date(2026, 4, 15), date(2026, 5, 15)


@pytest.fixture(autouse=True)
def membership(sample_people: People) -> MembershipId:
    """110.00 monthly, billed on 15 March, and a coupon of 10 % for one period, for one membership."""
    made = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=MARCH_15)
    run(MARCH_15)
    create_coupon(People.nora, new_id("cpn"), NewCoupon("SPRING", percent=10, periods=1, uses_at_most=1))
    return made


def test_it_lowers_the_next_period_and_not_the_one_that_is_billed(db: str, membership: MembershipId):
    with at(date(2026, 3, 20)):
        seen = preview_add_coupon(People.nora, membership, " spring ")
        assert (seen.code, seen.first_period) == ("SPRING", APRIL_15)
        assert (seen.before, seen.after) == (Money(110_00), Money(99_00))
        add_coupon(People.nora, membership, "SPRING", shown=seen.after)
    run(APRIL_15, MAY_15)
    assert billed(membership) == [(MARCH_15, 110_00), (APRIL_15, 99_00), (MAY_15, 110_00)]
    assert EventKind.COUPON_ADDED in events_of(membership)


def test_what_does_not_hold_is_refused_and_nothing_is_written(db: str, membership: MembershipId):
    with at(date(2026, 3, 20)):
        with pytest.raises(CouponUnknown):
            preview_add_coupon(People.nora, membership, "NOPE")
        with pytest.raises(errors.StaleAmount):
            add_coupon(People.nora, membership, "SPRING", shown=Money(110_00))
        for who in (People.dana, People.maria):
            with pytest.raises(PermissionDenied):
                add_coupon(who, membership, "SPRING", shown=Money(99_00))
        add_coupon(People.nora, membership, "SPRING", shown=Money(99_00))
        with pytest.raises(CouponUnknown):  # its only use is taken, by this membership
            add_coupon(People.nora, membership, "SPRING", shown=Money(99_00))
        with pytest.raises(CouponUnknown):  # its only use is taken
            add_coupon(People.nora, add_other(), "SPRING", shown=Money(72_00))


def test_a_coupon_is_on_a_membership_once_though_two_add_it_at_the_same_time(
    db: str, membership: MembershipId
):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("OFTEN", percent=5, periods=1))
    with at(date(2026, 3, 20)):
        with transaction(system_principal("test")) as tx:
            take_up_coupon(tx, tx.get_or_404(Membership, membership), "OFTEN", APRIL_15)
        with transaction(system_principal("test")) as tx, pytest.raises(CouponHeldAlready):
            # As one who has looked before the first was done.
            take_up_coupon(tx, tx.get_or_404(Membership, membership), "OFTEN", APRIL_15)
        with pytest.raises(CouponHeldAlready):
            preview_add_coupon(People.nora, membership, "OFTEN")
    assert events_of(membership).count(EventKind.COUPON_ADDED) == 1


def add_other() -> MembershipId:
    return add_membership(RIVERA, add_plan("Solo"), [MARIA.id], start=MARCH_15)
