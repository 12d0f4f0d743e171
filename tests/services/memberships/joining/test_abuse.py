"""What a stranger might try while joining: guess coupons, keep one from everybody, pay for one person twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.memberships.joining.errors import MemberTwice, PlanNotOffered
from portal_app.services.memberships.joining.forget import forget_unfinished_joins
from portal_app.services.memberships.joining.view import keep_join_choice, keep_join_owner, view_join
from portal_app.services.memberships.members.person import NewPerson
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.sign_in.errors import TooManyAttempts
from tests.people import People
from tests.services.memberships.joining.helper import (
    PIP,
    SYSTEM,
    VISITOR,
    ZOE,
    both,
    join_settings,
    joined,
    offer,
    pay,
    ready,
    verified,
)

DECLINED = "pm_card_visa_chargeDeclined"
LESS = Money(100_00)
HERSELF = NewPerson("zoe", "QUINN", ZOE.birth_date, "female", "other", consent=True)


@pytest.fixture(autouse=True)
def processor(sample_people: People) -> FakeProcessor:
    """The people of the examples are there, joining is on, and a coupon has one use."""
    join_settings()
    create_coupon(People.nora, new_id("cpn"), NewCoupon("ONE", amount=Money(10_00), uses_at_most=1))
    return FakeProcessor()


def test_coupons_are_not_to_be_guessed_after_the_code_either(db: str):
    plan = offer()
    code = verified(both(plan))
    for number in range(20):
        with pytest.raises(CouponUnknown):
            keep_join_choice(VISITOR, code, both(plan, coupon=f"GUESS{number}"))
    with pytest.raises(TooManyAttempts):
        keep_join_choice(VISITOR, code, both(plan, coupon="ONE"))
    keep_join_choice(VISITOR, code, both(plan))


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [({"plan_id": PlanId("pln_nobody")}, PlanNotOffered), ({"coupon": "X" * 100_000}, CouponUnknown)],
)
def test_what_is_chosen_is_checked_with_the_code_and_after_it(
    db: str, wrong: dict[str, object], refusal: type[UserError]
):
    right = both(offer())
    with pytest.raises(refusal):
        verified(replace(right, **wrong))  # type: ignore[arg-type]
    code = verified(right)
    with pytest.raises(refusal):
        keep_join_choice(VISITOR, code, replace(right, **wrong))  # type: ignore[arg-type]
    shown = view_join(VISITOR, code).choice
    assert shown is not None and (shown.plan_id, shown.coupon) == (right.plan_id, "")


def test_who_does_not_pay_keeps_a_coupon_from_others_for_an_hour(db: str, processor: FakeProcessor):
    plan = offer()
    code, other = ready(both(plan, coupon="ONE")), ready(both(plan, coupon="ONE"), "other@example.org")
    start = clock.now()
    pay(processor, code, LESS, card=DECLINED)
    with clock.held_at(start + timedelta(minutes=59)):
        keep_join_owner(VISITOR, code, ZOE)  # typing is not paying
        price = keep_join_choice(VISITOR, code, both(plan, coupon="ONE"))
        assert price.first == LESS, "their own hold is not in their way"
        with pytest.raises(CouponUnknown):
            pay(processor, other, LESS)
    with clock.held_at(start + timedelta(minutes=61)):
        assert pay(processor, other, LESS).status == "succeeded"
        with pytest.raises(CouponUnknown):
            pay(processor, code, LESS)


def test_a_payment_on_its_way_keeps_its_coupon(db: str, processor: FakeProcessor):
    plan = offer()
    code, other = ready(both(plan, coupon="ONE")), ready(both(plan, coupon="ONE"), "other@example.org")
    processor.no_answer(Outcome.SUCCEEDED)
    pay(processor, code, LESS)
    with clock.held_at(clock.now() + timedelta(minutes=61)), pytest.raises(CouponUnknown):
        pay(processor, other, LESS)


def test_typing_does_not_keep_an_unpaid_invoice_for_ever(db: str, processor: FakeProcessor):
    plan = offer()
    code = ready(both(plan))
    start = clock.now()
    pay(processor, code, Money(110_00), card=DECLINED)
    with clock.held_at(start + timedelta(minutes=100)):
        keep_join_owner(VISITOR, code, ZOE)
    with clock.held_at(start + timedelta(hours=23)):
        verified(both(plan))
    with clock.held_at(start + timedelta(hours=24, minutes=1)):
        assert forget_unfinished_joins(SYSTEM) == 1
    assert joined().request.status is JoinStatus.ABANDONED


@pytest.mark.parametrize("owner_is_member", [True, False])
def test_nobody_joins_as_owner_and_as_a_member_too(db: str, processor: FakeProcessor, owner_is_member: bool):
    plan = offer()
    twice = both(plan, owner_is_member=owner_is_member, members=(PIP, HERSELF))
    code = verified(twice)
    with pytest.raises(MemberTwice):
        keep_join_owner(VISITOR, code, ZOE)
    assert view_join(VISITOR, code).owner is None
    keep_join_choice(VISITOR, code, both(plan))
    keep_join_owner(VISITOR, code, ZOE)
    with pytest.raises(MemberTwice):
        keep_join_choice(VISITOR, code, twice)
    verified(twice)  # another tab, which knows nothing of the name that was typed
    with pytest.raises(MemberTwice):
        pay(processor, code, Money(190_00) if owner_is_member else Money(110_00))
    assert joined().people == []
    keep_join_choice(VISITOR, code, both(plan, members=(PIP, replace(HERSELF, given_name="Zara"))))
