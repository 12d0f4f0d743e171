"""The plans that are offered and the live price; what is refused in plain words, with nothing written."""

from dataclasses import replace
from datetime import date

import pytest

from portal_app.db.tables.memberships import JoinRequest
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money
from portal_app.services.memberships.joining import errors
from portal_app.services.memberships.joining.draft import MOST_MEMBERS, JoinChoice
from portal_app.services.memberships.joining.price import list_join_plans, price_join
from portal_app.services.memberships.joining.view import keep_join_choice, keep_join_owner, view_join
from portal_app.services.memberships.members import errors as member_errors
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.edit import retire_plan
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.practice.facts import view_practice
from portal_app.services.sign_in.errors import TooManyAttempts
from tests.payments_helper import set_practice
from tests.people import People
from tests.services.memberships.joining.helper import (
    PIP,
    VISITOR,
    ZOE,
    both,
    count,
    join_settings,
    offer,
    verified,
)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there, and joining is on."""
    join_settings()


def test_only_active_plans_on_the_page_for_joining_are_offered(db: str):
    plan = offer(
        "Family", family_cap=Money(190_00), enrolment_fee=Money(25_00), description="Visits\n\nLabs "
    )
    offer("Hidden", joined_online=False)
    retire_plan(People.nora, offer("Old"))
    (seen,) = list_join_plans(VISITOR)
    assert (seen.id, seen.includes, seen.family_cap, seen.fee) == (
        plan,
        ("Visits", "Labs"),
        Money(190_00),
        Money(25_00),
    )
    assert [band.price for band in seen.bands] == [Money(30_00), Money(80_00)]


def test_it_is_on_only_with_the_setting_and_online_payments(db: str):
    assert view_practice(VISITOR).joins_online
    set_practice(online_payments=False)
    assert not view_practice(VISITOR).joins_online
    with pytest.raises(errors.JoiningOff):
        list_join_plans(VISITOR)
    set_practice(online_payments=True)
    join_settings(join_online=False)
    with pytest.raises(errors.JoiningOff):
        price_join(VISITOR, both(offer()))


def test_the_price_is_shown_line_by_line_with_cap_coupon_and_fee(db: str):
    plan = offer(family_cap=Money(190_00), enrolment_fee=Money(25_00), contract_months=12)
    create_coupon(People.nora, new_id("cpn"), NewCoupon("TEN", percent=10, periods=2))
    two_more = (
        PIP,
        replace(PIP, given_name="Kit"),
        replace(PIP, given_name="Al", birth_date=date(1984, 1, 1), relationship="partner", consent=True),
    )
    seen = price_join(VISITOR, both(plan, members=two_more, coupon=" ten "))
    assert [(line.name, line.amount) for line in seen.lines] == [
        ("", Money(80_00)),
        ("Pip Quinn", Money(30_00)),
        ("Kit Quinn", Money(30_00)),
        ("Al Quinn", Money(80_00)),
    ]
    assert (seen.saved_by_cap, seen.saved_by_coupon) == (Money(30_00), Money(19_00))
    assert (seen.amount, seen.fee, seen.first) == (Money(171_00), Money(25_00), Money(196_00))
    assert (seen.later, seen.coupon_periods) == (Money(190_00), 2)
    assert seen.contract_end == date(2027, 6, 14)


def test_an_owner_who_is_no_member_pays_for_the_members_only(db: str):
    assert price_join(VISITOR, JoinChoice(offer(), members=(PIP,))).first == Money(30_00)
    assert (
        price_join(VISITOR, JoinChoice(offer("Year", period=Period.YEAR), members=(PIP,))).period
        is Period.YEAR
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"members": (), "owner_is_member": False}, errors.NobodyJoins),
        ({"members": (PIP, PIP)}, errors.MemberTwice),
        ({"members": (PIP, replace(PIP, given_name=" pip "))}, errors.MemberTwice),
        (
            {"members": tuple(replace(PIP, given_name=f"Pip {n}") for n in "abcdefghijkl")},
            errors.TooManyMembers,
        ),
        ({"owner_birth_date": None}, errors.OwnerBirthDateMissing),
        ({"owner_birth_date": date(2008, 6, 16)}, errors.OwnerNotAdult),
        ({"owner_birth_date": date(2027, 1, 1)}, member_errors.BornInFuture),
        ({"owner_birth_date": date(1890, 1, 1)}, member_errors.BornTooLongAgo),
        ({"members": (replace(PIP, birth_date=date(2026, 6, 16)),)}, member_errors.BornInFuture),
        ({"members": (replace(PIP, birth_date=date(1896, 6, 15)),)}, member_errors.BornTooLongAgo),
        ({"members": (replace(PIP, given_name="  "),)}, member_errors.NameMissing),
        ({"members": (replace(PIP, family_name="x" * 201),)}, member_errors.NameTooLong),
        ({"members": (replace(PIP, sex="?"),)}, member_errors.SexMissing),
        ({"members": (replace(PIP, relationship="boss"),)}, member_errors.RelationshipMissing),
        ({"members": (replace(PIP, birth_date=date(1990, 1, 1)),)}, member_errors.ConsentMissing),
        ({"coupon": "NOPE"}, CouponUnknown),
        ({"plan_id": PlanId("pln_00000000000000000000000000000000")}, errors.PlanNotOffered),
    ],
)
def test_a_bad_choice_is_refused_and_nothing_is_written(
    db: str, change: dict[str, object], error: type[UserError]
):
    plan = offer()
    code = verified(both(plan))
    bad = both(plan, **change)
    with pytest.raises(error):
        price_join(VISITOR, bad)
    with pytest.raises(error):
        keep_join_choice(VISITOR, code, bad)
    assert view_join(VISITOR, code).choice == both(plan)


def test_an_age_without_a_price_and_a_plan_without_prices_are_refused(db: str):
    plan = offer(bands=[{"name": "child", "below": 18, "minor": 30_00}])
    with pytest.raises(member_errors.NoPriceForAge):
        price_join(VISITOR, both(plan))
    assert price_join(VISITOR, JoinChoice(plan, members=(PIP,))).first == Money(30_00)


def test_eighteen_today_may_join_and_names_in_any_script_of_200_letters_work(db: str):
    long = replace(PIP, given_name="Ж" * 200, family_name="O'Néill-Ñuñez 李")
    seen = price_join(VISITOR, both(offer(), owner_birth_date=date(2008, 6, 15), members=(long,)))
    assert seen.lines[1].name == f"{'Ж' * 200} O'Néill-Ñuñez 李"
    assert MOST_MEMBERS == 12


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"given_name": ""}, member_errors.NameMissing),
        ({"birth_date": date(2010, 1, 1)}, errors.OwnerNotAdult),
        ({"birth_date": date(2030, 1, 1)}, member_errors.BornInFuture),
        ({"sex": ""}, member_errors.SexMissing),
        ({"address": replace(ZOE.address, line1=" ")}, member_errors.AddressMissing),
    ],
)
def test_bad_details_of_the_owner_are_refused(db: str, change: dict[str, object], error: type[UserError]):
    code = verified(both(offer()))
    with pytest.raises(error):
        keep_join_owner(VISITOR, code, replace(ZOE, **change))  # type: ignore[arg-type]
    assert view_join(VISITOR, code).owner is None
    assert count(JoinRequest) == 1


def test_coupons_are_not_to_be_guessed(db: str):
    plan = offer()
    for number in range(20):
        with pytest.raises(CouponUnknown):
            price_join(VISITOR, both(plan, coupon=f"GUESS{number}"))
    with pytest.raises(TooManyAttempts):
        price_join(VISITOR, both(plan, coupon="GUESS"))
    assert price_join(VISITOR, both(plan)).first == Money(110_00)


def test_a_plan_retired_between_the_steps_is_said(db: str):
    plan = offer()
    code = verified(both(plan))
    retire_plan(People.nora, plan)
    seen = view_join(VISITOR, code)
    assert isinstance(seen.trouble, errors.PlanNotOffered)
    assert seen.price is None
