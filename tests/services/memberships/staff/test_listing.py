"""The list of memberships with its sums, what changed this month, and one membership with its history."""

from datetime import date

import pytest

from portal_app.db.scope import transaction
from portal_app.db.tables.families import Patient
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.types import BilledBy, EventKind, MembershipStatus, Period
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import void_invoice
from portal_app.services.memberships.staff.bill_day import move_bill_day
from portal_app.services.memberships.staff.listing import (
    LastCharge,
    MembershipSearch,
    changes_of_month,
    export_memberships,
    list_memberships,
    sum_memberships,
)
from portal_app.services.memberships.staff.read import view_staff_membership
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, KIM, LUIS, LUIS_S, MARIA, OKAFOR, PARK, RIVERA, ROSA, People
from tests.services.memberships.staff.helper import SYSTEM, invoices_of, pay_at_desk, run

JUNE_15 = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there."""


@pytest.fixture
def four() -> dict[str, MembershipId]:
    """Maria's 110.00 a month, paid; Kim's 960.00 a year, unpaid; Rosa's that the practice bills; Luis's, ended."""
    monthly = add_plan("Monthly")
    yearly = add_plan("Yearly", period=Period.YEAR, bands=[{"name": "all", "below": None, "minor": 960_00}])
    found = {
        "maria": add_membership(RIVERA, monthly, [MARIA.id, EVA.id], start=JUNE_15),
        "kim": add_membership(OKAFOR, yearly, [KIM.id], start=JUNE_15),
        "rosa": add_membership(PARK, monthly, [ROSA.id], billed_by=BilledBy.PRACTICE),
        "luis": add_membership(
            LUIS_S, monthly, [LUIS.id], status=MembershipStatus.ENDED, next_bill_date=None
        ),
    }
    run(JUNE_15)
    pay_at_desk(invoices_of(found["maria"])[0].id, 110_00)
    return found


def owners(search: MembershipSearch) -> set[str]:
    return {row.owner.partition(" ")[0].lower() for row in list_memberships(People.dana, search).rows}


def test_the_list_is_narrowed_by_status_plan_bill_date_last_charge_and_name(
    db: str, four: dict[str, MembershipId]
):
    plan = view_staff_membership(People.dana, four["kim"]).plan_id
    for search, found in (
        (MembershipSearch(), {"maria", "kim", "rosa", "luis"}),
        (MembershipSearch(status=MembershipStatus.ENDED), {"luis"}),
        (MembershipSearch(plan_id=plan), {"kim"}),
        (MembershipSearch(billed_until=date(2026, 7, 31)), {"maria", "rosa"}),
        (MembershipSearch(last_charge=LastCharge.PAID), {"maria"}),
        (MembershipSearch(last_charge=LastCharge.UNPAID), {"kim"}),
        (MembershipSearch(last_charge=LastCharge.NONE), {"rosa", "luis"}),
        (MembershipSearch(text="okafor"), {"kim"}),
        (MembershipSearch(account_id=PARK), {"rosa"}),
    ):
        assert owners(search) == found, search


def test_sums_count_a_year_as_twelve_months_and_leave_out_who_has_no_price(
    db: str, four: dict[str, MembershipId]
):
    sums = sum_memberships(People.dana, MembershipSearch())
    assert (sums.memberships, sums.people, sums.monthly) == (3, 4, Money(190_00))
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id, lock=True).birth_date = None
    sums = sum_memberships(People.dana, MembershipSearch())
    assert (sums.monthly, sums.without_price) == (Money(80_00), 1)


def test_the_export_has_every_row_and_needs_its_permission(db: str, four: dict[str, MembershipId]):
    rows = export_memberships(People.nora, MembershipSearch(status=MembershipStatus.ACTIVE))
    assert {(row.owner, row.last_amount) for row in rows} == {
        ("Maria Rivera", Money(110_00)),
        ("Kim Okafor", Money(960_00)),
        ("Rosa Park", None),
    }
    with pytest.raises(PermissionDenied):
        export_memberships(People.dana, MembershipSearch())
    with pytest.raises(PermissionDenied):
        list_memberships(People.maria, MembershipSearch())


def test_one_membership_shows_members_invoices_and_its_history(db: str, four: dict[str, MembershipId]):
    move_bill_day(People.nora, four["maria"], 1)
    view = view_staff_membership(People.dana, four["maria"])
    assert [(m.name, m.price) for m in view.members] == [
        ("Maria Rivera", Money(80_00)),
        ("Eva Rivera", Money(30_00)),
    ]
    assert view.next_bill_date == date(2026, 8, 1)
    assert [(line.status.value, line.again) for line in view.invoices] == [("paid", False)]
    (event,) = view.history
    assert (event.kind, event.details["free_days"]) == (EventKind.BILL_DAY_MOVED, 17)
    changes = changes_of_month(People.dana)
    assert changes.counts == {EventKind.BILL_DAY_MOVED: 1}
    assert [(change.owner, change.day) for change in changes.latest] == [("Maria Rivera", JUNE_15)]
    void_invoice(People.nora, invoices_of(four["kim"])[0].id, reason="wrong")
    assert view_staff_membership(People.dana, four["kim"]).invoices[0].again
    with pytest.raises(NotFound):
        view_staff_membership(People.dana, MembershipId(new_id("mem")))
    with pytest.raises(PermissionDenied):
        view_staff_membership(People.maria, four["maria"])
