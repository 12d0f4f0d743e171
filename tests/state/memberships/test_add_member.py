"""The page "Add a member": its steps, what it keeps, what it asks, and what the owner sees before confirming."""

from datetime import date
from typing import Any

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Grant, Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.types import BilledBy, Period
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.members.errors import (
    AddingHeld,
    AlreadyAMember,
    BilledElsewhere,
    BornInFuture,
    ConsentMissing,
    PriceChanged,
    RelationshipMissing,
    RequestWithdrawn,
)
from portal_app.services.patients.errors import ContactIsNoEmail
from portal_app.state.errors import BirthDateIncomplete, NobodyChosen
from portal_app.state.family.members import MembersState
from portal_app.state.memberships.add_member import AddMemberState
from portal_app.state.memberships.memberships import MembershipsState
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.people import EVA, LUIS, MARIA, RIVERA, TIM, People
from tests.services.memberships.members.helper import enrolments, family, on, tasks
from tests.state_helper import happens, is_text_of, look_from, on_screen, shows_refusal

SYSTEM = system_principal("test")
CARA = {
    "given_name": "Cara",
    "family_name": "Rivera",
    "born_month": "8",
    "born_day": "1",
    "born_year": "2019",
    "sex": "female",
    "relationship": "child",
}
HOME = {"email": "", "phone": "", "where": "owner"}


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    made = People.create()
    look_from(monkeypatch, made.maria)
    return made


def luis_shares_with_maria() -> None:
    """So she knows him to be a patient."""
    with transaction(SYSTEM) as tx:
        grant = Grant(id=new_id("grt"), patient_id=LUIS.id, to_id=MARIA.id, kind=GrantKind.CONTACT)
        grant.created_at = clock.now()
        tx.add(grant)


async def opened(membership: str, state: Any = AddMemberState) -> Any:
    page = on_screen(state, f"/memberships/add?id={membership}")
    await happens(page.load)
    return page


async def typed_in(page: AddMemberState, **other: str) -> AddMemberState:
    """Through the steps, with Cara's details unless said otherwise."""
    if page.step == "who":
        await happens(page.choose_person, form={"whom": "new"})
    await happens(page.save_person, form={name: other.pop(name, value) for name, value in CARA.items()})
    if page.step == "contact":
        await happens(page.save_contact, form=HOME | other)
    return page


async def test_mem_1_a_child_is_added_in_steps_with_the_price_before_and_after(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership))
        check = page.check
        assert page.step == "check"
        assert (check.first_day, check.wait) == ("March 15, 2026", "in 12 days")
        assert (check.before, check.after) == ("$110.00 a month", "$140.00 a month")
        assert [(row.label, row.amount) for row in check.lines] == [
            ("Maria Rivera", "$80.00"),
            ("Eva Rivera", "$30.00"),
            ("Cara Rivera (new)", "$30.00"),
        ]
        assert not (check.is_same or check.own_invoice or check.is_asked or check.is_far)
        await happens(page.add)
        assert (page.step, page.message) == ("done", "Cara Rivera starts on March 15, 2026")
        assert {task.kind for task in tasks("member_added", "chart_number_missing")} == {
            "member_added",
            "chart_number_missing",
        }


async def test_mem_4_a_start_that_is_far_off_says_how_to_start_sooner(people: People):
    membership = family(Period.QUARTER, date(2026, 5, 1))
    with on(3, 3):
        page = await typed_in(await opened(membership))
        assert (page.check.wait, page.check.is_far) == ("in 59 days", True)


async def test_mem_12_adding_twice_adds_one_and_a_second_try_shows_the_first(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership))
        await happens(page.add)
        await happens(page.add)
        again = await typed_in(await opened(membership), given_name="CARA")
        assert shows_refusal(again, AlreadyAMember)
    assert len(enrolments(membership)) == 3


async def test_what_was_typed_is_there_again_and_gone_once_it_is_added(people: People):
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        await happens(page.choose_person, form={"whom": "new"})
        await happens(page.save_draft_field, field="given_name", value="Cara")
        await happens(page.save_draft_field, field="consent", value="on")  # no field that is kept
        page = await opened(membership)
        assert (page.step, page.restored, page.typed) == ("who", True, {"given_name": "Cara"})
        await typed_in(page)
        page = await opened(membership)
        assert (page.step, page.check.name) == ("check", "Cara Rivera")
        await happens(page.back)
        assert (page.step, page.typed["born_year"]) == ("contact", "2019")
        await happens(page.back)
        assert (page.step, page.typed["family_name"]) == ("person", "Rivera")
        await typed_in(page)
        await happens(page.add)
        page = await opened(membership)
        assert (page.step, page.typed, page.restored) == ("who", {}, False)


async def test_start_over_drops_what_was_typed(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership))
        await happens(page.start_over)
        assert (page.step, page.typed) == ("who", {})
        assert (await opened(membership)).typed == {}


async def test_each_step_says_at_the_field_what_is_wrong(people: People):
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        await happens(page.choose_person, form={})
        assert shows_refusal(page, NobodyChosen, "whom")
        for wrong, refusal, where in (
            ({"born_year": "2027"}, BornInFuture, "born"),
            ({"born_day": ""}, BirthDateIncomplete, "born"),
            ({"relationship": ""}, RelationshipMissing, "relationship"),
        ):
            await typed_in(page, **wrong)
            assert shows_refusal(page, refusal, where), wrong
            assert page.step == "person"
        await typed_in(page, email="no address")
        assert (page.step, list(page.field_errors)) == ("contact", ["email"])
        await happens(page.save_contact, form=HOME | {"email": "212 555 0199"})
        assert shows_refusal(page, ContactIsNoEmail, "email")
        await happens(page.save_contact, form=HOME | {"where": "other"})
        assert (page.step, list(page.field_errors)) == ("contact", ["line1"])


async def test_an_adult_who_is_new_needs_consent_which_no_draft_keeps(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership), born_year="1990")
        assert page.adult
        assert shows_refusal(page, ConsentMissing, "consent")
        await happens(page.save_contact, form=HOME | {"consent": "on"})
        assert (page.step, page.check.after) == ("check", "$190.00 a month")
        again = await opened(membership)
        assert (again.step, again.adult) == ("contact", True)


async def test_a_possible_duplicate_is_asked_about_first(people: People):
    membership = family()
    tim = {"given_name": "Timothy", "born_month": "5", "born_day": "2", "born_year": "2012", "sex": "male"}
    with reading(SYSTEM) as tx:
        born = tx.get_or_404(Patient, TIM.id).birth_date
    assert born is not None
    tim |= {"born_month": str(born.month), "born_day": str(born.day), "born_year": str(born.year)}
    with on(3, 3):
        page = await typed_in(await opened(membership), **tim)
        assert (page.step, [one.name for one in page.choices]) == ("alike", ["Tim Rivera"])
        await happens(page.answer_alike, form={})
        assert shows_refusal(page, NobodyChosen, "whom")
        await happens(page.answer_alike, form={"whom": EVA.id})
        assert page.step == "alike"
        await happens(page.answer_alike, form={"whom": TIM.id})
        assert (page.step, page.check.name) == ("check", "Tim Rivera")
        await happens(page.add)
        assert enrolments(membership)[-1].patient_id == TIM.id
        assert (await opened(membership)).typed == {}


async def test_somebody_else_with_a_similar_name_is_added_as_new(people: People):
    membership = family()
    with reading(SYSTEM) as tx:
        born = tx.get_or_404(Patient, TIM.id).birth_date
    assert born is not None
    twin = {"born_month": str(born.month), "born_day": str(born.day), "born_year": str(born.year)}
    with on(3, 3):
        page = await typed_in(await opened(membership), given_name="Timo", sex="male", **twin)
        await happens(page.answer_alike, form={"whom": "new"})
        assert (page.step, page.check.name) == ("check", "Timo Rivera")
        await happens(page.add)
        assert page.step == "done"
    assert enrolments(membership)[-1].patient_id != TIM.id


async def test_a_child_on_file_is_chosen_without_typing(people: People):
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        assert TIM.id in [one.id for one in page.choices]
        await happens(page.choose_person, form={"whom": TIM.id})
        assert (page.step, page.check.name) == ("check", "Tim Rivera")
        await happens(page.back)
        assert page.step == "who"


async def test_price_2_the_family_price_covers_one_more_and_the_page_says_so(people: People):
    plan = add_plan("Family", family_cap=Money(190_00))
    start = date(2026, 6, 20)
    membership = add_membership(RIVERA, plan, [MARIA.id, LUIS.id, EVA.id], start=start)
    page = await typed_in(await opened(membership))
    assert (page.check.is_same, page.check.before, page.check.after) == (
        True,
        "$190.00 a month",
        "$190.00 a month",
    )
    assert [row.amount for row in page.check.lines][-1] == "−$30.00"


async def test_a_price_that_changed_since_is_shown_before_it_is_agreed(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership))
        enrol(membership, RIVERA, TIM.id, start=date(2026, 3, 15))
        await happens(page.add)
        assert shows_refusal(page, PriceChanged)
        assert (page.step, page.check.after) == ("check", "$170.00 a month")
        await happens(page.add)
        assert page.step == "done"


async def test_mem_13_while_a_payment_is_past_due_it_says_why_and_how_to_pay(people: People):
    membership = family()
    with on(3, 15):
        bill_memberships(system_principal("bill"))
    with on(3, 17):
        page = await opened(membership)
        assert page.step == "held"
        assert is_text_of(AddingHeld, page.why_not)
        assert page.pay_href == f"/payments?account={RIVERA}&pay=membership&membership={membership}"


async def test_mem_3_where_the_invoice_was_made_ahead_an_own_one_is_announced(people: People):
    membership = family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Practice, "practice").membership_settings = {"days_ahead": 7}
    with on(3, 8):
        bill_memberships(system_principal("bill"))
    with on(3, 10):
        page = await typed_in(await opened(membership))
        assert page.check.own_invoice == "$30.00"


async def test_what_the_practice_bills_and_somebody_elses_take_no_member(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    theirs = add_membership(RIVERA, add_plan("Care"), [MARIA.id], billed_by=BilledBy.PRACTICE)
    page = await opened(theirs)
    assert page.step == "held" and is_text_of(BilledElsewhere, page.why_not)
    mine = family()
    for who in (people.luis, people.kim):
        look_from(monkeypatch, who)
        page = await opened(mine)
        assert page.missing and not page.plan
    assert (await opened("x")).missing


async def test_an_adult_on_file_is_asked_and_joins_after_agreeing(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    luis_shares_with_maria()
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        await happens(page.choose_person, form={"whom": LUIS.id})
        assert page.check.is_asked
        await happens(page.add)
        assert page.message == "We asked Luis Rivera"
        assert len(enrolments(membership)) == 2
        look_from(monkeypatch, people.luis)
        theirs = await opened(membership, MembershipsState)
        (asked,) = theirs.asked
        assert asked.title == "Maria Rivera would like you on the membership Family"
        assert asked.starts == "March 15, 2026"
        await happens(theirs.answer_request, request=asked.id, agreed=True)
        assert theirs.message == "You join. You are a member from March 15, 2026 on."
        assert theirs.asked == []
    assert enrolments(membership)[-1].patient_id == LUIS.id


async def test_who_asked_sees_it_and_withdraws_it(people: People, monkeypatch: pytest.MonkeyPatch):
    luis_shares_with_maria()
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        await happens(page.choose_person, form={"whom": LUIS.id})
        await happens(page.add)
        look_from(monkeypatch, people.luis)
        theirs = await opened(membership, MembershipsState)
        look_from(monkeypatch, people.maria)
        mine = await opened(membership, MembershipsState)
        (waiting,) = mine.current[0].asked
        assert (waiting.name, "April 2, 2026" in waiting.note) == ("Luis Rivera", True)
        await happens(mine.withdraw_request, request=waiting.id)
        assert mine.current[0].asked == [] and mine.tone == "paid"
        look_from(monkeypatch, people.luis)
        await happens(theirs.answer_request, request=waiting.id, agreed=True)
        assert shows_refusal(theirs, RequestWithdrawn)
    assert len(enrolments(membership)) == 2


async def test_who_declines_does_not_join(people: People, monkeypatch: pytest.MonkeyPatch):
    luis_shares_with_maria()
    membership = family()
    with on(3, 3):
        page = await opened(membership)
        await happens(page.choose_person, form={"whom": LUIS.id})
        await happens(page.add)
        look_from(monkeypatch, people.luis)
        theirs = await opened(membership, MembershipsState)
        await happens(theirs.answer_request, request=theirs.asked[0].id, agreed=False)
        assert theirs.message == "You do not join. Nothing changes for you."
    assert len(enrolments(membership)) == 2


async def test_mem_15_a_member_is_taken_back_before_starting(people: People):
    membership = family()
    with on(3, 3):
        page = await typed_in(await opened(membership))
        await happens(page.add)
        overview = on_screen(MembershipsState, "/memberships")
        await happens(overview.load)
        (card,) = overview.current
        assert card.add_href == f"/memberships/add?id={membership}"
        waiting = [row for row in card.members if row.enrolment]
        assert [row.name for row in waiting] == ["Cara Rivera"]
        await happens(overview.take_back, enrolment=waiting[0].enrolment)
        assert overview.message == "Taken off the membership. Nothing is charged for them."
        assert [row.name for row in overview.current[0].members] == ["Maria Rivera", "Eva Rivera"]


async def test_the_page_of_members_leads_to_adding_one(people: People):
    membership = family()
    with on(3, 3):
        page = await opened(membership, MembersState)
        assert page.add_href == f"/memberships/add?id={membership}"
        add_membership(RIVERA, add_plan("Other"), [MARIA.id], start=date(2026, 3, 20))
        assert (await opened(membership, MembersState)).add_href == "/memberships"
