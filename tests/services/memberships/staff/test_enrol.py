"""Staff enrol: members, start, coupon, the enrolment fee once per owner; nobody twice in one plan (MEM-19)."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships.errors import BirthDateMissing
from portal_app.domain.memberships.types import EndReason, EventKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.services.memberships.plans import errors as plan_errors
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.edit import retire_plan
from portal_app.services.memberships.staff import errors
from portal_app.services.memberships.staff.enrol import (
    NewMembership,
    list_candidates,
    preview_enrolment,
    start_membership,
)
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, KIM, MARIA, OKAFOR, RIVERA, TIM, People
from tests.services.memberships.staff.helper import (
    SYSTEM,
    billed,
    events_of,
    row_of,
    run,
    set_membership_settings,
)

TODAY = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def new_id_() -> MembershipId:
    return MembershipId(new_id("mem"))


def enrol(new: NewMembership, shown: Money) -> MembershipId:
    return start_membership(People.nora, new_id_(), new, shown=shown)


def memberships() -> int:
    with reading(SYSTEM) as tx:
        return len(tx.exec(select(Membership.id)).all())


def test_a_family_is_enrolled_and_billed_at_once_with_fee_and_coupon(db: str):
    plan = add_plan("Care", contract_months=12, enrolment_fee=Money(50_00), renews_automatically=True)
    create_coupon(People.nora, new_id("cpn"), NewCoupon("TEN", percent=10, periods=1))
    new = NewMembership(RIVERA, plan, (MARIA.id, EVA.id), TODAY, " ten ")
    seen = preview_enrolment(People.nora, new)
    assert (seen.owner, seen.names) == ("Maria Rivera", ("Maria Rivera", "Eva Rivera"))
    assert (seen.price.amount, seen.fee, seen.first) == (Money(99_00), Money(50_00), Money(149_00))
    assert seen.contract_end == date(2027, 6, 14)
    id_ = new_id_()
    for _ in range(2):
        assert start_membership(People.nora, id_, new, shown=Money(149_00)) == id_
    assert billed(id_) == [(TODAY, 149_00)]
    run(date(2026, 7, 15))
    assert billed(id_)[1:] == [(date(2026, 7, 15), 110_00)]
    row = row_of(id_)
    assert (row.contract_end, row.renews_automatically) == (date(2027, 6, 14), True)
    assert events_of(id_) == [EventKind.STARTED, EventKind.COUPON_ADDED]


def test_a_start_that_lies_ahead_is_billed_on_its_day(db: str):
    plan = add_plan("Care")
    id_ = enrol(NewMembership(OKAFOR, plan, (KIM.id,), date(2026, 7, 1)), Money(80_00))
    assert billed(id_) == []
    run(date(2026, 6, 30), date(2026, 7, 1))
    assert billed(id_) == [(date(2026, 7, 1), 80_00)]


@pytest.mark.parametrize(("again", "fee"), [(False, None), (True, Money(50_00))])
def test_the_enrolment_fee_is_once_per_owner_and_on_rejoining_by_setting(
    db: str, again: bool, fee: Money | None
):
    set_membership_settings(fee_on_rejoining=again)
    plan = add_plan("Care", enrolment_fee=Money(50_00))
    add_membership(OKAFOR, plan, [KIM.id], status=MembershipStatus.ENDED, end_reason=EndReason.CANCELLED)
    assert preview_enrolment(People.nora, NewMembership(OKAFOR, plan, (KIM.id,), TODAY)).fee == fee
    add_membership(OKAFOR, add_plan("Other"), [KIM.id])
    assert preview_enrolment(People.nora, NewMembership(OKAFOR, plan, (KIM.id,), TODAY)).fee is None


def test_mem_19_nobody_is_on_two_memberships_of_one_plan(db: str):
    plan, other = add_plan("Care"), add_plan("Other")
    add_membership(OKAFOR, plan, [EVA.id])
    new = NewMembership(RIVERA, plan, (MARIA.id, EVA.id), TODAY)
    with pytest.raises(errors.AlreadyOnPlan) as refused:
        enrol(new, Money(110_00))
    assert refused.value.values == {"person": "Eva Rivera", "owner": "Kim Okafor"}
    enrol(replace(new, plan_id=other), Money(110_00))
    assert memberships() == 2


def bad(**changes: object) -> NewMembership:
    return replace(NewMembership(RIVERA, PlanId(""), (MARIA.id,), TODAY), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "refusal", "field"),
    [
        (bad(members=()), errors.MembersMissing, "members"),
        (bad(members=(MARIA.id, MARIA.id)), errors.MemberNotOfFamily, "members"),
        (bad(members=(KIM.id,)), errors.MemberNotOfFamily, "members"),
        (bad(start=date(2026, 6, 14)), errors.StartOutOfRange, "start"),
        (bad(start=date(2027, 6, 16)), errors.StartOutOfRange, "start"),
        (bad(coupon="NONE"), plan_errors.CouponUnknown, "coupon"),
        (bad(plan_id=PlanId("pln_" + "9" * 32)), NotFound, ""),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    db: str, new: NewMembership, refusal: type[UserError], field: str
):
    new = new if new.plan_id else replace(new, plan_id=add_plan("Care"))
    with pytest.raises(refusal) as refused:
        enrol(new, Money(80_00))
    assert refused.value.field == field
    assert memberships() == 0


def test_a_stale_price_a_retired_plan_and_an_unknown_birth_date_are_refused(db: str):
    plan = add_plan("Care")
    new = NewMembership(RIVERA, plan, (TIM.id,), TODAY)
    with pytest.raises(errors.StaleAmount) as stale:
        enrol(new, Money(29_99))
    assert stale.value.values == {"amount": Money(30_00)}
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, TIM.id, lock=True).birth_date = None
    with pytest.raises(BirthDateMissing):
        enrol(new, Money(30_00))
    retire_plan(People.nora, plan)
    with pytest.raises(plan_errors.PlanRetired):
        enrol(new, Money(30_00))
    for who in (People.dana, People.maria):
        with pytest.raises(PermissionDenied):
            start_membership(who, new_id_(), new, shown=Money(30_00))
    assert memberships() == 0


def test_staff_choose_among_the_owners_family(db: str):
    names = [person.name for person in list_candidates(People.nora, RIVERA).people]
    assert {"Maria Rivera", "Luis Rivera", "Eva Rivera", "Tim Rivera", "Tom Rivera"} == set(names)


def test_direct_primary_care_above_the_monthly_limit_is_said(db: str):
    dear = [{"name": "adult", "below": None, "minor": 150_01}]
    plan = add_plan("DPC", bands=dear, direct_primary_care=True)
    one = NewMembership(RIVERA, plan, (MARIA.id,), TODAY)
    assert preview_enrolment(People.nora, one).above_limit
    both = replace(
        one, plan_id=add_plan("DPC 2", bands=[dear[0] | {"minor": 150_00}], direct_primary_care=True)
    )
    assert not preview_enrolment(People.nora, both).above_limit
    assert not preview_enrolment(People.nora, replace(both, members=(MARIA.id, EVA.id))).above_limit
    assert preview_enrolment(People.nora, replace(both, members=(MARIA.id, EVA.id, TIM.id))).above_limit
