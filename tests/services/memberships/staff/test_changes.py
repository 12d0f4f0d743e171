"""Plan changes, pauses, moved bill days, renewals of what has expired, and billing a period again."""

from datetime import date

import pytest

from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Coupon, MembershipCoupon
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.types import EndReason, EventKind, MembershipStatus, Period, PriceAudience
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import void_invoice
from portal_app.services.memberships.staff import errors
from portal_app.services.memberships.staff.bill_again import bill_again, preview_bill_again
from portal_app.services.memberships.staff.bill_day import move_bill_day, preview_bill_day
from portal_app.services.memberships.staff.pauses import end_pause, new_pause_id, preview_pause, start_pause
from portal_app.services.memberships.staff.plan_change import change_plan, preview_plan_change
from portal_app.services.memberships.staff.renewal import preview_expired_renewal, renew_expired
from tests.memberships_helper import add_membership, add_plan, add_price
from tests.people import EVA, KIM, MARIA, OKAFOR, RIVERA, People
from tests.services.memberships.staff.helper import (
    SYSTEM,
    at,
    billed,
    events_of,
    invoices_of,
    pay_at_desk,
    row_of,
    run,
    set_membership_settings,
    terms_of,
)

JUNE_15, JULY_15 = date(2026, 6, 15), date(2026, 7, 15)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def family(**values: object) -> MembershipId:
    """110.00 monthly on the 15th, billed on 15 June 2026, which is today."""
    start = values.pop("start", JUNE_15)
    plan = add_plan("Care", contract_months=12)
    membership = add_membership(RIVERA, plan, [MARIA.id, EVA.id], start=start, **values)  # type: ignore[arg-type]
    run(JUNE_15)
    return membership


# Another plan


def test_another_plan_begins_on_the_next_bill_date(db: str):
    membership = family(contract_end=date(2027, 6, 14))
    yearly = add_plan(
        "By the year", period=Period.YEAR, bands=[{"name": "all", "below": None, "minor": 500_00}]
    )
    seen = preview_plan_change(People.nora, membership, yearly)
    assert (seen.first_day, seen.before, seen.price.amount) == (JULY_15, Money(110_00), Money(1000_00))
    with pytest.raises(errors.StaleAmount):
        change_plan(People.nora, membership, yearly, shown=Money(1))
    change_plan(People.nora, membership, yearly, shown=Money(1000_00))
    assert terms_of(membership) == [(JUNE_15, date(2026, 7, 14)), (JULY_15, None)]
    run(JULY_15, date(2026, 8, 15))
    assert billed(membership) == [(JUNE_15, 110_00), (JULY_15, 1000_00)]
    row = row_of(membership)
    assert (row.plan_id, row.contract_end, row.next_bill_date) == (yearly, None, date(2027, 7, 15))
    with pytest.raises(errors.SamePlan):
        preview_plan_change(People.nora, membership, yearly)


def test_a_plan_change_replaces_one_that_has_not_begun_and_drops_coupons_of_the_old_plan(db: str):
    membership = family()
    second, third = add_plan("Second"), add_plan("Third", contract_months=6)
    with transaction(SYSTEM) as tx:
        tx.add(
            Coupon(
                id="cpn_old",
                code="OLD",
                percent=50,
                plan_id=row_of(membership).plan_id,
                created_at=row_of(membership).created_at,
            )
        )
        tx.flush()
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=RIVERA,
                membership_id=membership,
                coupon_id="cpn_old",
                first_period=JUNE_15,
                created_at=row_of(membership).created_at,
            )
        )
    for plan in (second, third):
        shown = preview_plan_change(People.nora, membership, plan).price.amount
        change_plan(People.nora, membership, plan, shown=shown)
    assert terms_of(membership) == [(JUNE_15, date(2026, 7, 14)), (JULY_15, date(2027, 1, 14))]
    run(JULY_15)
    assert billed(membership)[-1] == (JULY_15, 110_00)


def test_a_plan_change_is_refused_for_who_is_on_that_plan_and_where_nothing_is_billed(db: str):
    membership, other = family(), add_plan("Other")
    add_membership(OKAFOR, other, [EVA.id])
    with pytest.raises(errors.AlreadyOnPlan):
        preview_plan_change(People.nora, membership, other)
    with transaction(SYSTEM) as tx:
        from portal_app.db.tables.memberships import Membership  # noqa: PLC0415

        tx.get_or_404(Membership, membership, lock=True).next_bill_date = None
    with pytest.raises(errors.NothingBilledAhead):
        preview_plan_change(People.nora, membership, other)
    with pytest.raises(PermissionDenied):
        change_plan(People.dana, membership, other, shown=Money(0))


# Pauses


def test_a_pause_skips_its_bills_and_moves_the_contracts_end(db: str):
    membership = family(contract_end=date(2027, 6, 14))
    pause = Span(date(2026, 7, 1), date(2026, 8, 31))
    seen = preview_pause(People.nora, membership, pause)
    assert (seen.skipped, seen.contract_end) == (2, date(2027, 8, 14))
    pause_id = new_pause_id()
    for _ in range(2):
        start_pause(People.nora, membership, pause_id, pause, reason="abroad")
    assert row_of(membership).status is MembershipStatus.ACTIVE
    run(date(2026, 7, 1), JULY_15)
    assert row_of(membership).status is MembershipStatus.PAUSED
    run(date(2026, 8, 15), date(2026, 9, 15))
    assert billed(membership) == [(JUNE_15, 110_00), (date(2026, 9, 15), 110_00)]
    assert (row_of(membership).contract_end, row_of(membership).status) == (
        date(2027, 8, 14),
        MembershipStatus.ACTIVE,
    )


def test_a_pause_that_is_ended_early_skips_only_what_has_passed(db: str):
    membership = family(contract_end=date(2027, 6, 14))
    pause_id = new_pause_id()
    start_pause(People.nora, membership, pause_id, Span(date(2026, 7, 1), date(2026, 10, 31)))
    assert row_of(membership).contract_end == date(2027, 10, 14)
    run(date(2026, 7, 20))
    with at(date(2026, 7, 20)):
        end_pause(People.nora, pause_id)
    row = row_of(membership)
    assert (row.status, row.contract_end, row.next_bill_date) == (
        MembershipStatus.ACTIVE,
        date(2027, 7, 14),
        date(2026, 8, 15),
    )
    with at(date(2026, 7, 21)), pytest.raises(errors.PauseOver):
        end_pause(People.nora, pause_id)


def test_a_pause_that_has_not_begun_is_taken_back_whole(db: str):
    membership = family(contract_end=date(2027, 6, 14))
    pause_id = new_pause_id()
    start_pause(People.nora, membership, pause_id, Span(date(2026, 7, 1), date(2026, 8, 31)))
    end_pause(People.nora, pause_id)
    assert (row_of(membership).contract_end, row_of(membership).next_bill_date) == (
        date(2027, 6, 14),
        JULY_15,
    )


@pytest.mark.parametrize("paid", [False, True])
def test_an_invoice_made_ahead_of_a_pause_is_voided_and_a_paid_period_runs_on(db: str, paid: bool):
    set_membership_settings(days_ahead=7)
    membership = family()
    run(date(2026, 7, 8))
    ahead = invoices_of(membership)[1]
    if paid:
        pay_at_desk(ahead.id, 110_00)
    pause = Span(date(2026, 7, 10), date(2026, 8, 1))
    with at(date(2026, 7, 9)):
        if paid:
            with pytest.raises(errors.PausePeriodPaid):
                start_pause(People.nora, membership, new_pause_id(), pause)
        else:
            start_pause(People.nora, membership, new_pause_id(), pause)
            assert invoices_of(membership)[1].status.value == "void"


@pytest.mark.parametrize(
    "pause",
    [
        Span(date(2026, 6, 14), date(2026, 7, 1)),
        Span(date(2026, 7, 2), date(2026, 7, 1)),
        Span(date(2026, 7, 1), date(2027, 7, 2)),
    ],
)
def test_days_of_a_pause_that_make_no_sense_are_refused(db: str, pause: Span):
    membership = family()
    with pytest.raises(errors.PauseDaysInvalid):
        start_pause(People.nora, membership, new_pause_id(), pause)
    good = Span(date(2026, 8, 1), date(2026, 8, 31))
    start_pause(People.nora, membership, new_pause_id(), good)
    with pytest.raises(errors.PauseOverlaps):
        start_pause(People.nora, membership, new_pause_id(), good)


# The bill day


def test_moving_the_bill_day_moves_the_next_bill_and_the_end_and_the_days_between_are_free(db: str):
    membership = family(contract_end=date(2026, 9, 14))
    seen = preview_bill_day(People.nora, membership, 1)
    assert (seen.before, seen.after, seen.free_days) == (JULY_15, date(2026, 8, 1), 17)
    assert seen.contract_end == date(2026, 9, 30)
    move_bill_day(People.nora, membership, 1)
    row = row_of(membership)
    assert (row.next_bill_date, row.contract_end) == (date(2026, 8, 1), date(2026, 9, 30))
    run(date(2026, 7, 1), JULY_15, date(2026, 8, 1), date(2026, 8, 15), date(2026, 9, 1), date(2026, 10, 1))
    assert billed(membership) == [
        (JUNE_15, 110_00),
        (date(2026, 8, 1), 110_00),
        (date(2026, 9, 1), 110_00),
    ]
    assert row_of(membership).end_reason is EndReason.EXPIRED


def test_the_bill_day_moves_later_in_the_month_and_again_and_the_price_stays_that_of_everybody(db: str):
    membership = family()
    add_price(
        row_of(membership).plan_id,
        date(2026, 6, 20),
        [{"name": "all", "below": None, "minor": 60_00}],
        audience=PriceAudience.EVERYBODY,
    )
    move_bill_day(People.nora, membership, 20)
    assert row_of(membership).next_bill_date == date(2026, 7, 20)
    move_bill_day(People.nora, membership, 25)
    assert row_of(membership).next_bill_date == date(2026, 7, 25)
    run(JULY_15, date(2026, 7, 20), date(2026, 7, 25), date(2026, 8, 25))
    assert billed(membership)[1:] == [(date(2026, 7, 25), 120_00), (date(2026, 8, 25), 120_00)]


@pytest.mark.parametrize("day", [0, 15, 29, -1])
def test_a_bill_day_that_is_no_other_day_is_refused(db: str, day: int):
    membership = family()
    with pytest.raises(errors.BillDayInvalid):
        move_bill_day(People.nora, membership, day)
    ahead = add_membership(OKAFOR, add_plan("Later"), [KIM.id], start=date(2026, 8, 3))
    with pytest.raises(errors.NotBegun):
        move_bill_day(People.nora, ahead, 1)


# Renewing what has expired


def expired(**values: object) -> MembershipId:
    """A year's contract that ended on 14 April 2026; today is 15 June."""
    dates = {"start": date(2025, 4, 15), "contract_end": date(2026, 4, 14), "next_bill_date": None}
    return add_membership(
        RIVERA,
        add_plan("Care", contract_months=12),
        [MARIA.id, EVA.id],
        **dates  # type: ignore[arg-type]
        | {"status": MembershipStatus.ENDED, "end_reason": EndReason.EXPIRED}
        | values,
    )


def test_an_expired_one_is_renewed_from_the_old_date_with_the_gap_billed(db: str):
    membership = expired()
    seen = preview_expired_renewal(People.nora, membership)
    assert seen.from_old_date is not None
    days = [date(2026, 4, 15), date(2026, 5, 15), JUNE_15]
    assert [period.bill_date for period in seen.from_old_date.invoices] == days
    assert (seen.from_old_date.sum, seen.from_today.sum) == (Money(330_00), Money(110_00))
    with pytest.raises(errors.StaleAmount):
        renew_expired(People.nora, membership, from_old_date=True, shown=Money(110_00))
    renew_expired(People.nora, membership, from_old_date=True, shown=Money(330_00))
    assert billed(membership) == [(day, 110_00) for day in days]
    row = row_of(membership)
    assert (row.status, row.contract_end) == (MembershipStatus.ACTIVE, date(2027, 4, 14))
    assert row.next_bill_date == JULY_15
    with pytest.raises(errors.NotExpired):
        renew_expired(People.nora, membership, from_old_date=True, shown=Money(330_00))
    assert events_of(membership) == [EventKind.RENEWED]


def test_an_expired_one_is_renewed_from_today_with_a_bill_day_of_its_own(db: str):
    membership = expired()
    with at(date(2026, 6, 20)):
        renew_expired(People.nora, membership, from_old_date=False, shown=Money(110_00))
    run(date(2026, 7, 15), date(2026, 7, 20))
    assert billed(membership) == [(date(2026, 6, 20), 110_00), (date(2026, 7, 20), 110_00)]
    assert row_of(membership).contract_end == date(2027, 6, 19)


def test_an_end_that_lies_too_far_back_is_renewed_from_today_only(db: str):
    membership = expired(start=date(2023, 4, 15), contract_end=date(2024, 4, 14))
    assert preview_expired_renewal(People.nora, membership).from_old_date is None
    with pytest.raises(errors.ExpiredTooLongAgo):
        renew_expired(People.nora, membership, from_old_date=True, shown=Money(0))
    cancelled = expired(end_reason=EndReason.CANCELLED)
    with pytest.raises(errors.NotExpired):
        preview_expired_renewal(People.nora, cancelled)


# Billing a period again


def test_bill_7_a_voided_period_is_billed_again_once_and_the_coupon_has_its_period_back(db: str):
    plan = add_plan("Care")
    membership = add_membership(
        RIVERA, plan, [MARIA.id, EVA.id], start=JUNE_15, enrolment_fee_due=Money(20_00)
    )
    created = row_of(membership).created_at
    with transaction(SYSTEM) as tx:
        tx.add(Coupon(id="cpn_one", code="ONE", percent=10, periods=1, created_at=created))
        tx.flush()
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=RIVERA,
                membership_id=membership,
                coupon_id="cpn_one",
                first_period=JUNE_15,
                created_at=created,
            )
        )
    run(JUNE_15)
    assert billed(membership) == [(JUNE_15, 119_00)]
    with pytest.raises(errors.PeriodNotVoided):
        preview_bill_again(People.nora, membership, JUNE_15)
    void_invoice(People.nora, invoices_of(membership)[0].id, reason="wrong")
    run(JUNE_15)
    assert len(billed(membership)) == 1  # not by itself
    assert preview_bill_again(People.nora, membership, JUNE_15).amount == Money(119_00)
    bill_again(People.nora, membership, JUNE_15, shown=Money(119_00))
    assert billed(membership) == [(JUNE_15, 119_00), (JUNE_15, 119_00)]
    with pytest.raises(errors.PeriodNotVoided):
        bill_again(People.nora, membership, JUNE_15, shown=Money(119_00))
    with pytest.raises(NotFound):
        preview_bill_again(People.nora, membership, JULY_15)
    run(JULY_15)
    assert billed(membership)[-1] == (JULY_15, 110_00)
    assert events_of(membership) == [EventKind.BILLED_AGAIN]
