"""Ends by staff: the period's end, at once with the unearned part to the cent (MEM-6, MEM-18)."""

from datetime import date

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Enrolment
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import BilledBy, EndReason, EventKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.memberships.staff import errors
from portal_app.services.memberships.staff.ending import (
    End,
    end_by_practice,
    end_member,
    preview_end,
    preview_member_end,
)
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.people import EVA, MARIA, RIVERA, TIM, People, add_payment_method
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

MARCH_15, MARCH_25 = date(2026, 3, 15), date(2026, 3, 25)
PROCESSOR = FakeProcessor()


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def family(**values: object) -> MembershipId:
    """110.00 monthly, billed on 15 March."""
    membership = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=MARCH_15, **values)
    run(MARCH_15)
    return membership


def test_mem_18_the_unearned_part_of_a_paid_invoice_is_refunded_if_staff_say_so(db: str):
    membership = family(payment_method_id=add_payment_method(RIVERA))
    pay_at_desk(invoices_of(membership)[0].id, 110_00)
    with at(MARCH_25):
        seen = preview_end(People.nora, membership, MARCH_25)
        assert (seen.unearned, seen.credited, seen.refundable) == (Money(70_97), Money(0), Money(70_97))
        end = End(MARCH_25, seen.unearned, refund=True, reason="moves away")
        assert end_by_practice(People.nora, membership, end, processor=PROCESSOR).refunded == Money(70_97)
    assert refunds() == [70_97]
    (invoice,) = invoices_of(membership)
    assert (invoice.due, invoice.adjusted) == (Money(0), Money(-70_97))
    row = row_of(membership)
    assert (row.ends_on, row.next_bill_date, row.payment_method_id) == (MARCH_25, None, None)
    run(date(2026, 3, 26), date(2026, 4, 15))
    assert row_of(membership).status is MembershipStatus.ENDED
    assert row_of(membership).end_reason is EndReason.ENDED_BY_PRACTICE
    assert billed(membership) == [(MARCH_15, 110_00)]
    assert EventKind.CANCELLED in events_of(membership)


def test_mem_18_an_unpaid_invoice_gets_a_credit_and_a_partly_paid_one_both(db: str):
    membership = family()
    with at(MARCH_25):
        end_by_practice(People.nora, membership, End(MARCH_25, Money(70_97)), processor=PROCESSOR)
    (invoice,) = invoices_of(membership)
    assert (invoice.due, invoice.status, refunds()) == (Money(39_03), InvoiceStatus.OPEN, [])


def test_mem_18_never_more_than_was_paid(db: str):
    membership = family()
    pay_at_desk(invoices_of(membership)[0].id, 50_00)
    with at(MARCH_25):
        seen = preview_end(People.nora, membership, MARCH_25)
        assert (seen.credited, seen.refundable) == (Money(60_00), Money(10_97))
        end_by_practice(People.nora, membership, End(MARCH_25, Money(70_97), True), processor=PROCESSOR)
    (invoice,) = invoices_of(membership)
    assert (invoice.due, refunds()) == (Money(0), [10_97])


def test_without_the_refund_what_was_paid_stays(db: str):
    membership = family()
    pay_at_desk(invoices_of(membership)[0].id, 110_00)
    with at(MARCH_25):
        end_by_practice(People.nora, membership, End(MARCH_25, Money(70_97)), processor=PROCESSOR)
    assert (refunds(), invoices_of(membership)[0].adjusted) == ([], Money(0))


def test_where_the_practice_does_not_count_days_nothing_is_unearned(db: str):
    set_membership_settings(refund_unearned=False)
    membership = family()
    with at(MARCH_25):
        assert preview_end(People.nora, membership, MARCH_25).unearned == Money(0)


def test_mem_6_without_a_day_it_ends_with_the_period(db: str):
    membership = family()
    with at(date(2026, 3, 20)):
        seen = preview_end(People.nora, membership)
        assert (seen.last_day, seen.unearned) == (date(2026, 4, 14), Money(0))
        end_by_practice(People.nora, membership, End(seen.last_day, Money(0)), processor=PROCESSOR)
    run(date(2026, 4, 14), date(2026, 4, 15))
    assert billed(membership) == [(MARCH_15, 110_00)]
    assert row_of(membership).status is MembershipStatus.ENDED


@pytest.mark.parametrize("paid", [False, True])
def test_an_invoice_made_ahead_is_voided_and_what_was_paid_of_it_refunded(db: str, paid: bool):
    set_membership_settings(days_ahead=7)
    membership = family()
    run(date(2026, 4, 8))
    ahead = invoices_of(membership)[1]
    if paid:
        pay_at_desk(ahead.id, 110_00)
    with at(date(2026, 4, 9)):
        seen = preview_end(People.nora, membership)
        assert (seen.last_day, seen.unearned) == (date(2026, 4, 14), Money(110_00))
        end_by_practice(People.nora, membership, End(seen.last_day, Money(110_00)), processor=PROCESSOR)
    assert refunds() == ([110_00] if paid else [])
    last = invoices_of(membership)[1]
    assert last.due == Money(0) and last.adjusted == Money(-110_00)
    if not paid:
        assert last.status is InvoiceStatus.VOID


def test_mem_6_a_member_ends_with_the_period_without_a_refund(db: str):
    membership = family()
    enrolment = enrol(membership, RIVERA, TIM.id, start=MARCH_15)
    with at(date(2026, 3, 20)):
        seen = preview_member_end(People.nora, enrolment)
        assert (seen.person, seen.last_day, seen.unearned) == ("Tim Rivera", date(2026, 4, 14), Money(0))
        end_member(People.nora, enrolment, End(seen.last_day, Money(0)), processor=PROCESSOR)
        with pytest.raises(errors.MemberEndedAlready):
            end_member(People.nora, enrolment, End(seen.last_day, Money(0)), processor=PROCESSOR)
    run(date(2026, 4, 15))
    assert billed(membership)[-1] == (date(2026, 4, 15), 110_00)


def test_an_invoice_made_ahead_is_lowered_by_the_members_part(db: str):
    set_membership_settings(days_ahead=7)
    membership = family()
    run(date(2026, 4, 8))
    with reading(SYSTEM) as tx:
        from sqlmodel import select  # noqa: PLC0415

        eva = tx.exec(select(Enrolment).where(Enrolment.patient_id == EVA.id)).one().id
    with at(date(2026, 4, 9)):
        end_member(People.nora, eva, End(date(2026, 4, 14), Money(30_00)), processor=PROCESSOR)
    assert invoices_of(membership)[1].due == Money(80_00)


def test_bad_ends_are_refused_and_change_nothing(db: str):
    membership = family()
    with at(MARCH_25):
        for day in (date(2026, 3, 14), date(2027, 4, 1)):
            with pytest.raises(errors.LastDayOutOfRange):
                end_by_practice(People.nora, membership, End(day, Money(0)), processor=PROCESSOR)
        with pytest.raises(errors.StaleAmount):
            end_by_practice(People.nora, membership, End(MARCH_25, Money(70_96)), processor=PROCESSOR)
        for who in (People.dana, People.maria):
            with pytest.raises(PermissionDenied):
                end_by_practice(who, membership, End(MARCH_25, Money(70_97)), processor=PROCESSOR)
    assert row_of(membership).ends_on is None
    assert invoices_of(membership)[0].due == Money(110_00)


def test_the_last_member_and_a_membership_of_the_practices_system_are_not_ended_here(db: str):
    membership = add_membership(RIVERA, add_plan("Solo"), [MARIA.id])
    with reading(SYSTEM) as tx:
        from sqlmodel import select  # noqa: PLC0415

        only = tx.exec(select(Enrolment)).one().id
    with pytest.raises(errors.LastMember):
        end_member(People.nora, only, End(date(2026, 6, 30), Money(0)), processor=PROCESSOR)
    theirs = add_membership(RIVERA, add_plan("Theirs"), [EVA.id], billed_by=BilledBy.PRACTICE)
    with pytest.raises(errors.BilledByPracticeSystem):
        preview_end(People.nora, theirs)
    end = End(date(2026, 6, 30), Money(0))
    end_by_practice(People.nora, membership, end, processor=PROCESSOR)
    run(date(2026, 7, 1))
    with pytest.raises(errors.MembershipNotRunning):
        end_by_practice(People.nora, membership, end, processor=PROCESSOR)
