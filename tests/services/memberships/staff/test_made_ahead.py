"""Invoices made ahead are voided in one way by pauses, ends and cancellations, and made again when that is undone."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Membership, MembershipCoupon, MembershipInvoice
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.memberships.cancellation.cancel import cancel_membership
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon, take_up_coupon
from portal_app.services.memberships.staff.bill_again import bill_again, preview_bill_again
from portal_app.services.memberships.staff.ending import End, end_by_practice
from portal_app.services.memberships.staff.errors import PausePeriodPaid
from portal_app.services.memberships.staff.pauses import end_pause, new_pause_id, start_pause
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA, People
from tests.services.memberships.members.helper import DAN, add
from tests.services.memberships.staff.helper import (
    SYSTEM,
    at,
    invoices_of,
    pay_at_desk,
    row_of,
    run,
    set_membership_settings,
)

JULY_1, JULY_15 = date(2026, 7, 1), date(2026, 7, 15)
PAUSE = Span(date(2026, 7, 10), date(2026, 8, 20))


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there. Invoices are made 14 days ahead."""
    set_membership_settings(days_ahead=14)


@pytest.fixture
def ahead() -> MembershipId:
    """110.00 monthly with 10 % off, paid until 14 July; the invoice of 15 July is made, and Dan's own beside it."""
    membership = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=date(2026, 6, 15))
    create_coupon(People.nora, new_id("cpn"), NewCoupon("TEN", percent=10, periods=6))
    with transaction(SYSTEM) as tx:
        take_up_coupon(tx, tx.get_or_404(Membership, membership), "TEN", date(2026, 6, 15))
    run(date(2026, 6, 15))
    pay_at_desk(invoices_of(membership)[0].id, 99_00)
    run(JULY_1)
    with at(date(2026, 7, 2)):
        add(People.maria, membership, DAN)
    assert standing(membership) == {date(2026, 6, 15): [99_00], JULY_15: [27_00, 99_00]}
    assert used() == 2
    return membership


def standing(membership: MembershipId) -> dict[date, list[int]]:
    """The totals of the invoices that are not voided, by the start of their period."""
    found: dict[date, list[int]] = {}
    with reading(SYSTEM) as tx:
        links = select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)
        for link in tx.exec(links.order_by(col(MembershipInvoice.period_start))):
            invoice = tx.get_or_404(Invoice, link.invoice_id)
            if invoice.status is InvoiceStatus.VOID:
                assert not invoice.due
            elif invoice.total.minor not in found.setdefault(link.period_start, []):
                found[link.period_start].append(invoice.total.minor)
    return {day: sorted(totals) for day, totals in found.items()}


def used() -> int:
    with reading(SYSTEM) as tx:
        return tx.exec(select(MembershipCoupon)).one().used


def pause(membership: MembershipId) -> None:
    start_pause(People.nora, membership, new_pause_id(), PAUSE)


def end(membership: MembershipId) -> None:
    end_by_practice(People.nora, membership, End(date(2026, 7, 14), Money(126_00)), processor=FakeProcessor())


def cancel(membership: MembershipId) -> None:
    cancel_membership(People.maria, membership, date(2026, 7, 14))


@pytest.mark.parametrize("change", [pause, end, cancel])
def test_both_invoices_are_voided_and_the_coupon_has_its_period_back(
    db: str, ahead: MembershipId, change: Callable[[MembershipId], None]
):
    with at(date(2026, 7, 3)):
        change(ahead)
    assert standing(ahead) == {date(2026, 6, 15): [99_00]}
    assert used() == 1


def test_what_has_money_on_it_is_not_paused(db: str, ahead: MembershipId):
    with reading(SYSTEM) as tx:
        own = select(MembershipInvoice).where(MembershipInvoice.enrolment_id != "")
        pay_at_desk(tx.exec(own).one().invoice_id, 27_00)
    with at(date(2026, 7, 3)), pytest.raises(PausePeriodPaid):
        pause(ahead)
    assert standing(ahead)[JULY_15] == [27_00, 99_00] and used() == 2


def test_a_pause_that_ends_early_makes_the_invoices_again(db: str, ahead: MembershipId):
    with at(date(2026, 7, 3)):
        pause_id = new_pause_id()
        start_pause(People.nora, ahead, pause_id, PAUSE)
    with at(date(2026, 7, 12)):
        end_pause(People.nora, pause_id)
    assert standing(ahead)[JULY_15] == [126_00]  # 80 + 30 + 30 less 10 %, at once
    assert used() == 2
    run(date(2026, 7, 12), JULY_15, date(2026, 8, 1))
    assert standing(ahead) == {
        date(2026, 6, 15): [99_00],
        JULY_15: [126_00],
        date(2026, 8, 15): [126_00],
    }
    assert used() == 3


def test_a_pause_that_ends_after_a_skipped_bill_date_leaves_it_skipped(db: str, ahead: MembershipId):
    with at(date(2026, 7, 3)):
        pause_id = new_pause_id()
        start_pause(People.nora, ahead, pause_id, PAUSE)
    with at(date(2026, 7, 20)):
        end_pause(People.nora, pause_id)
    run(date(2026, 7, 20), date(2026, 8, 1))
    assert standing(ahead) == {date(2026, 6, 15): [99_00], date(2026, 8, 15): [126_00]}


def test_the_fee_of_a_voided_invoice_is_due_with_the_next_one(db: str):
    membership = add_membership(
        RIVERA, add_plan("Fee"), [MARIA.id], start=date(2026, 6, 16), enrolment_fee_due=Money(25_00)
    )
    run(date(2026, 6, 15))
    assert standing(membership) == {date(2026, 6, 16): [105_00]}
    start_pause(People.nora, membership, new_pause_id(), Span(date(2026, 6, 16), date(2026, 6, 30)))
    assert row_of(membership).enrolment_fee_due == Money(25_00)
    run(date(2026, 7, 2))
    assert standing(membership) == {date(2026, 7, 16): [105_00]}


def test_a_period_billed_again_after_a_pause_gives_the_coupon_back_once(db: str, ahead: MembershipId):
    with at(date(2026, 7, 3)):
        pause_id = new_pause_id()
        start_pause(People.nora, ahead, pause_id, PAUSE)
    with at(date(2026, 7, 20)):
        end_pause(People.nora, pause_id)
        seen = preview_bill_again(People.nora, ahead, JULY_15)
        bill_again(People.nora, ahead, JULY_15, shown=seen.amount)
    assert used() == 2 and standing(ahead)[JULY_15] == [126_00]
