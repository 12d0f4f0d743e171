"""The page Enrol as a tab holds it: who pays, the price that follows what is chosen, one membership."""

from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.access import system_principal
from portal_app.domain.money import Money
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.edit import retire_plan
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.memberships.staff.errors import AlreadyOnPlan, MembersMissing, StartOutOfRange
from portal_app.state.staff.billing import patient as patient_page
from portal_app.state.staff.billing.patient import PatientState
from portal_app.state.staff.memberships.enrol import EnrolState
from tests.memberships_helper import add_membership, add_plan, add_price
from tests.people import EVA, KIM, MARIA, OKAFOR, RIVERA, TIM, People
from tests.services.memberships.staff.helper import billed
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    sample = People.create()
    look_from(monkeypatch, sample.nora)
    return sample


async def opened(query: str) -> EnrolState:
    page = on_screen(EnrolState, f"/staff/enrol?{query}")
    await happens(page.load)
    assert page.ready
    return page


def memberships() -> list[Membership]:
    with reading(system_principal("test")) as tx:
        return list(tx.exec(select(Membership)))


async def test_who_pays_is_searched_first(people: People):
    page = await opened("q=rivera")
    assert "Maria Rivera" in [row.name for row in page.found] and page.payer == ""
    (row,) = [row for row in page.found if row.id == MARIA.id]
    page = await opened(row.href.partition("?")[2])
    assert page.payer == "Maria Rivera" and not page.missing
    (redirect,) = await happens(page.find_people, form={"q": " kim "})
    assert "/staff/enrol?q=kim" in str(redirect.args)
    assert (await opened("account=acc_x")).missing and (await opened("patient=pat_x")).missing


async def test_the_price_follows_what_is_chosen_and_the_membership_is_made_once(people: People):
    plan = add_plan("Care", family_cap=Money(100_00), enrolment_fee=Money(25_00), contract_months=12)
    other = add_plan("Other", bands=[{"name": "adult", "below": None, "minor": 10_00}])
    create_coupon(People.nora, "cpn_" + "1" * 32, NewCoupon("SPRING", percent=10))
    page = await opened(f"account={RIVERA}")
    assert [choice.name for choice in page.plans] == ["Care", "Other"]
    assert (page.amount, page.fee, page.first) == ("$80.00", "$25.00", "$105.00")  # the payer alone
    await happens(page.toggle_member, patient=EVA.id)
    assert page.amount == "$100.00"
    assert [(line.text, line.amount) for line in page.price] == [
        ("Maria Rivera (Adult)", "$80.00"),
        ("Eva Rivera (Child)", "$30.00"),
        ("Family price", "−$10.00"),
    ]
    await happens(page.choose, field="coupon", value="spring")
    assert page.amount == "$90.00" and page.price[-1].text == "Coupon SPRING"
    await happens(page.choose, field="plan", value=other)
    assert page.amount == "$18.00" and page.fee == ""
    await happens(page.choose, field="plan", value=plan)
    assert page.contract_end == "June 14, 2027"
    form = {"plan": plan, "start": "2026-06-15", "coupon": "spring"}
    steps = await happens(page.enrol, form=form)
    await happens(page.enrol, form=form)  # pressed twice
    (made,) = memberships()
    assert f"/staff/memberships/{made.id}" in str(steps[-1].args)
    assert (made.account_id, made.start, billed(made.id)) == (
        RIVERA,
        date(2026, 6, 15),
        [(date(2026, 6, 15), 115_00)],
    )
    with reading(system_principal("test")) as tx:
        assert {row.patient_id for row in tx.exec(select(Enrolment))} == {MARIA.id, EVA.id}


async def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(people: People):
    plan = add_plan("Care")
    page = await opened(f"account={RIVERA}")
    form = {"plan": plan, "start": "2026-06-15"}
    await happens(page.toggle_member, patient=MARIA.id)
    assert page.amount == "" and page.trouble
    await happens(page.enrol, form=form)
    assert shows_refusal(page, MembersMissing, "members")
    await happens(page.toggle_member, patient=MARIA.id)
    await happens(page.enrol, form={**form, "start": "2026-06-14"})
    assert shows_refusal(page, StartOutOfRange, "start")
    await happens(page.enrol, form={**form, "coupon": "NOTHING"})
    assert shows_refusal(page, CouponUnknown, "coupon")
    assert memberships() == []
    add_membership(RIVERA, plan, [MARIA.id])
    await happens(page.enrol, form=form)
    assert shows_refusal(page, AlreadyOnPlan, "members") and len(memberships()) == 1


async def test_a_price_that_changed_meanwhile_is_shown_and_nothing_is_made(people: People):
    plan = add_plan("Care")
    page = await opened(f"account={OKAFOR}")
    assert page.amount == "$80.00"
    add_price(plan, date(2026, 6, 1), [{"name": "adult", "below": None, "minor": 95_00}])
    await happens(page.enrol, form={"plan": plan, "start": "2026-06-15"})
    assert "$95.00" in page.message and memberships() == []
    assert page.amount == "$95.00"  # what a second press agrees to
    await happens(page.enrol, form={"plan": plan, "start": "2026-06-15"})
    assert len(memberships()) == 1


async def test_without_an_active_plan_there_is_nothing_to_choose(people: People):
    retire_plan(People.nora, add_plan("Old"))
    page = await opened(f"account={RIVERA}")
    assert page.plans == [] and page.amount == ""
    await happens(page.enrol, form={})
    assert memberships() == []


async def test_the_front_desk_does_not_enrol(people: People, monkeypatch: pytest.MonkeyPatch):
    add_plan("Care")
    look_from(monkeypatch, people.dana)
    page = on_screen(EnrolState, f"/staff/enrol?account={RIVERA}")
    for handler, given in (
        (page.load, {}),
        (page.find_people, {"form": {}}),
        (page.choose, {"field": "plan", "value": "x"}),
        (page.toggle_member, {"patient": TIM.id}),
        (page.enrol, {"form": {}}),
    ):
        page.notice = ""
        await happens(handler, **given)
        assert page.notice
    assert memberships() == []


async def test_the_patients_page_leads_to_memberships_and_to_enrol(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(patient_page, "watch", lambda *_: None)
    page = on_screen(PatientState, f"/staff/patients/{KIM.id}")
    await happens(page.load)
    assert page.may_enrol
    assert page.memberships_href.endswith(f"/staff/memberships?account={OKAFOR}")
    assert page.enrol_href.endswith(f"/staff/enrol?account={OKAFOR}")
    look_from(monkeypatch, people.dana)
    await happens(page.load)
    assert not page.may_enrol
