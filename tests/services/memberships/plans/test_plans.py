"""Plans and coupons: created, changed, retired; bad input is refused at its field and nothing is written."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Coupon, Plan, PlanPrice
from portal_app.domain.access import system_principal
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships import errors as rules
from portal_app.domain.memberships.prices import Band, YearSaved
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money
from portal_app.services.memberships.plans import errors
from portal_app.services.memberships.plans.coupons import (
    NewCoupon,
    create_coupon,
    list_coupons,
    retire_coupon,
    take_up_coupon,
)
from portal_app.services.memberships.plans.edit import (
    PlanFacts,
    change_plan_facts,
    create_plan,
    new_plan_id,
    retire_plan,
)
from portal_app.services.memberships.plans.prices import NewPrice
from portal_app.services.memberships.plans.read import list_plans, view_plan
from tests.memberships_helper import add_membership, add_plan
from tests.people import KIM, MARIA, OKAFOR, RIVERA, People

SYSTEM = system_principal("test")
TODAY = date(2026, 6, 15)
FACTS = PlanFacts("Family care", Period.MONTH, contract_months=12, enrolment_fee=Money(50_00))
BANDS = (Band("child", 18, Money(30_00)), Band("adult", None, Money(80_00)))
PRICE = NewPrice(BANDS, None, TODAY)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def rows(table: type) -> list:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)))


def test_a_plan_is_created_once_with_its_prices(db: str):
    plan_id = new_plan_id()
    for _ in range(2):
        create_plan(People.nora, plan_id, replace(FACTS, name="  O'Brien  Ñandú 家庭 "), PRICE)
    (view,) = list_plans(People.nora)
    assert (view.facts.name, view.facts.contract_months, view.active) == ("O'Brien Ñandú 家庭", 12, True)
    assert view.now is not None and view.now.bands == BANDS
    assert len(rows(PlanPrice)) == 1


def test_a_plan_is_changed_and_retired_and_taken_back(db: str):
    plan_id = create_plan(People.nora, new_plan_id(), FACTS, PRICE)
    change_plan_facts(People.nora, plan_id, replace(FACTS, name="Care", description=" a \n\n b"))
    retire_plan(People.nora, plan_id)
    view = view_plan(People.nora, plan_id)
    assert (view.facts.name, view.facts.description, view.active) == ("Care", "a\nb", False)
    other = create_plan(People.nora, new_plan_id(), replace(FACTS, name="CARE"), PRICE)
    with pytest.raises(errors.PlanNameTaken):
        retire_plan(People.nora, plan_id, active=True)
    retire_plan(People.nora, other)
    retire_plan(People.nora, plan_id, active=True)
    assert view_plan(People.nora, plan_id).active


@pytest.mark.parametrize(
    ("facts", "price", "refusal", "field"),
    [
        (replace(FACTS, name="  "), PRICE, errors.PlanNameMissing, "name"),
        (replace(FACTS, name="x" * 121), PRICE, errors.PlanNameMissing, "name"),
        (replace(FACTS, name="taken"), PRICE, errors.PlanNameTaken, "name"),
        (replace(FACTS, description="x" * 2001), PRICE, errors.PlanDescriptionTooLong, "description"),
        (replace(FACTS, contract_months=0), PRICE, rules.ContractLengthInvalid, "contract_months"),
        (
            replace(FACTS, period=Period.QUARTER, contract_months=10),
            PRICE,
            rules.ContractLengthInvalid,
            "contract_months",
        ),
        (replace(FACTS, enrolment_fee=Money(-1)), PRICE, errors.EnrolmentFeeNegative, "enrolment_fee"),
        (replace(FACTS, compared_to=PlanId("pln_x")), PRICE, errors.PlanNotComparable, "compared_to"),
        (FACTS, replace(PRICE, bands=()), rules.BandsMissing, "bands"),
        (FACTS, replace(PRICE, bands=(Band("a", None, Money(-1)),)), rules.PriceNegative, "bands"),
        (FACTS, replace(PRICE, bands=(BANDS[1], BANDS[0])), rules.BandsUnordered, "bands"),
        (FACTS, replace(PRICE, family_cap=Money(79_99)), rules.CapBelowOnePrice, "family_cap"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    db: str, facts: PlanFacts, price: NewPrice, refusal: type[UserError], field: str
):
    add_plan("Taken")
    with pytest.raises(refusal) as refused:
        create_plan(People.nora, new_plan_id(), facts, price)
    assert refused.value.field == field
    assert len(rows(Plan)) == len(rows(PlanPrice)) == 1


def test_the_period_of_a_plan_in_use_stays(db: str):
    plan = add_plan("Care")
    change_plan_facts(People.nora, plan, PlanFacts("Care", Period.QUARTER))
    add_membership(RIVERA, plan, [MARIA.id])
    with pytest.raises(errors.PlanPeriodInUse):
        change_plan_facts(People.nora, plan, PlanFacts("Care", Period.YEAR))
    assert view_plan(People.nora, plan).memberships == 1


def test_what_a_year_paid_ahead_saves(db: str):
    monthly = add_plan("Monthly")
    yearly = NewPrice(
        (replace(BANDS[0], price=Money(360_00)), replace(BANDS[1], price=Money(880_00))), None, TODAY
    )
    plan = create_plan(
        People.nora, new_plan_id(), PlanFacts("Yearly", Period.YEAR, compared_to=monthly), yearly
    )
    view = view_plan(People.nora, plan)
    assert view.year_saves == (YearSaved("adult", Money(80_00)),)
    assert view.compared_to == "Monthly"
    with pytest.raises(errors.PlanNotComparable):
        change_plan_facts(People.nora, monthly, PlanFacts("Monthly", Period.MONTH, compared_to=plan))


def test_direct_primary_care_above_the_monthly_limits_is_said(db: str):
    dear = NewPrice((Band("adult", None, Money(450_03)),), Money(900_03), TODAY)
    facts = PlanFacts("DPC", Period.QUARTER, direct_primary_care=True)
    view = view_plan(People.nora, create_plan(People.nora, new_plan_id(), facts, dear))
    assert (view.above_limit_of_one, view.above_limit_of_several) == (True, True)
    edge = NewPrice((Band("adult", None, Money(450_00)),), Money(900_00), TODAY)
    view = view_plan(People.nora, create_plan(People.nora, new_plan_id(), replace(facts, name="Edge"), edge))
    assert (view.above_limit_of_one, view.above_limit_of_several) == (False, False)
    other = replace(facts, name="No DPC", direct_primary_care=False)
    view = view_plan(People.nora, create_plan(People.nora, new_plan_id(), other, dear))
    assert not view.above_limit_of_one


def test_a_coupon_is_created_taken_up_and_retired(db: str):
    coupon = create_coupon(
        People.nora, new_id("cpn"), NewCoupon(" spring-10 ", percent=10, periods=3, uses_at_most=1)
    )
    membership = add_membership(RIVERA, add_plan(), [MARIA.id])
    second = add_membership(OKAFOR, add_plan("Other"), [KIM.id])
    from portal_app.db.scope import transaction  # noqa: PLC0415
    from portal_app.db.tables.memberships import Membership  # noqa: PLC0415

    with transaction(SYSTEM) as tx:
        row = tx.get_or_404(Membership, membership)
        assert take_up_coupon(tx, row, "Spring-10", TODAY).id == coupon
    with transaction(SYSTEM) as tx, pytest.raises(errors.CouponUnknown):
        take_up_coupon(tx, tx.get_or_404(Membership, second), "SPRING-10", TODAY)  # its one use is gone
    (view,) = list_coupons(People.nora)
    assert (view.coupon.code, view.uses, view.open, view.retired) == ("SPRING-10", 1, False, False)
    retire_coupon(People.nora, coupon)
    assert list_coupons(People.nora)[0].retired


@pytest.mark.parametrize(
    ("new", "refusal", "field"),
    [
        (NewCoupon("AB!", percent=10), errors.CouponCodeInvalid, "code"),
        (NewCoupon("taken", percent=10), errors.CouponCodeTaken, "code"),
        (NewCoupon("GOOD", percent=101), rules.CouponPercentInvalid, "percent"),
        (NewCoupon("GOOD", percent=-5), rules.CouponPercentInvalid, "percent"),
        (NewCoupon("GOOD", percent=10, amount=Money(1)), rules.CouponKindUnclear, "percent"),
        (NewCoupon("GOOD", amount=Money(0)), rules.CouponAmountInvalid, "amount"),
        (NewCoupon("GOOD", percent=10, periods=0), rules.CouponPeriodsInvalid, "periods"),
        (NewCoupon("GOOD", percent=10, uses_at_most=0), rules.CouponPeriodsInvalid, "uses_at_most"),
        (
            NewCoupon("GOOD", percent=10, first_day=TODAY, last_day=date(2026, 6, 14)),
            rules.CouponDaysReversed,
            "last_day",
        ),
        (NewCoupon("GOOD", percent=10, plan_id=PlanId("pln_x")), NotFound, ""),
    ],
)
def test_a_bad_coupon_is_refused_at_its_field(db: str, new: NewCoupon, refusal: type[UserError], field: str):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("TAKEN", percent=10))
    with pytest.raises(refusal) as refused:
        create_coupon(People.nora, new_id("cpn"), new)
    assert refused.value.field == field
    assert len(rows(Coupon)) == 1


def test_only_who_manages_plans_changes_them(db: str):
    plan = add_plan()
    for who in (People.dana, People.maria):
        with pytest.raises(PermissionDenied):
            create_plan(who, new_plan_id(), FACTS, PRICE)
        with pytest.raises(PermissionDenied):
            retire_plan(who, plan)
        with pytest.raises(PermissionDenied):
            create_coupon(who, new_id("cpn"), NewCoupon("GOOD", percent=10))
    assert len(rows(Plan)) == 1 and view_plan(People.dana, plan).active
