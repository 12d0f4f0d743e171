"""The receipt for the year, person by person: it adds up to the cent with what was paid."""

from datetime import date, datetime

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.domain.access import system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.domain.money import Money, total
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.receipts.year import MembershipYear, membership_payments_of_year
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, INVOICE, LUIS, MARIA, RIVERA, People, add_payment

SYSTEM = system_principal("bill")


@pytest.fixture
def people(sample_people: People) -> People:
    return sample_people


@pytest.fixture
def membership(people: People) -> MembershipId:
    """Maria, Eva and Luis at the family price: 100.00 in parts that are no whole cents."""
    plan = add_plan("Capped", family_cap=Money(100_00))
    return add_membership(RIVERA, plan, [MARIA.id, EVA.id, LUIS.id], start=date(2025, 12, 1))


def billed(membership: MembershipId) -> list[InvoiceId]:
    """The invoices of 1 December, 1 January and 1 February."""
    with clock.held_at(datetime(2026, 2, 1, 12, tzinfo=NEW_YORK)):
        bill_memberships(SYSTEM)
    with reading(SYSTEM) as tx:
        links = select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)
        rows = tx.exec(links.order_by(col(MembershipInvoice.period_start))).all()
    return [row.invoice_id for row in rows]


def pay(invoice: InvoiceId, minor: int, *day: int, hour: int = 12) -> None:
    add_payment(invoice, minor, at=datetime(*day, hour, 30, tzinfo=NEW_YORK))  # type: ignore[arg-type]


def by_name(view: MembershipYear) -> dict[str, int]:
    return {person.name: person.paid.minor for person in view.people}


def test_it_adds_up_to_the_cent_with_what_was_paid_in_the_year(
    db: str, people: People, membership: MembershipId
):
    december, january, february = billed(membership)
    pay(december, 100_00, 2025, 12, 31, hour=23)  # still the old year in the practice's time
    pay(january, 33_33, 2026, 1, 5)
    pay(january, 66_67, 2026, 2, 5)
    pay(february, 10_01, 2026, 2, 6)
    pay(INVOICE, 50_00, 2026, 2, 7)  # not of a membership
    last_year = membership_payments_of_year(people.maria, 2025)
    this_year = membership_payments_of_year(people.maria, 2026)
    assert (last_year.paid, this_year.paid) == (Money(100_00), Money(110_01))
    for view in (last_year, this_year):
        assert total(person.paid for person in view.people) == view.paid
        assert all(total(row.paid for row in one.periods) == one.paid for one in view.people)
    assert sorted(by_name(last_year).values()) == [15_79, 42_10, 42_11]
    assert by_name(last_year)["Eva Rivera"] == 15_79
    assert sum(by_name(this_year).values()) == 110_01


def test_a_year_without_payments_has_nobody(db: str, people: People, membership: MembershipId):
    billed(membership)
    assert membership_payments_of_year(people.maria, 2026).people == ()


def test_it_is_for_whoever_answers_for_the_account(db: str, people: People, membership: MembershipId):
    (first, *_) = billed(membership)
    pay(first, 100_00, 2026, 1, 5)
    assert membership_payments_of_year(people.luis, 2026).people == ()  # his own account's
    with pytest.raises(NotFound):
        membership_payments_of_year(people.kim, 2026, account_id=RIVERA)
    staff = membership_payments_of_year(people.nora, 2026, account_id=RIVERA)
    assert staff.paid == Money(100_00)
