"""On the page of a plan: the agreement that its owners sign."""

import pytest

from portal_app.domain.agreements.types import AgreementKind
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import PlanId
from portal_app.services.agreements.texts.draft import create_agreement, retire_agreement
from portal_app.services.memberships.plans.read import view_plan
from portal_app.state.staff.agreements.plan_choice import PlanAgreementState
from tests.memberships_helper import add_plan
from tests.people import People
from tests.services.agreements_helper import add_agreement
from tests.state_helper import happens, is_text_of, look_from, on_screen, shows_refusal


async def opened(plan: str) -> PlanAgreementState:
    page = on_screen(PlanAgreementState, f"/staff/plans/{plan}")
    await happens(page.load)
    return page


def chosen(plan: PlanId) -> str | None:
    return view_plan(People.olga, plan).agreement_id


async def test_a_published_contract_is_chosen_and_taken_away(people: People):
    plan, contract = add_plan(), add_agreement(kind=AgreementKind.MEMBERSHIP)
    create_agreement(people.olga, "A draft", AgreementKind.MEMBERSHIP)
    other = add_agreement()
    page = await opened(plan)
    assert page.shown and page.chosen == "" and [item.id for item in page.choices] == [contract]
    await happens(page.save_agreement, form={"agreement": contract})
    assert (chosen(plan), page.chosen, page.tone) == (contract, contract, "paid")
    await happens(page.save_agreement, form={"agreement": other})
    assert shows_refusal(page, NotFound, "agreement") and chosen(plan) == contract
    retire_agreement(people.olga, contract)
    assert [item.id for item in (await opened(plan)).choices] == [contract]
    await happens(page.save_agreement, form={"agreement": ""})
    assert chosen(plan) is None


@pytest.mark.parametrize("plan", ["new", "pln_" + "0" * 32])
async def test_where_there_is_no_plan_nothing_is_shown(people: People, plan: str):
    assert not (await opened(plan)).shown


async def test_who_may_not_manage_agreements_does_not_choose_one(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    plan = add_plan()
    look_from(monkeypatch, people.nora)
    page = await opened(plan)
    assert not page.shown
    await happens(page.save_agreement, form={"agreement": ""})
    assert is_text_of(PermissionDenied, page.notice)
