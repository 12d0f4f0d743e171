"""Cancelling at the period's end and taking it back (MEM-6, MEM-17); invoices made ahead for periods that do not begin."""

from datetime import date

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Coupon, MembershipCoupon, MembershipInvoice
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, MembershipId, new_id
from portal_app.domain.memberships.types import BilledBy, EndReason, InvoiceKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.cancellation.cancel import cancel_membership, undo_cancellation
from portal_app.services.memberships.cancellation.errors import (
    CancelAtPractice,
    CancellationChanged,
    MembershipOver,
    NotCancelled,
)
from portal_app.services.memberships.lifecycle import advance_memberships
from portal_app.services.memberships.members.errors import AlreadyOnPlan
from portal_app.services.memberships.view import view_membership
from tests.invariants import check_billing_invariants
from tests.memberships_helper import BANDS, add_membership, add_plan, add_price
from tests.people import EVA, LUIS_S, MARIA, RIVERA, People, add_payment
from tests.services.memberships.renewals.test_renew import RAISED, SYSTEM, by_email, on, row_of

MARCH, LAST = date(2026, 3, 15), date(2026, 4, 14)


def monthly(**values: object) -> MembershipId:
    """Billed monthly on the 15th, without a contract; next is 15 March."""
    dates = {"start": date(2026, 1, 15), "next_bill_date": MARCH}
    return add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], **dates | values)  # type: ignore[arg-type]


def set_up(name: str, value: object) -> None:
    with transaction(SYSTEM) as tx:
        SETTINGS[name].write(tx.get_or_404(Practice, "practice", lock=True), value)


def run(*days: date) -> None:
    for day in days:
        with on(day):
            advance_memberships(SYSTEM)
            bill_memberships(SYSTEM)


def invoices_of(membership: MembershipId) -> list[tuple[date, int, InvoiceStatus, int]]:
    """Period, repeat, status and minor units due, of the invoices of its periods."""
    with reading(SYSTEM) as tx:
        wanted = (
            select(MembershipInvoice, Invoice)
            .join(Invoice, col(Invoice.id) == col(MembershipInvoice.invoice_id))
            .where(
                MembershipInvoice.membership_id == membership, MembershipInvoice.kind == InvoiceKind.PERIOD
            )
            .order_by(col(MembershipInvoice.period_start), col(MembershipInvoice.repeat))
        )
        return [(link.period_start, link.repeat, i.status, i.due.minor) for link, i in tx.exec(wanted)]


def invoice_of(membership: MembershipId, start: date) -> InvoiceId:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipInvoice.invoice_id).where(
            MembershipInvoice.membership_id == membership, MembershipInvoice.period_start == start
        )
        return tx.exec(wanted.order_by(col(MembershipInvoice.repeat).desc())).first()  # type: ignore[return-value]


def open_tasks() -> list[Task]:
    with reading(SYSTEM) as tx:
        wanted = select(Task).where(Task.kind == "membership_paid_ahead", col(Task.done_at).is_(None))
        return list(tx.exec(wanted))


def test_mem_6_it_ends_with_the_period_and_no_invoice_follows(db: str, sample_people: People):
    membership = monthly()
    run(MARCH)
    with on(date(2026, 3, 20)):
        assert view_membership(sample_people.maria, membership).cancel_last_day == LAST
        assert cancel_membership(sample_people.maria, membership, LAST) == LAST
        assert cancel_membership(sample_people.maria, membership, LAST) == LAST
        view = view_membership(sample_people.maria, membership)
        assert (view.next_bill, view.can_undo, view.can_cancel) == (None, True, False)
    run(LAST, date(2026, 4, 15), date(2026, 5, 15))
    row = row_of(membership)
    assert (row.status, row.end_reason, row.ends_on) == (
        MembershipStatus.ENDED,
        EndReason.CANCELLED,
        LAST,
    )
    assert [start for start, *_ in invoices_of(membership)] == [MARCH]
    with reading(SYSTEM) as tx:
        (told,) = tx.exec(by_email("membership_cancelled")).all()
        assert "April 14" in told.body


def test_mem_17_undone_it_runs_on_at_the_same_price(db: str, sample_people: People):
    membership = monthly()
    run(MARCH)
    plan = row_of(membership).plan_id
    with on(date(2026, 3, 20)):
        cancel_membership(sample_people.maria, membership, LAST)
    add_price(plan, date(2026, 4, 1), RAISED)  # for new memberships only
    with on(date(2026, 4, 10)):
        undo_cancellation(sample_people.maria, membership)
        undo_cancellation(sample_people.maria, membership)
        view = view_membership(sample_people.maria, membership)
        assert view.next_bill
        assert (view.next_bill.day, view.next_bill.amount) == (date(2026, 4, 15), Money(110_00))
    run(date(2026, 4, 15))
    assert invoices_of(membership)[-1] == (date(2026, 4, 15), 0, InvoiceStatus.OPEN, 110_00)


def test_mem_19_undone_nobody_comes_to_be_on_the_plan_twice(db: str, sample_people: People):
    membership = monthly()
    run(MARCH)
    with on(date(2026, 3, 20)):
        cancel_membership(sample_people.maria, membership, LAST)
    other = add_membership(LUIS_S, row_of(membership).plan_id, [EVA.id], start=date(2026, 4, 15))
    with on(date(2026, 3, 21)), pytest.raises(AlreadyOnPlan):
        undo_cancellation(sample_people.maria, membership)
    assert row_of(membership).ends_on == LAST and row_of(other).ends_on is None


def test_mem_17_after_its_last_day_it_is_over(db: str, sample_people: People):
    membership = monthly()
    run(MARCH)
    with on(date(2026, 3, 20)):
        cancel_membership(sample_people.maria, membership, LAST)
    with on(LAST):
        assert view_membership(sample_people.maria, membership).can_undo
    for job_has_run in (False, True):
        with on(date(2026, 4, 15)):
            if job_has_run:
                advance_memberships(SYSTEM)
            with pytest.raises(MembershipOver) as refused:
                undo_cancellation(sample_people.maria, membership)
            assert refused.value.values == {"day": LAST}
            assert view_membership(sample_people.maria, membership).status is MembershipStatus.ENDED
            with pytest.raises(MembershipOver):
                cancel_membership(sample_people.maria, membership, LAST)


def test_an_invoice_made_ahead_is_voided_and_made_again_when_it_is_taken_back(db: str, sample_people: People):
    set_up("membership_days_ahead", 7)
    membership = monthly(next_bill_date=date(2026, 4, 15), enrolment_fee_due=Money(50_00))
    run(date(2026, 4, 8))
    with on(date(2026, 4, 9)):
        cancel_membership(sample_people.maria, membership, LAST)
        assert invoices_of(membership) == [(date(2026, 4, 15), 0, InvoiceStatus.VOID, 0)]
        assert row_of(membership).enrolment_fee_due == Money(50_00)
        assert view_membership(sample_people.maria, membership).next_bill is None
        undo_cancellation(sample_people.maria, membership)
        view = view_membership(sample_people.maria, membership)
        assert view.next_bill
        assert (view.next_bill.day, view.next_bill.amount) == (date(2026, 4, 15), Money(160_00))
    run(date(2026, 4, 10), date(2026, 4, 15))
    assert invoices_of(membership) == [
        (date(2026, 4, 15), 0, InvoiceStatus.VOID, 0),
        (date(2026, 4, 15), 1, InvoiceStatus.OPEN, 160_00),
    ]
    assert row_of(membership).enrolment_fee_due is None
    assert open_tasks() == []
    with reading(SYSTEM) as tx:
        check_billing_invariants(tx)


def test_a_coupon_gets_the_period_back_and_gives_it_again(db: str, sample_people: People):
    set_up("membership_days_ahead", 7)
    membership = monthly(next_bill_date=date(2026, 4, 15))
    with transaction(SYSTEM) as tx:
        common = {"created_at": row_of(membership).created_at}
        coupon = tx.add(Coupon(id=new_id("cpn"), code="ONE", percent=10, periods=1, **common))
        tx.flush()
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=RIVERA,
                membership_id=membership,
                coupon_id=coupon.id,
                first_period=date(2026, 1, 15),
                **common,
            )
        )

    def used() -> int:
        with reading(SYSTEM) as tx:
            return tx.exec(select(MembershipCoupon)).one().used

    run(date(2026, 4, 8))
    assert used() == 1
    with on(date(2026, 4, 9)):
        cancel_membership(sample_people.maria, membership, LAST)
        assert used() == 0
        undo_cancellation(sample_people.maria, membership)
        assert used() == 1
    assert invoices_of(membership)[-1] == (date(2026, 4, 15), 1, InvoiceStatus.OPEN, 99_00)


@pytest.mark.parametrize("paid", [110_00, 40_00])
def test_what_was_paid_ahead_is_a_task_to_refund_until_it_is_taken_back(
    db: str, sample_people: People, paid: int
):
    set_up("membership_days_ahead", 7)
    membership = monthly(next_bill_date=date(2026, 4, 15))
    run(date(2026, 4, 8))
    with on(date(2026, 4, 9)):
        add_payment(invoice_of(membership, date(2026, 4, 15)), paid)
    for day in (9, 10):
        with on(date(2026, 4, day)):
            cancel_membership(sample_people.maria, membership, LAST)
            (task,) = open_tasks()
            assert task.values["amount"] == {"minor": paid, "currency": "USD"}
            assert invoices_of(membership) == [(date(2026, 4, 15), 0, InvoiceStatus.PAID, 0)]
            undo_cancellation(sample_people.maria, membership)
            assert open_tasks() == []
        ((_, _, status, due),) = invoices_of(membership)
        assert due == 110_00 - paid
        assert status is (InvoiceStatus.PAID if due == 0 else InvoiceStatus.PARTLY_PAID)
    with reading(SYSTEM) as tx:
        check_billing_invariants(tx)


def test_where_the_practice_turned_it_off_or_bills_it_itself_one_contacts_the_practice(
    db: str, sample_people: People
):
    theirs, ours = monthly(billed_by=BilledBy.PRACTICE), monthly()
    pending = monthly(status=MembershipStatus.PENDING)
    with on(date(2026, 3, 1)):
        for membership in (theirs, pending):
            with pytest.raises(CancelAtPractice):
                cancel_membership(sample_people.maria, membership, date(2026, 3, 14))
        set_up("membership_cancel_online", False)
        view = view_membership(sample_people.maria, ours)
        assert (view.can_cancel, view.cancel_by_contact, view.cancel_last_day) == (False, True, None)
        with pytest.raises(CancelAtPractice):
            cancel_membership(sample_people.maria, ours, date(2026, 3, 14))
    assert row_of(ours).ends_on is None


def test_an_old_page_with_another_last_day_is_refused(db: str, sample_people: People):
    membership = monthly()
    with on(MARCH), pytest.raises(CancellationChanged):
        cancel_membership(sample_people.maria, membership, date(2026, 3, 14))
    assert row_of(membership).ends_on is None


def test_an_end_that_the_practice_decided_is_not_taken_back_here(db: str, sample_people: People):
    membership = monthly(ends_on=LAST, end_reason=EndReason.ENDED_BY_PRACTICE)
    with on(date(2026, 3, 20)):
        assert not view_membership(sample_people.maria, membership).can_undo
        with pytest.raises(NotCancelled):
            undo_cancellation(sample_people.maria, membership)
        assert cancel_membership(sample_people.maria, membership, LAST) == LAST
    assert row_of(membership).end_reason is EndReason.ENDED_BY_PRACTICE


def test_only_who_pays_it_cancels_it(db: str, sample_people: People):
    membership = monthly()
    with on(date(2026, 3, 20)):
        with pytest.raises(NotFound):
            cancel_membership(sample_people.luis, membership, LAST)
        cancel_membership(sample_people.maria, membership, LAST)
        with pytest.raises(NotFound):
            undo_cancellation(sample_people.luis, membership)
    assert row_of(membership).ends_on == LAST


def test_a_contract_that_ends_sooner_than_the_period_is_the_last_day(db: str, sample_people: People):
    plan = add_plan("Care", contract_months=12, bands=BANDS)
    membership = add_membership(
        RIVERA,
        plan,
        [MARIA.id],
        start=date(2025, 4, 1),
        contract_end=date(2026, 3, 10),  # imported: not on the eve of a bill date
        next_bill_date=date(2026, 4, 1),
    )
    with on(date(2026, 3, 5)):
        assert cancel_membership(sample_people.maria, membership, date(2026, 3, 10)) == date(2026, 3, 10)
