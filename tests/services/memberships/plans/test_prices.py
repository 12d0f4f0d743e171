"""A price change: from a day far enough off, told before, and running terms keep theirs (PRICE-5)."""

from datetime import date, datetime

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import MembershipInvoice, PlanPrice
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied, UserError
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships import errors as rules
from portal_app.domain.memberships.prices import Band
from portal_app.domain.memberships.types import BilledBy, PriceAudience
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.lifecycle import advance_memberships
from portal_app.services.memberships.plans import errors
from portal_app.services.memberships.plans.prices import (
    NewPrice,
    PriceEffect,
    PricePreview,
    preview_price,
    schedule_price,
    tell_of_prices,
)
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, KIM, MARIA, OKAFOR, PARK, RIVERA, ROSA, People

SYSTEM = system_principal("test")
RAISED = (Band("child", 18, Money(30_00)), Band("adult", None, Money(90_00)))
MAY_1 = date(2026, 5, 1)
FOR_EVERYBODY = NewPrice(RAISED, None, MAY_1, PriceAudience.EVERYBODY)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


def at(day: date):
    return clock.held_at(datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK))


def amounts(membership: MembershipId) -> list[tuple[date, int]]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)
        links = tx.exec(wanted.order_by(col(MembershipInvoice.period_start))).all()
        return [(link.period_start, tx.get_or_404(Invoice, link.invoice_id).total.minor) for link in links]


def messages() -> list[OutboxMessage]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "plan_price")))


def run(first: date, days: list[date]) -> None:
    for day in days:
        with at(day):
            advance_memberships(SYSTEM)
            bill_memberships(SYSTEM)


def test_price_5_a_contract_keeps_its_price_and_others_have_the_new_one(db: str):
    plan = add_plan("Care", contract_months=12)
    dates = {"start": date(2025, 6, 15), "next_bill_date": date(2026, 4, 15)}
    keeps = add_membership(
        RIVERA,
        plan,
        [MARIA.id, EVA.id],
        contract_end=date(2026, 6, 14),
        renews_automatically=True,
        **dates,  # type: ignore[arg-type]
    )
    open_ended = add_membership(PARK, plan, [ROSA.id], **dates)  # type: ignore[arg-type]
    with at(date(2026, 3, 20)):
        seen = preview_price(People.nora, plan, FOR_EVERYBODY)
        assert seen.count == 1
        assert seen.memberships == (PriceEffect("Rosa Park", date(2026, 5, 15), Money(80_00), Money(90_00)),)
        price_id = new_id("ppr")
        assert schedule_price(People.nora, price_id, plan, FOR_EVERYBODY) == 1
        assert schedule_price(People.nora, price_id, plan, FOR_EVERYBODY) == 0  # pressed twice
        assert tell_of_prices(SYSTEM) == 0
    said = messages()
    assert {message.account_id for message in said} == {PARK}
    assert all("$90.00" in message.body and "$80.00" in message.body for message in said)
    assert all("May 15" in message.body for message in said)
    bill_days = [date(2026, 4, 15), date(2026, 5, 15), date(2026, 6, 15)]
    run(bill_days[0], bill_days)
    assert amounts(keeps) == list(zip(bill_days, [110_00, 110_00, 120_00], strict=True))
    assert amounts(open_ended) == list(zip(bill_days, [80_00, 90_00, 90_00], strict=True))


def test_price_5_issued_invoices_stay_and_a_price_for_new_ones_tells_nobody(db: str):
    plan = add_plan("Care")
    membership = add_membership(OKAFOR, plan, [KIM.id], start=date(2026, 4, 15))
    with at(date(2026, 4, 15)):
        bill_memberships(SYSTEM)
        new_only = NewPrice(RAISED, None, date(2026, 5, 15))
        assert schedule_price(People.nora, new_id("ppr"), plan, new_only) == 0
    run(MAY_1, [date(2026, 5, 15)])
    assert amounts(membership) == [(date(2026, 4, 15), 80_00), (date(2026, 5, 15), 80_00)]
    assert messages() == []


def test_members_that_the_practice_bills_and_ended_ones_are_not_told(db: str):
    plan = add_plan("Care")
    add_membership(OKAFOR, plan, [KIM.id], billed_by=BilledBy.PRACTICE)
    add_membership(PARK, plan, [ROSA.id], ends_on=date(2026, 7, 10))
    price = NewPrice(RAISED, None, date(2026, 7, 15), PriceAudience.EVERYBODY)
    assert schedule_price(People.nora, new_id("ppr"), plan, price) == 0


@pytest.mark.parametrize(
    ("price", "refusal", "field"),
    [
        (NewPrice(RAISED, None, date(2026, 7, 14)), errors.PriceTooSoon, "first_day"),  # 29 days
        (NewPrice(RAISED, None, date(2036, 7, 15)), errors.PriceTooSoon, "first_day"),
        (NewPrice(RAISED, None, date(2026, 8, 1)), errors.PriceDayTaken, "first_day"),
        (NewPrice(RAISED, Money(10), date(2026, 7, 15)), rules.CapBelowOnePrice, "family_cap"),
        (NewPrice((), None, date(2026, 7, 15)), rules.BandsMissing, "bands"),
    ],
)
def test_a_bad_price_is_refused_and_nothing_is_written(
    db: str, price: NewPrice, refusal: type[UserError], field: str
):
    plan = add_plan("Care")
    schedule_price(People.nora, new_id("ppr"), plan, NewPrice(RAISED, None, date(2026, 8, 1)))
    for ask in (preview_price, lambda who, p, new: schedule_price(who, new_id("ppr"), p, new)):
        with pytest.raises(refusal) as refused:
            ask(People.nora, plan, price)
        assert refused.value.field == field
    with pytest.raises(PermissionDenied):
        schedule_price(People.dana, new_id("ppr"), plan, price)
    with reading(SYSTEM) as tx:
        assert len(tx.exec(select(PlanPrice)).all()) == 2


def test_the_day_30_days_off_is_allowed_and_a_question_writes_nothing(db: str):
    plan = add_plan("Care")
    price = NewPrice(RAISED, None, date(2026, 7, 15), PriceAudience.EVERYBODY)
    assert preview_price(People.nora, plan, price) == PricePreview(0, ())
    with reading(SYSTEM) as tx:
        assert len(tx.exec(select(PlanPrice)).all()) == 1
    schedule_price(People.nora, new_id("ppr"), plan, price)
