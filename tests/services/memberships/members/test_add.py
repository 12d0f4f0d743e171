"""Adding a member: when they start, what it costs, who is told (MEM-1 to MEM-4, MEM-12, MEM-13, PRICE-1, PRICE-2)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.services.memberships.members import errors
from portal_app.services.memberships.members.add import Shown, add_member
from portal_app.services.memberships.members.preview import begin_adding, preview_member
from portal_app.services.patients.contact_details import Address
from portal_app.services.patients.errors import ContactIsNoEmail
from portal_app.services.sign_in.errors import InvalidContact
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, KIM, LUIS, LUIS_S, MARIA, RIVERA, TIM, VISA, People
from tests.services.memberships.members.helper import (
    CARA,
    DAN,
    SYSTEM,
    add,
    bill,
    days_ahead,
    dollars,
    enrolments,
    family,
    history,
    invoices,
    on,
    tasks,
)


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


def test_mem_1_a_child_added_in_between_starts_on_the_next_bill_date(db: str, people: People):
    membership = family()
    with on(3, 3):
        seen = preview_member(people.maria, membership, CARA)
        added = add(people.maria, membership)
    assert (seen.price.start, seen.days) == (date(2026, 3, 15), 12)
    assert (seen.price.change.amount_before, seen.price.amount) == (dollars(110), dollars(140))
    assert sorted((line.is_new, line.amount.minor) for line in seen.lines) == [
        (False, 30_00),
        (False, 80_00),
        (True, 30_00),
    ]
    assert seen.price.own_invoice is None
    assert added.start == date(2026, 3, 15)
    assert invoices(membership) == []
    with on(3, 15):
        bill()
    assert invoices(membership) == [("period", date(2026, 3, 15), [80_00, 30_00, 30_00], 140_00)]


@pytest.mark.parametrize(("billed", "start"), [(False, date(2026, 3, 15)), (True, date(2026, 4, 15))])
def test_mem_2_on_the_bill_date_it_depends_on_that_days_invoice(
    db: str, people: People, billed: bool, start: date
):
    membership = family()
    with on(3, 15):
        if billed:
            bill()
        assert preview_member(people.maria, membership, CARA).price.start == start
        assert add(people.maria, membership).start == start
        bill()
    amounts = [80_00, 30_00] if billed else [80_00, 30_00, 30_00]
    assert invoices(membership) == [("period", date(2026, 3, 15), amounts, sum(amounts))]


def test_mem_3_after_an_invoice_made_ahead_each_has_one_of_their_own(db: str, people: People):
    days_ahead(7)
    membership = family()
    with on(3, 8):
        bill()
    with on(3, 10):
        seen = preview_member(people.maria, membership, CARA).price
        assert (seen.start, seen.own_invoice) == (date(2026, 3, 15), dollars(30))
        add(people.maria, membership)
    with on(3, 11):
        add(people.maria, membership, DAN)
        bill()
    due = date(2026, 3, 15)
    assert invoices(membership) == [
        ("period", due, [80_00, 30_00], 110_00),
        ("added_member", due, [30_00], 30_00),
        ("added_member", due, [30_00], 30_00),
    ]
    with on(4, 8):
        bill()
    assert invoices(membership)[-1] == ("period", date(2026, 4, 15), [80_00, 30_00, 30_00, 30_00], 170_00)


def test_mem_4_a_quarterly_plan_says_in_how_many_days(db: str, people: People):
    membership = family(Period.QUARTER, date(2026, 5, 1))
    with on(3, 3):
        seen = preview_member(people.maria, membership, CARA)
        assert (seen.price.start, seen.days) == (date(2026, 5, 1), 59)
        assert begin_adding(people.maria, membership).start == date(2026, 5, 1)


def test_price_1_a_teenager_is_added_to_an_adult_and_a_child(db: str, people: People):
    membership = family(next_bill=date(2026, 7, 1))
    eli = replace(DAN, given_name="Eli", birth_date=date(2011, 2, 2))
    with on(6, 10):
        price = preview_member(people.maria, membership, eli).price
    assert (price.start, price.change.amount_before, price.amount) == (
        date(2026, 7, 1),
        dollars(110),
        dollars(140),
    )
    assert not price.change.is_capped


def test_price_2_at_the_family_cap_the_price_is_unchanged_and_said_so(db: str, people: People):
    plan = add_plan("Capped", family_cap=dollars(190))
    start = date(2026, 7, 1)
    membership = add_membership(RIVERA, plan, [MARIA.id, LUIS.id, EVA.id], start=start)
    with on(6, 10):
        seen = preview_member(people.maria, membership, DAN)
    assert (seen.price.change.amount_before, seen.price.amount) == (dollars(190), dollars(190))
    assert seen.price.change.is_capped
    assert seen.saved_by_cap == dollars(30)


def test_mem_12_added_twice_or_the_same_name_and_birth_date_is_one_member(db: str, people: People):
    membership = family()
    with on(3, 3):
        first = add(people.maria, membership)
        price = Shown(date(2026, 3, 15), dollars(140))
        again = add_member(people.maria, membership, CARA, price)
        respelled = add_member(people.maria, membership, replace(CARA, given_name=" CÁRA "), price)
        known = add_member(people.maria, membership, EVA.id, price)
    assert first.patient_id == again.patient_id == respelled.patient_id
    assert known.patient_id == EVA.id
    assert len(enrolments(membership)) == 3


def test_mem_12_the_preview_of_somebody_who_was_added_before_shows_the_first(db: str, people: People):
    membership = family()
    with on(3, 3):
        add(people.maria, membership)
        for whom in (CARA, replace(CARA, given_name="cara"), EVA.id):
            with pytest.raises(errors.AlreadyAMember) as refusal:
                preview_member(people.maria, membership, whom)
    assert refusal.value.values["person"] == "Eva Rivera"


def test_mem_13_while_an_invoice_is_past_due_adding_is_held(db: str, people: People):
    membership = family()
    with on(3, 15):
        bill()
    with on(3, 16), pytest.raises(errors.AddingHeld):
        begin_adding(people.maria, membership)
    with on(3, 16), pytest.raises(errors.AddingHeld):
        add_member(people.maria, membership, CARA, Shown(date(2026, 4, 15), dollars(140)))
    assert len(enrolments(membership)) == 2


def test_mem_16_the_confirmation_announces_the_next_charge(db: str, people: People):
    days_ahead(7)
    membership = family()
    with transaction(SYSTEM) as tx:
        row = tx.get_or_404(Membership, membership)
        row.payment_method_id, row.announced_amount, row.announced_for = VISA, dollars(110), date(2026, 3, 15)
    with on(3, 8):
        bill()
    with on(3, 10):
        add(people.maria, membership)
    with reading(SYSTEM) as tx:
        row = tx.get_or_404(Membership, membership)
        said = tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "member_added")).all()
    assert (row.announced_amount, row.announced_for) == (dollars(140), date(2026, 3, 15))
    assert said
    assert all("$140.00" in message.body and "Cara" not in message.body for message in said)


def test_somebody_new_becomes_a_patient_of_the_family_without_a_chart_number(db: str, people: People):
    membership = family()
    whom = replace(CARA, email="Cara@Example.com", phone="(212) 555-0199")
    with on(3, 3):
        added = add(people.maria, membership, whom)
    with reading(SYSTEM) as tx:
        cara, maria = tx.get_or_404(Patient, added.patient_id), tx.get_or_404(Patient, MARIA.id)
        assert (cara.chart_number, cara.family_id, cara.account_id) == (None, maria.family_id, RIVERA)
        assert (cara.given_name, cara.birth_date, cara.sex) == ("Cara", date(2019, 8, 1), "female")
        points = tx.exec(select(ContactPoint).where(ContactPoint.patient_id == cara.id)).all()
        assert sorted(point.value for point in points) == ["+12125550199", "cara@example.com"]
        assert len(tx.exec(select(Account)).all()) == 5
    asked = tasks("chart_number_missing")
    assert [(task.patient_id, task.values["person"]) for task in asked] == [(cara.id, "Cara Rivera")]
    told = tasks("member_added")
    assert [task.account_id for task in told] == [RIVERA]
    assert history(membership) == ["member_added"]


def test_a_patient_whom_the_owner_acts_for_keeps_guarantor_and_chart(db: str, people: People):
    plan = add_plan("Family")
    membership = add_membership(LUIS_S, plan, [LUIS.id])
    added = add(people.luis, membership, TIM.id)
    with reading(SYSTEM) as tx:
        tim = tx.get_or_404(Patient, TIM.id)
    assert (added.patient_id, tim.account_id, tim.chart_number) == (TIM.id, RIVERA, "C-0004")
    assert tasks("chart_number_missing") == []


def test_a_price_of_an_old_page_is_refused_and_nothing_is_written(db: str, people: People):
    membership = family()
    with on(3, 3):
        for stale in (
            Shown(date(2026, 3, 15), dollars(130)),
            Shown(date(2026, 4, 15), dollars(140)),
            Shown(date(2026, 3, 15), Money(0)),
        ):
            with pytest.raises(errors.PriceChanged):
                add_member(people.maria, membership, CARA, stale)
    with reading(SYSTEM) as tx:
        assert tx.exec(select(Patient).where(col(Patient.chart_number).is_(None))).all() == []
    assert len(enrolments(membership)) == 2


REFUSED = [
    ({"birth_date": clock.today().replace(2027)}, errors.BornInFuture, "born"),
    ({"birth_date": date(1895, 1, 1)}, errors.BornTooLongAgo, "born"),
    ({"given_name": "  "}, errors.NameMissing, "given_name"),
    ({"family_name": "123"}, errors.NameMissing, "family_name"),
    ({"given_name": "x" * 201}, errors.NameTooLong, "given_name"),
    ({"sex": "none"}, errors.SexMissing, "sex"),
    ({"relationship": "boss"}, errors.RelationshipMissing, "relationship"),
    ({"birth_date": date(1990, 1, 1)}, errors.ConsentMissing, "consent"),
    ({"email": "no address"}, InvalidContact, "email"),
    ({"email": "212 555 0199"}, ContactIsNoEmail, "email"),
    ({"phone": "12"}, InvalidContact, "phone"),
    ({"address": Address()}, errors.AddressMissing, "line1"),
]


@pytest.mark.parametrize(("wrong", "error", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_refused_at_its_field(
    db: str, people: People, wrong: dict[str, object], error: type[UserError], field: str
):
    membership = family()
    with on(3, 3), pytest.raises(error) as refused:
        preview_member(people.maria, membership, replace(CARA, **wrong))  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["O'Neill-D’Arcy", "李", "Ñandú", "प्रिया", "ع", "n" * 200])
def test_names_in_any_script_and_200_characters_long_work(db: str, people: People, name: str):
    membership = family()
    with on(3, 3):
        added = add(people.maria, membership, replace(CARA, given_name=name, family_name=name))
    assert added.name == f"{name} {name}"


def test_an_age_without_a_price_is_refused(db: str, people: People):
    membership = family(bands=[{"name": "adult", "below": 50, "minor": 80_00}])
    old = replace(CARA, birth_date=date(1960, 1, 1), consent=True)
    with on(3, 3), pytest.raises(errors.NoPriceForAge):
        preview_member(people.maria, membership, old)


def test_only_an_active_membership_of_the_portal_takes_members(db: str, people: People):
    plan = add_plan("Other")
    paused = add_membership(RIVERA, plan, [MARIA.id], status=MembershipStatus.PAUSED)
    elsewhere = add_membership(RIVERA, plan, [MARIA.id], billed_by=BilledBy.PRACTICE)
    ending = add_membership(RIVERA, plan, [MARIA.id], ends_on=clock.today() + timedelta(days=3))
    for membership, error in (
        (paused, errors.MembershipNotActive),
        (elsewhere, errors.BilledElsewhere),
        (ending, errors.NothingBilledAgain),
    ):
        with pytest.raises(error):
            begin_adding(people.maria, membership)


def test_nobody_adds_to_a_membership_that_is_not_theirs(db: str, people: People):
    membership = family()
    shown = Shown(date(2026, 3, 15), dollars(140))
    for other in (people.kim, people.luis, people.nina):
        with on(3, 3), pytest.raises(NotFound):
            add_member(other, membership, CARA, shown)
    with on(3, 3), pytest.raises(NotFound):
        add_member(people.maria, membership, KIM.id, shown)


def test_ten_new_people_a_day_are_the_most(db: str, people: People):
    membership = family()
    with on(3, 3):
        for day in range(1, 11):
            add(people.maria, membership, replace(CARA, birth_date=date(2020, 1, day)))
        with pytest.raises(errors.TooManyAdded):
            add(people.maria, membership, replace(CARA, birth_date=date(2020, 1, 28)))
