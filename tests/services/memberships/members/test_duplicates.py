"""Who may be on file already: asked about among those the owner may see, else told to staff alone (MEM-19)."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.domain.families import PatientStatus
from portal_app.services.memberships.members import errors
from portal_app.services.memberships.members.preview import begin_adding, preview_member
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.people import EVA, KIM, LUIS, LUIS_S, MARIA, OKAFOR, RIVERA, TIM, TOM, People
from tests.services.memberships.members.helper import CARA, SYSTEM, add, enrolments, family, on, tasks

TIMMY = replace(CARA, given_name="Timothy", family_name="Rivera", birth_date=TIM.birth_date, sex="male")


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


def test_somebody_alike_whom_the_owner_may_see_is_asked_about_first(db: str, people: People):
    membership = family()
    with on(3, 3):
        assert [one.id for one in preview_member(people.maria, membership, TIMMY).alike] == [TIM.id]
        with pytest.raises(errors.PossibleDuplicate):
            add(people.maria, membership, TIMMY)
        assert len(enrolments(membership)) == 2
        added = add(people.maria, membership, TIMMY, not_these=(TIM.id,))
    assert added.patient_id not in (TIM.id, TOM.id)
    assert tasks("possible_duplicate") == []  # the owner said that they are two


def test_a_twin_with_another_name_is_not_asked_about(db: str, people: People):
    membership = family()
    with on(3, 3):
        assert preview_member(people.maria, membership, replace(TIMMY, given_name="Ruth")).alike == ()


def test_somebody_alike_whom_the_owner_may_not_see_is_in_the_staff_task_alone(db: str, people: People):
    membership = family()
    kim = replace(CARA, given_name="Kimberly", family_name="Okafor", birth_date=KIM.birth_date, consent=True)
    with on(3, 3):
        assert preview_member(people.maria, membership, kim).alike == ()
        added = add(people.maria, membership, kim)
    assert added.patient_id != KIM.id
    told = tasks("possible_duplicate")
    assert [(task.patient_id, task.values["other"], task.values["chart"]) for task in told] == [
        (added.patient_id, "Kim Okafor", "C-0010")
    ]


def test_mem_19_on_another_membership_of_the_plan_is_refused_on_another_plan_allowed(db: str, people: People):
    plan, other_plan = add_plan("Family"), add_plan("Other")
    hers = add_membership(RIVERA, plan, [MARIA.id, TIM.id])
    second = add_membership(RIVERA, plan, [MARIA.id])
    his = add_membership(LUIS_S, plan, [LUIS.id])
    his_other = add_membership(LUIS_S, other_plan, [LUIS.id])
    with pytest.raises(errors.AlreadyOnPlan) as refused:
        add(people.luis, his, TIM.id)
    assert refused.value.values == {}
    with pytest.raises(errors.AlreadyOnYourPlan) as said:
        add(people.maria, second, TIM.id)
    assert said.value.values["date"] == date(2026, 6, 1)
    assert add(people.luis, his_other, TIM.id).patient_id == TIM.id
    assert len(enrolments(hers)) == 2
    assert len(enrolments(his)) == 1


def test_somebody_whose_membership_has_an_end_ahead_is_not_on_it_twice(db: str, people: People):
    plan = add_plan("Family")
    membership = add_membership(RIVERA, plan, [MARIA.id])
    enrol(membership, RIVERA, EVA.id, start=date(2026, 6, 1), end=date(2026, 7, 31))
    with pytest.raises(errors.StillAMember):
        add(people.maria, membership, EVA.id)


def test_the_first_step_offers_those_the_owner_acts_for_and_nobody_else(db: str, people: People):
    membership = family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, TOM.id).status = PatientStatus.INACTIVE
    with on(3, 3):
        assert [one.id for one in begin_adding(people.maria, membership).choices] == [TIM.id]
        with pytest.raises(errors.PersonNotActive):
            add(people.maria, membership, TOM.id)


def test_the_owner_who_is_no_member_adds_themself_without_being_asked(db: str, people: People):
    membership = add_membership(OKAFOR, add_plan("Family"), [])
    assert not add(people.kim, membership, KIM.id).is_asked
    with reading(SYSTEM) as tx:
        assert len(tx.exec(select(Patient)).all()) == 10
