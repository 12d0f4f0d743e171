"""The view of memberships: for the one who pays it, for other adults on it, for another parent (DEP-11)."""

from datetime import date, datetime

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Coupon, Membership, MembershipCoupon, MembershipPause
from portal_app.domain.access import system_principal
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import AccountId, MembershipId, PatientId, new_id
from portal_app.domain.memberships.types import BilledBy, EndReason, MembershipStatus, Period, Standing
from portal_app.domain.memberships.upcoming import Change, ChangeKind
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.view import view_membership, view_memberships
from portal_app.services.memberships.views.types import (
    HowPaid,
    MembershipView,
    RenewalState,
    ViewerRole,
)
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.people import EVA, KIM, LUIS, LUIS_S, MARIA, RIVERA, TIM, VISA, People

SYSTEM = system_principal("test")
START = date(2026, 1, 15)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)


def family(*members: PatientId, **values: object) -> MembershipId:
    plan = add_plan("Care", description="All visits\nTelehealth", family_cap=Money(190_00))
    dates = {"start": START, "next_bill_date": date(2026, 7, 15)}
    return add_membership(RIVERA, plan, members or [MARIA.id, EVA.id], **dates | values)  # type: ignore[arg-type]


def only(view: tuple[MembershipView, ...]) -> MembershipView:
    (one,) = view
    return one


def test_who_pays_it_sees_all_of_it(db: str, sample_people: People):
    family(payment_method_id=VISA)
    view = only(view_memberships(sample_people.maria).current)
    assert (view.role, view.plan, view.includes) == (ViewerRole.OWNER, "Care", ("All visits", "Telehealth"))
    assert [(m.name, m.start, m.price, m.is_me) for m in view.members] == [
        ("Maria Rivera", START, Money(80_00), True),
        ("Eva Rivera", START, Money(30_00), False),
    ]
    assert view.next_bill
    assert (view.next_bill.day, view.next_bill.amount) == (date(2026, 7, 15), Money(110_00))
    assert view.price
    assert (view.price.amount, view.price.saved_by_cap) == (Money(110_00), Money(0))
    assert (view.how_paid, view.paid_with) == (HowPaid.AUTOPAY, "Visa ending in 4242")
    assert view.standing
    assert view.standing.standing is Standing.FINE
    assert (view.changes, view.renewal.state, view.can_cancel) == ((), RenewalState.NONE, True)
    assert view.cancel_last_day == date(2026, 7, 14)


def test_dep_11_of_another_adult_there_are_name_dates_and_price(db: str, sample_people: People):
    family(MARIA.id, LUIS.id)
    view = only(view_memberships(sample_people.maria).current)
    (luis,) = [member for member in view.members if member.name == "Luis Rivera"]
    assert (luis.start, luis.end, luis.price, luis.may_see) == (START, None, Money(80_00), False)


def test_dep_11_another_adult_on_it_sees_own_dates_and_price_and_the_others_names(
    db: str, sample_people: People
):
    membership = family(MARIA.id, LUIS.id, payment_method_id=VISA)
    enrol(membership, RIVERA, TIM.id, start=date(2026, 7, 15))
    view = only(view_memberships(sample_people.luis).current)
    assert (view.role, view.plan) == (ViewerRole.MEMBER, "Care")
    shown = {m.name: (m.start, m.price) for m in view.members}
    # Tim is Luis's child too: his dates are for him, what he costs is not.
    assert shown == {
        "Luis Rivera": (START, Money(80_00)),
        "Maria Rivera": (None, None),
        "Tim Rivera": (date(2026, 7, 15), None),
    }
    assert (view.price, view.next_bill, view.how_paid, view.paid_with, view.standing) == (
        None,
        None,
        None,
        "",
        None,
    )
    assert not (view.can_cancel or view.can_undo or view.cancel_by_contact)
    assert view.renewal.state is RenewalState.NONE
    assert [change.kind for change in view.changes] == [ChangeKind.MEMBER_STARTS]


def test_the_other_parent_of_a_child_sees_plan_and_dates_of_the_child(db: str, sample_people: People):
    membership = family(MARIA.id, EVA.id)
    view = only(view_memberships(sample_people.luis).current)
    assert (view.role, view.plan) == (ViewerRole.PARENT, "Care")
    assert [(m.name, m.start, m.price) for m in view.members] == [("Eva Rivera", START, None)]
    assert (view.price, view.next_bill) == (None, None)
    assert view_membership(sample_people.luis, membership) == view


def test_somebody_else_sees_nothing_and_staff_ask_elsewhere(db: str, sample_people: People):
    membership = family()
    assert view_memberships(sample_people.kim).current == ()
    with pytest.raises(NotFound):
        view_membership(sample_people.kim, membership)
    with pytest.raises(PermissionDenied):
        view_memberships(sample_people.olga)


def test_mem_1_a_member_who_starts_next_month_is_scheduled_with_the_new_amount(
    db: str, sample_people: People
):
    membership = family()
    enrol(membership, RIVERA, TIM.id, start=date(2026, 7, 15))
    view = only(view_memberships(sample_people.maria).current)
    assert [(change.kind, change.day, change.amount) for change in view.changes] == [
        (ChangeKind.MEMBER_STARTS, date(2026, 7, 15), None),
        (ChangeKind.AMOUNT, date(2026, 7, 15), Money(140_00)),
    ]
    assert view.next_bill
    assert view.next_bill.amount == Money(140_00)


def test_price_2_where_the_cap_bites_it_is_a_line(db: str, sample_people: People):
    family(MARIA.id, LUIS.id, EVA.id, TIM.id)
    view = only(view_memberships(sample_people.maria).current)
    assert view.price
    assert (view.price.saved_by_cap, view.price.amount) == (Money(30_00), Money(190_00))
    assert len(view.price.lines) == 4


def test_a_coupon_is_a_line(db: str, sample_people: People):
    membership = family()
    with transaction(SYSTEM) as tx:
        coupon = tx.add(Coupon(id=new_id("cpn"), code="SPRING", percent=10, created_at=clock.now()))
        tx.flush()
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=RIVERA,
                membership_id=membership,
                coupon_id=coupon.id,
                first_period=START,
                created_at=clock.now(),
            )
        )
    view = only(view_memberships(sample_people.maria).current)
    assert view.price
    assert [(line.code, line.amount) for line in view.price.coupons] == [("SPRING", Money(11_00))]
    assert view.price.amount == Money(99_00)


def test_mem_13_what_is_past_due_is_said(db: str, sample_people: People):
    family(next_bill_date=date(2026, 6, 10), anchor=date(2026, 1, 10))
    bill_memberships(system_principal("bill"))
    view = only(view_memberships(sample_people.maria).current)
    assert view.standing
    assert (view.standing.standing, view.standing.unpaid) == (Standing.PAST_DUE, Money(110_00))


def test_an_invoice_made_ahead_is_the_next_bill(db: str, sample_people: People):
    family(next_bill_date=date(2026, 6, 15))
    bill_memberships(system_principal("bill"))  # today's
    with clock.held_at(at(date(2026, 6, 14))):
        view = only(view_memberships(sample_people.maria).current)
    assert view.next_bill
    assert (view.next_bill.day, view.next_bill.amount) == (date(2026, 6, 15), Money(110_00))
    assert view.next_bill.invoice_id
    assert not view.next_bill.paid
    with transaction(SYSTEM) as tx:
        assert tx.get_or_404(Invoice, view.next_bill.invoice_id)


def test_the_enrolment_fee_is_in_the_next_bill_alone(db: str, sample_people: People):
    family(enrolment_fee_due=Money(50_00))
    view = only(view_memberships(sample_people.maria).current)
    assert view.next_bill
    assert view.price
    assert (view.next_bill.amount, view.next_bill.fee, view.price.amount) == (
        Money(160_00),
        Money(50_00),
        Money(110_00),
    )


@pytest.mark.parametrize("day", [None, date(2026, 7, 1)])
def test_mem_11_of_one_that_the_practice_bills_the_date_is_its_file_s(
    db: str, sample_people: People, day: date | None
):
    family(billed_by=BilledBy.PRACTICE, next_bill_date=day)
    view = only(view_memberships(sample_people.maria).current)
    assert (view.next_bill and view.next_bill.day) == day
    assert (view.how_paid, view.can_cancel, view.cancel_by_contact) == (HowPaid.PRACTICE, False, True)


def test_where_nothing_will_be_billed_again_there_is_no_next_bill(db: str, sample_people: People):
    family(ends_on=date(2026, 7, 14), end_reason=EndReason.CANCELLED)
    view = only(view_memberships(sample_people.maria).current)
    assert view.next_bill is None
    assert view.changes == (Change(ChangeKind.ENDS, date(2026, 7, 14)),)
    assert (view.can_undo, view.can_cancel) == (True, False)


def test_previous_memberships_are_apart(db: str, sample_people: People):
    ended = family(status=MembershipStatus.ENDED, ends_on=date(2026, 5, 14), end_reason=EndReason.EXPIRED)
    running = family(status=MembershipStatus.PAUSED)
    over = family(ends_on=date(2026, 6, 14), end_reason=EndReason.CANCELLED)  # the job has not run today
    view = view_memberships(sample_people.maria)
    assert [one.id for one in view.current] == [running]
    assert {one.id for one in view.previous} == {ended, over}
    assert all(one.next_bill is None and not one.can_cancel for one in view.previous)


def test_a_member_who_left_sees_it_among_the_previous(db: str, sample_people: People):
    membership = family(MARIA.id)
    enrol(membership, RIVERA, LUIS.id, start=START, end=date(2026, 5, 14))
    view = view_memberships(sample_people.luis)
    assert (view.current, [one.id for one in view.previous]) == ((), [membership])


def test_a_pause_is_scheduled_and_a_quarter_has_its_own_dates(db: str, sample_people: People):
    plan = add_plan("Quarterly", period=Period.QUARTER)
    membership = add_membership(
        RIVERA, plan, [MARIA.id], start=date(2026, 5, 1), next_bill_date=date(2026, 8, 1)
    )
    with transaction(SYSTEM) as tx:
        tx.add(
            MembershipPause(
                id=new_id("mpa"),
                account_id=AccountId(RIVERA),
                membership_id=membership,
                first_day=date(2026, 8, 1),
                last_day=date(2026, 8, 31),
                created_at=clock.now(),
            )
        )
    view = only(view_memberships(sample_people.maria).current)
    assert view.next_bill
    assert (view.period, view.next_bill.day) == (Period.QUARTER, date(2026, 11, 1))
    assert view.changes == (Change(ChangeKind.PAUSE, date(2026, 8, 1), last_day=date(2026, 8, 31)),)


def test_bill_4_a_member_without_date_of_birth_has_no_price_and_the_page_is_there(
    db: str, sample_people: People
):
    family()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id).birth_date = None
    view = only(view_memberships(sample_people.maria).current)
    assert view.price is None
    assert view.next_bill
    assert view.next_bill.amount is None
    assert {m.name: m.price for m in view.members}["Eva Rivera"] is None


def test_a_member_can_be_added_to_what_the_portal_bills_and_bills_again(db: str, sample_people: People):
    family()
    view = only(view_memberships(sample_people.maria).current)
    assert view.can_add
    family(billed_by=BilledBy.PRACTICE)
    family(status=MembershipStatus.PAUSED)
    family(ends_on=date(2026, 7, 14), end_reason=EndReason.CANCELLED)
    views = view_memberships(sample_people.maria).current
    assert [one.can_add for one in views].count(True) == 1
    assert not any(one.can_add for one in view_memberships(sample_people.luis).current)


def test_an_owner_who_is_no_member(db: str, sample_people: People):
    add_membership(LUIS_S, add_plan(), [KIM.id])
    luis = only(view_memberships(sample_people.luis).current)
    assert [(m.name, m.is_me, m.price) for m in luis.members] == [("Kim Okafor", False, Money(80_00))]
    kim = only(view_memberships(sample_people.kim).current)
    assert kim.role is ViewerRole.MEMBER
    with transaction(SYSTEM) as tx:
        assert tx.get_or_404(Membership, luis.id).account_id == LUIS_S
