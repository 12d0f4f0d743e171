"""What days change by themselves: ends, automatic renewals, pauses, members who are gone (REN cases)."""

from datetime import date, datetime

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import (
    Enrolment,
    Membership,
    MembershipEvent,
    MembershipPause,
    MembershipTerm,
)
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.types import EndReason, EventKind, MembershipStatus
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.lifecycle import advance_memberships
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan, add_price
from tests.people import EVA, MARIA, RIVERA, People

SYSTEM = system_principal("bill")


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def on(day: date) -> None:
    """A day's job: memberships move on, then what is due is billed."""
    with clock.held_at(datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)):
        advance_memberships(SYSTEM)
        bill_memberships(SYSTEM)


def contract(**values: object) -> MembershipId:
    """A year's contract to 30 June 2026, billed monthly on the first."""
    plan = add_plan("Care", contract_months=12)
    dates = {"start": date(2025, 7, 1), "contract_end": date(2026, 6, 30), "next_bill_date": date(2026, 6, 1)}
    return add_membership(RIVERA, plan, [MARIA.id, EVA.id], **dates | values)  # type: ignore[arg-type]


def row_of(membership: MembershipId) -> Membership:
    with reading(SYSTEM) as tx:
        return tx.get_or_404(Membership, membership)


def terms_of(membership: MembershipId) -> list[tuple[date, date | None]]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipTerm).where(MembershipTerm.membership_id == membership)
        return [(t.first_day, t.last_day) for t in tx.exec(wanted.order_by(col(MembershipTerm.first_day)))]


def test_a_contract_that_ends_without_renewal_ends_the_membership(db: str):
    membership = contract()
    on(date(2026, 6, 30))
    assert row_of(membership).status is MembershipStatus.ACTIVE
    on(date(2026, 7, 1))
    row = row_of(membership)
    assert (row.status, row.end_reason, row.next_bill_date) == (
        MembershipStatus.ENDED,
        EndReason.EXPIRED,
        None,
    )


def test_ren_3_an_automatic_renewal_makes_one_new_term_and_goes_on_being_billed(db: str):
    membership = contract(renews_automatically=True)
    for day in (date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 2)):
        on(day)
    assert terms_of(membership) == [
        (date(2025, 7, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2027, 6, 30)),
    ]
    row = row_of(membership)
    assert (row.status, row.contract_end, row.next_bill_date) == (
        MembershipStatus.ACTIVE,
        date(2027, 6, 30),
        date(2026, 8, 1),
    )


def test_ren_7_the_price_that_was_announced_is_the_new_terms(db: str):
    membership = contract(renews_automatically=True)
    announced = add_price(
        row_of(membership).plan_id, date(2026, 5, 1), [{"name": "all", "below": None, "minor": 1}]
    )
    add_price(row_of(membership).plan_id, date(2026, 6, 10), [{"name": "all", "below": None, "minor": 2}])
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Membership, membership).renewal_price_id = announced
    on(date(2026, 7, 1))
    with reading(SYSTEM) as tx:
        newest = select(MembershipTerm).order_by(col(MembershipTerm.first_day).desc())
        assert next(term.price_id for term in tx.exec(newest)) == announced


def test_a_cancelled_membership_ends_on_its_day_and_does_not_renew(db: str):
    membership = contract(
        renews_automatically=True, ends_on=date(2026, 6, 30), end_reason=EndReason.CANCELLED
    )
    on(date(2026, 7, 1))
    row = row_of(membership)
    assert (row.status, row.end_reason) == (MembershipStatus.ENDED, EndReason.CANCELLED)
    assert len(terms_of(membership)) == 1


def test_a_pause_is_a_status_as_long_as_it_lasts(db: str):
    membership = contract()
    with transaction(SYSTEM) as tx:
        tx.add(
            MembershipPause(
                id=new_id("mpa"),
                account_id=RIVERA,
                membership_id=membership,
                first_day=date(2026, 6, 10),
                last_day=date(2026, 6, 20),
                created_at=clock.now(),
            )
        )
    for day, status in (
        (10, MembershipStatus.PAUSED),
        (20, MembershipStatus.PAUSED),
        (21, MembershipStatus.ACTIVE),
    ):
        on(date(2026, 6, day))
        assert row_of(membership).status is status


def test_a_member_who_is_no_longer_a_patient_leaves_and_staff_are_told(db: str):
    membership = contract()
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id).status = PatientStatus.INACTIVE
    for _ in range(2):
        on(date(2026, 6, 15))
    with reading(SYSTEM) as tx:
        ends = {
            e.patient_id: e.end
            for e in tx.exec(select(Enrolment).where(Enrolment.membership_id == membership))
        }
        assert ends == {MARIA.id: None, EVA.id: date(2026, 6, 15)}
        assert len(tx.exec(select(Task).where(Task.kind == "member_gone")).all()) == 1
        kinds = [event.kind for event in tx.exec(select(MembershipEvent))]
        assert kinds == [EventKind.MEMBER_ENDED]


def test_only_the_system_moves_them_on(sample_people: People):
    with pytest.raises(RuntimeError):
        advance_memberships(sample_people.nora)
