"""An end that lies ahead is taken back by staff, and what could not be refunded is a task."""

from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.memberships import Enrolment
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import EndReason, EventKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.memberships.cancellation.cancel import cancel_membership
from portal_app.services.memberships.staff import errors
from portal_app.services.memberships.staff.ending import (
    End,
    end_by_practice,
    end_member,
    preview_member_end,
)
from portal_app.services.memberships.staff.take_back_end import preview_take_back_end, take_back_end
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, LUIS_S, MARIA, RIVERA, People
from tests.services.memberships.staff.helper import (
    SYSTEM,
    at,
    billed,
    events_of,
    invoices_of,
    pay_at_desk,
    refunds,
    row_of,
    run,
    set_membership_settings,
)

MARCH_15, MARCH_20, APRIL_14 = date(2026, 3, 15), date(2026, 3, 20), date(2026, 4, 14)
PROCESSOR = FakeProcessor()


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def family() -> MembershipId:
    """110.00 monthly, billed on 15 March."""
    membership = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=MARCH_15)
    run(MARCH_15)
    return membership


@pytest.mark.parametrize("by_owner", [False, True])
def test_it_runs_on_at_the_same_price_whoever_decided_the_end(db: str, by_owner: bool):
    membership = family()
    with at(MARCH_20):
        if by_owner:
            cancel_membership(People.maria, membership, APRIL_14)
        else:
            end_by_practice(People.nora, membership, End(APRIL_14, Money(0)), processor=PROCESSOR)
        assert preview_take_back_end(People.nora, membership).last_day == APRIL_14
    with at(APRIL_14):
        take_back_end(People.nora, membership)
        with pytest.raises(errors.NoEndAhead):
            take_back_end(People.nora, membership)
    run(date(2026, 4, 15))
    assert billed(membership) == [(MARCH_15, 110_00), (date(2026, 4, 15), 110_00)]
    row = row_of(membership)
    assert (row.status, row.ends_on, row.end_reason) == (MembershipStatus.ACTIVE, None, None)
    assert events_of(membership)[-1] is EventKind.CANCELLATION_UNDONE


def test_invoices_that_the_end_lowered_or_voided_are_due_again(db: str):
    set_membership_settings(days_ahead=7)
    membership = family()
    run(date(2026, 4, 8))
    with at(date(2026, 4, 9)):
        last_day = date(2026, 4, 9)
        seen = Money(110_00) + Money(17_74)  # of 15 April, and 5 of 31 days of the running period
        end_by_practice(People.nora, membership, End(last_day, seen), processor=PROCESSOR)
        running, ahead = invoices_of(membership)
        assert (running.due, ahead.status) == (Money(92_26), InvoiceStatus.VOID)
        take_back_end(People.nora, membership)
    running, voided, again = invoices_of(membership)
    assert (running.due, voided.status) == (Money(110_00), InvoiceStatus.VOID)
    assert (again.due, again.due_date) == (Money(110_00), date(2026, 4, 15))


def test_after_the_last_day_it_is_over(db: str):
    membership = family()
    with at(MARCH_20):
        with pytest.raises(errors.NoEndAhead):
            take_back_end(People.nora, membership)
        end_by_practice(People.nora, membership, End(APRIL_14, Money(0)), processor=PROCESSOR)
    with at(date(2026, 4, 15)), pytest.raises(errors.NoEndAhead):
        take_back_end(People.nora, membership)
    run(date(2026, 4, 15))
    with at(date(2026, 4, 15)), pytest.raises(errors.MembershipNotRunning):
        take_back_end(People.nora, membership)
    assert row_of(membership).end_reason is EndReason.ENDED_BY_PRACTICE


def test_mem_19_nobody_comes_to_be_on_the_plan_twice(db: str):
    membership = family()
    with at(MARCH_20):
        end_by_practice(People.nora, membership, End(APRIL_14, Money(0)), processor=PROCESSOR)
    other = add_membership(LUIS_S, row_of(membership).plan_id, [EVA.id], start=date(2026, 4, 15))
    with at(MARCH_20), pytest.raises(errors.AlreadyOnPlan):
        take_back_end(People.nora, membership)
    assert row_of(membership).ends_on == APRIL_14 and row_of(other).ends_on is None


def test_only_staff_who_manage_plans(db: str):
    membership = family()
    with at(MARCH_20):
        end_by_practice(People.nora, membership, End(APRIL_14, Money(0)), processor=PROCESSOR)
        for who in (People.dana, People.maria):
            with pytest.raises(PermissionDenied):
                take_back_end(who, membership)


def dispute_the_payment() -> None:
    """No payment of these is refunded any more."""
    with transaction(SYSTEM) as tx:
        for payment in tx.exec(select(Payment)).all():
            payment.status = PaymentStatus.DISPUTED


def refund_tasks() -> list[dict[str, object]]:
    with reading(SYSTEM) as tx:
        return [row.values["amount"] for row in tx.exec(select(Task)) if row.kind == "end_refund_refused"]


@pytest.mark.loose_rows
def test_a_refund_that_is_refused_after_a_members_end_is_a_task(db: str):
    set_membership_settings(days_ahead=7)
    membership = family()
    run(date(2026, 4, 8))
    pay_at_desk(invoices_of(membership)[1].id, 110_00)
    dispute_the_payment()
    with reading(SYSTEM) as tx:
        eva = tx.exec(select(Enrolment).where(Enrolment.patient_id == EVA.id)).one().id
    with at(date(2026, 4, 9)):
        seen = preview_member_end(People.nora, eva, APRIL_14)
        done = end_member(People.nora, eva, End(APRIL_14, seen.unearned), processor=PROCESSOR)
    assert (done.refunded, done.refused, refunds()) == (None, Money(30_00), [])
    assert refund_tasks() == [{"minor": 30_00, "currency": "USD"}]


@pytest.mark.loose_rows
def test_a_refund_that_is_refused_after_the_end_of_all_is_a_task(db: str):
    membership = family()
    pay_at_desk(invoices_of(membership)[0].id, 110_00)
    dispute_the_payment()
    with at(date(2026, 3, 25)):
        end = End(date(2026, 3, 25), Money(70_97), refund=True)
        done = end_by_practice(People.nora, membership, end, processor=PROCESSOR)
    assert (done.refunded, done.refused, refunds()) == (None, Money(70_97), [])
    assert refund_tasks() == [{"minor": 70_97, "currency": "USD"}]
