"""The staff pages about plans as a tab holds them: the list, one plan, a new price, coupons."""

from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Coupon, Plan, PlanPrice
from portal_app.domain.access import system_principal
from portal_app.domain.memberships.errors import CapBelowOnePrice, CouponPercentInvalid
from portal_app.domain.memberships.types import Period, PlanStatus, PriceAudience
from portal_app.domain.money import InvalidAmount, Money
from portal_app.services.memberships.plans.errors import CouponCodeTaken, PlanNameMissing, PriceTooSoon
from portal_app.state.staff.memberships import coupons, plan, plans
from portal_app.state.staff.memberships.coupons import CouponsState
from portal_app.state.staff.memberships.plan import PlanState
from portal_app.state.staff.memberships.plans import PlanListState
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA, People
from tests.services.memberships.staff.helper import run
from tests.state_helper import happens, look_from, on_screen, shows_refusal

FACTS = {"name": " Care  plus ", "period": "month", "description": "Visits\n\nLab", "contract_months": "12"}
PRICES = {"price_child": "30", "below_child": "18", "price_adult": "80.00", "family_cap": "190"}


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    sample = People.create()
    look_from(monkeypatch, sample.nora)
    for module in (coupons, plan, plans):
        monkeypatch.setattr(module, "watch", lambda *_: None)
    return sample


def stored(table: type, **values: object) -> list:
    with reading(system_principal("test")) as tx:
        return list(tx.exec(select(table).filter_by(**values)))


async def test_a_plan_is_made_with_its_first_prices_once(people: People):
    page = on_screen(PlanState, "/staff/plans/new")
    await happens(page.load)
    assert page.ready and page.new and page.may_change and not page.missing
    await happens(page.save_plan, form={**FACTS, **PRICES, "name": " "})
    assert shows_refusal(page, PlanNameMissing, "name")
    await happens(page.save_plan, form={**FACTS, **PRICES, "price_adult": "12,50"})
    assert shows_refusal(page, InvalidAmount, "price_adult")
    await happens(page.save_plan, form={**FACTS, **PRICES, "family_cap": "79"})
    assert shows_refusal(page, CapBelowOnePrice, "family_cap")
    assert stored(Plan) == []
    twice = [
        await happens(page.save_plan, form={**FACTS, **PRICES, "keeps_price_in_term": "yes"})
        for _ in range(2)
    ]
    (made,) = stored(Plan)
    assert (made.name, made.description, made.contract_months) == ("Care plus", "Visits\nLab", 12)
    assert made.keeps_price_in_term and not made.joined_online
    (price,) = stored(PlanPrice)
    assert [(band["name"], band["below"], band["minor"]) for band in price.bands] == [
        ("child", 18, 30_00),
        ("adult", None, 80_00),
    ]
    assert f"/staff/plans/{made.id}" in str(twice[-1][-1].args)


async def test_the_list_names_prices_and_memberships(people: People):
    made = add_plan("Care", family_cap=Money(190_00))
    add_membership(RIVERA, made, [MARIA.id])
    page = on_screen(PlanListState, "/staff/plans")
    await happens(page.load)
    assert [(row.name, row.memberships, row.status) for row in page.rows] == [
        ("Care", "1 membership", "Offered")
    ]
    assert page.rows[0].price == "Child below 18: $30.00 · Adult: $80.00 · Family price: $190.00"
    assert page.may_change
    await happens(page.refresh)


async def test_a_yearly_plan_says_what_it_saves_and_direct_primary_care_warns_above_the_limit(people: People):
    monthly = add_plan("Care")
    yearly = add_plan(
        "Year",
        period=Period.YEAR,
        bands=[{"name": "adult", "below": None, "minor": 1_900_00}],
        direct_primary_care=True,
    )
    page = on_screen(PlanState, f"/staff/plans/{yearly}")
    await happens(page.load)
    assert page.saves == [] and len(page.warnings) == 1 and "$150.00" in page.warnings[0]
    form = {"name": "Year", "period": "year", "compared_to": monthly}
    await happens(page.save_plan, form=form)
    assert page.tone == "paid" and page.warnings == []  # no longer direct primary care
    cheaper = add_plan(
        "Saver",
        period=Period.YEAR,
        bands=[{"name": "adult", "below": None, "minor": 900_00}],
        compared_to_id=add_plan("Adults", bands=[{"name": "adult", "below": None, "minor": 80_00}]),
    )
    page = on_screen(PlanState, f"/staff/plans/{cheaper}")
    await happens(page.load)
    assert page.saves == ["Adult: saves $60.00 a year against Adults"]


async def test_a_new_price_says_whom_it_changes_before_it_is_saved(people: People):
    made = add_plan("Care")
    add_membership(RIVERA, made, [MARIA.id, EVA.id], start=date(2026, 6, 15))
    run(date(2026, 6, 15))
    page = on_screen(PlanState, f"/staff/plans/{made}")
    await happens(page.load)
    assert page.prices.price_adult == "80.00" and page.prices.first_day == "2026-07-15"
    raised = {**PRICES, "price_adult": "90", "audience": "everybody"}
    await happens(page.ask_price, form={**raised, "first_day": "2026-07-14"})
    assert shows_refusal(page, PriceTooSoon, "first_day") and page.question == ""
    await happens(page.ask_price, form={**raised, "first_day": "2026-07-15"})
    assert [(row.owner, row.before, row.after) for row in page.affected] == [
        ("Maria Rivera", "$110.00", "$120.00")
    ]
    assert len(stored(PlanPrice)) == 1
    await happens(page.keep)
    assert page.question == "" and page.affected == []
    await happens(page.confirm)  # nothing was asked: nothing is done
    assert len(stored(PlanPrice)) == 1
    await happens(page.ask_price, form={**raised, "first_day": "2026-07-15"})
    await happens(page.confirm)
    await happens(page.confirm)
    assert {row.audience for row in stored(PlanPrice)} == set(PriceAudience)
    assert len(stored(PlanPrice)) == 2 and page.question == "" and len(page.versions) == 2


async def test_a_price_for_new_memberships_says_that_nobody_pays_it_now(people: People):
    made = add_plan("Care")
    add_membership(RIVERA, made, [MARIA.id])
    page = on_screen(PlanState, f"/staff/plans/{made}")
    await happens(page.load)
    await happens(page.ask_price, form={**PRICES, "first_day": "2026-08-01", "audience": "new_memberships"})
    assert page.affected == [] and "new memberships" in page.question


async def test_a_plan_is_retired_after_a_question_and_offered_again(people: People):
    made = add_plan("Care")
    page = on_screen(PlanState, f"/staff/plans/{made}")
    await happens(page.load)
    await happens(page.ask_retire)
    assert "Care" in page.question and stored(Plan)[0].status is PlanStatus.ACTIVE
    for _twice in range(2):  # a second press does not take it back
        await happens(page.confirm)
        assert stored(Plan)[0].status is PlanStatus.RETIRED
    assert not page.active
    await happens(page.ask_retire)
    await happens(page.confirm)
    assert stored(Plan)[0].status is PlanStatus.ACTIVE


async def test_a_plan_that_is_not_there_is_missing(people: People):
    for wrong in ("pln_" + "0" * 32, "mem_" + "0" * 32, "%"):
        page = on_screen(PlanState, f"/staff/plans/{wrong}")
        await happens(page.load)
        assert page.ready and page.missing
        await happens(page.refresh)


async def test_the_front_desk_reads_plans_and_changes_none(people: People, monkeypatch: pytest.MonkeyPatch):
    made = add_plan("Care")
    look_from(monkeypatch, people.dana)
    page = on_screen(PlanState, f"/staff/plans/{made}")
    await happens(page.load)
    assert page.ready and not page.may_change and page.missing_permission
    for handler, given in ((page.save_plan, {"form": FACTS}), (page.ask_retire, {}), (page.confirm, {})):
        await happens(handler, **given)
        assert page.notice and stored(Plan)[0].name == "Care"


async def test_coupons_are_made_listed_and_switched_off(people: People):
    page = on_screen(CouponsState, "/staff/coupons")
    await happens(page.load)
    assert page.ready and page.rows == []
    for wrong in ("101", "-5", "x"):
        await happens(page.create, form={"coupon": page.coupon, "code": "spring", "percent": wrong})
        assert shows_refusal(page, CouponPercentInvalid, "percent")
    form = {"coupon": page.coupon, "code": "spring", "percent": "10", "periods": "3", "uses_at_most": "2000"}
    await happens(page.create, form={**form, "last_day": "2026-07-31"})
    await happens(page.create, form=form)  # pressed twice: the same coupon
    (made,) = stored(Coupon)
    assert (made.code, made.percent, made.periods, made.uses_at_most) == ("SPRING", 10, 3, 2000)
    (row,) = page.rows
    assert (row.reduction, row.uses, row.status) == ("10 %", "0 of 2,000 used", "Can be used")
    assert row.limits == "for 3 periods, until July 31"
    await happens(page.create, form={"coupon": page.coupon, "code": "Spring", "amount": "5"})
    assert shows_refusal(page, CouponCodeTaken, "code")
    await happens(page.confirm)  # nothing was asked
    await happens(page.ask_off, coupon=row.id, code=row.code)
    await happens(page.keep)
    assert not stored(Coupon)[0].retired
    await happens(page.ask_off, coupon=row.id, code=row.code)
    assert "SPRING" in page.question
    await happens(page.confirm)
    assert stored(Coupon)[0].retired and page.rows[0].off
    await happens(page.refresh)
