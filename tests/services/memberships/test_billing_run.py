"""The billing run (BILL and MEM cases; setting of CASES.md: adult 80.00, child 30.00, monthly on the 15th)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Invoice, InvoiceLine, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Coupon, Membership, MembershipCoupon, MembershipInvoice
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.types import BilledBy, InvoiceKind, MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import void_invoice
from portal_app.services.memberships.billing_run import BillingRun, bill_memberships
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.people import EVA, MARIA, PARK, RIVERA, ROSA, People

SYSTEM = system_principal("bill")
MARCH_15 = date(2026, 3, 15)


@pytest.fixture(autouse=True)
def people_on_march_3(sample_people: People) -> Iterator[None]:
    with clock.held_at(datetime(2026, 3, 3, 12, tzinfo=NEW_YORK)):
        yield


def run_on(day: date, hour: int = 12) -> BillingRun:
    with clock.held_at(datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK)):
        return bill_memberships(SYSTEM)


def family(start: date = MARCH_15, **values: object) -> MembershipId:
    return add_membership(RIVERA, add_plan("Family plan"), [MARIA.id, EVA.id], start=start, **values)


def invoices(membership: MembershipId) -> list[tuple[date, date, int]]:
    """(issue date, due date, total in minor units) of each invoice of the membership, by due date."""
    with reading(SYSTEM) as tx:
        ids = select(MembershipInvoice.invoice_id).where(MembershipInvoice.membership_id == membership)
        rows = tx.exec(select(Invoice).where(col(Invoice.id).in_(ids)).order_by(col(Invoice.due_date))).all()
        return [(row.issue_date, row.due_date, row.total.minor) for row in rows]


def made_invoices(tx: Tx) -> list[Invoice]:
    """Invoices that billing runs made, by due date."""
    ids = select(MembershipInvoice.invoice_id)
    return list(tx.exec(select(Invoice).where(col(Invoice.id).in_(ids)).order_by(col(Invoice.due_date))))


def entries_of(tx: Tx) -> list[LedgerEntry]:
    ids = [invoice.id for invoice in made_invoices(tx)]
    return list(tx.exec(select(LedgerEntry).where(col(LedgerEntry.invoice_id).in_(ids))))


def row_of(membership: MembershipId) -> Membership:
    with reading(SYSTEM) as tx:
        return tx.get_or_404(Membership, membership)


def days_ahead(days: int) -> None:
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Practice, "practice").membership_settings = {"days_ahead": days}


def test_on_the_bill_date_an_invoice_has_a_line_per_member_and_is_posted(db: str):
    membership = family()
    assert run_on(date(2026, 3, 14)).invoices == 0
    assert run_on(MARCH_15).invoices == 1
    assert invoices(membership) == [(MARCH_15, MARCH_15, 110_00)]
    assert row_of(membership).next_bill_date == date(2026, 4, 15)
    with reading(SYSTEM) as tx:
        lines = tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == made_invoices(tx)[0].id)).all()
        assert {(line.patient_id, line.amount.minor) for line in lines} == {
            (MARIA.id, 80_00),
            (EVA.id, 30_00),
        }
        entries = entries_of(tx)
        assert sorted(entry.amount.minor for entry in entries) == [30_00, 80_00]
        assert {entry.posted_on for entry in entries} == {MARCH_15}


def test_bill_1_a_quarter_from_30_november(db: str):
    plan = add_plan("Quarter", period=Period.QUARTER)
    membership = add_membership(
        RIVERA, plan, [MARIA.id], start=date(2025, 11, 30), next_bill_date=date(2026, 2, 28)
    )
    run_on(date(2026, 8, 31))
    assert [due for _, due, _ in invoices(membership)] == [
        date(2026, 2, 28),
        date(2026, 5, 30),
        date(2026, 8, 30),
    ]


def test_bill_2_the_practices_day_decides_not_utc(db: str):
    membership = family()
    for hour, count in ((3, 0), (4, 1)):
        with clock.held_at(datetime(2026, 3, 15, hour, tzinfo=UTC).replace(minute=0 if hour == 4 else 59)):
            bill_memberships(SYSTEM)
        assert len(invoices(membership)) == count


def test_bill_3_a_second_run_finds_nothing_due(db: str):
    membership = family()
    assert [run_on(MARCH_15).invoices for _ in range(3)] == [1, 0, 0]
    assert len(invoices(membership)) == 1


def test_bill_3_a_period_that_has_its_invoice_is_already_billed_and_no_error(db: str):
    membership, other = family(), add_membership(PARK, add_plan("Solo"), [ROSA.id], start=MARCH_15)
    run_on(MARCH_15)
    with transaction(SYSTEM) as tx:  # as if a second run had read both rows before the first one wrote
        for each in (membership, other):
            tx.get_or_404(Membership, each).next_bill_date = MARCH_15
    again = run_on(MARCH_15)
    assert (again.invoices, len(invoices(membership)), len(invoices(other))) == (0, 1, 1)


def test_bill_4_one_bad_membership_is_a_task_and_stops_nobody_else(db: str):
    bad, good = family(), add_membership(PARK, add_plan("Solo"), [ROSA.id], start=MARCH_15)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id).birth_date = None
    first = run_on(MARCH_15)
    assert (first.invoices, first.set_aside) == (1, 1)
    assert run_on(date(2026, 3, 16)).set_aside == 1
    with reading(SYSTEM) as tx:
        (task,) = tx.exec(select(Task).where(Task.kind == "membership_not_billed")).all()
        assert task.values["person"] == "Eva Rivera"
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id).birth_date = date(2017, 3, 1)
    assert run_on(date(2026, 3, 20)).invoices == 1
    assert invoices(bad) == [(MARCH_15, MARCH_15, 110_00)]
    assert len(invoices(good)) == 1


def test_bill_7_a_voided_invoice_is_not_made_again_by_itself(db: str, sample_people: People):
    membership = family()
    run_on(MARCH_15)
    with reading(SYSTEM) as tx:
        invoice = made_invoices(tx)[0].id
    void_invoice(sample_people.nora, invoice)
    assert run_on(date(2026, 3, 16)).invoices == 0
    assert len(invoices(membership)) == 1


def test_bill_8_what_the_practices_system_bills_is_left_alone(db: str):
    membership = family(billed_by=BilledBy.PRACTICE)
    assert run_on(date(2026, 5, 1)).invoices == 0
    assert invoices(membership) == []
    assert row_of(membership).next_bill_date == MARCH_15


@pytest.mark.parametrize("status", [MembershipStatus.PENDING, MembershipStatus.ENDED])
def test_only_active_ones_are_billed(db: str, status: MembershipStatus):
    family(status=status)
    assert run_on(MARCH_15).invoices == 0


def test_a_run_missed_for_months_bills_each_period_once_with_its_own_date(db: str):
    membership = family()
    assert run_on(date(2026, 5, 20)).invoices == 3
    days = [MARCH_15, date(2026, 4, 15), date(2026, 5, 15)]
    assert invoices(membership) == [(day, day, 110_00) for day in days]
    with reading(SYSTEM) as tx:
        assert {entry.posted_on for entry in entries_of(tx)} == {date(2026, 5, 20)}


def test_mem_3_days_ahead_the_invoice_is_issued_early_and_due_on_its_day(db: str):
    membership = family()
    days_ahead(7)
    assert run_on(date(2026, 3, 7)).invoices == 0
    assert run_on(date(2026, 3, 8)).invoices == 1
    assert invoices(membership) == [(date(2026, 3, 8), MARCH_15, 110_00)]
    assert run_on(MARCH_15).invoices == 0


def test_mem_9_from_31_january(db: str):
    membership = family(start=date(2026, 1, 31))
    run_on(date(2026, 5, 31))
    days = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert [due for _, due, _ in invoices(membership)] == days


def test_an_ended_membership_is_billed_to_its_end_only(db: str):
    membership = family(ends_on=date(2026, 4, 14))
    run_on(date(2026, 6, 1))
    assert [due for _, due, _ in invoices(membership)] == [MARCH_15]
    assert row_of(membership).next_bill_date is None


def test_a_member_who_ended_is_on_no_later_invoice(db: str):
    membership = add_membership(RIVERA, add_plan(), [MARIA.id], start=MARCH_15)
    enrol(membership, RIVERA, EVA.id, start=MARCH_15, end=date(2026, 4, 14))
    run_on(date(2026, 4, 15))
    assert [total for *_, total in invoices(membership)] == [110_00, 80_00]


def test_0_00_is_billed_and_paid_at_once(db: str):
    free = [{"name": "everybody", "below": None, "minor": 0}]
    membership = add_membership(RIVERA, add_plan("Free", bands=free), [MARIA.id], start=MARCH_15)
    assert run_on(MARCH_15).invoices == 1
    with reading(SYSTEM) as tx:
        invoice = made_invoices(tx)[0]
        assert (invoice.status, invoice.total.minor) == (InvoiceStatus.PAID, 0)
        assert entries_of(tx) == []
    assert len(invoices(membership)) == 1


def test_the_enrolment_fee_is_on_the_first_invoice_alone(db: str):
    membership = family(enrolment_fee_due=Money(50_00))
    run_on(date(2026, 4, 15))
    assert [total for *_, total in invoices(membership)] == [110_00, 160_00][::-1]
    with reading(SYSTEM) as tx:
        kinds = [row.kind for row in tx.exec(select(MembershipInvoice))]
    assert sorted(kinds) == [InvoiceKind.ENROLMENT_FEE, InvoiceKind.PERIOD, InvoiceKind.PERIOD]


def test_cpn_1_a_coupon_lowers_as_many_periods_as_it_has(db: str):
    membership = family()
    with transaction(SYSTEM) as tx:
        coupon = tx.add(Coupon(id=new_id("cpn"), code="TEN", percent=10, periods=2, created_at=clock.now()))
        tx.flush()
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=RIVERA,
                membership_id=membership,
                coupon_id=coupon.id,
                first_period=MARCH_15,
                created_at=clock.now(),
            )
        )
    for day in (MARCH_15, date(2026, 4, 15), date(2026, 5, 15)):
        run_on(day)
    assert [total for *_, total in invoices(membership)] == [99_00, 99_00, 110_00]


def test_numbers_go_on_one_after_the_other_and_pass_over_those_that_are_taken(db: str):
    with transaction(SYSTEM) as tx:
        zero = Money(0)
        tx.add(
            Invoice(
                id=new_id("inv"),
                account_id=PARK,
                number="P-1002",
                status=InvoiceStatus.VOID,
                issue_date=MARCH_15,
                due_date=MARCH_15,
                total=zero,
                adjusted=zero,
                allocated=zero,
                created_at=clock.now(),
            )
        )
    family()
    run_on(date(2026, 4, 15))
    with reading(SYSTEM) as tx:
        assert [invoice.number for invoice in made_invoices(tx)] == ["P-1001", "P-1003"]


def test_only_the_system_bills(sample_people: People):
    with pytest.raises(RuntimeError):
        bill_memberships(sample_people.nora)
