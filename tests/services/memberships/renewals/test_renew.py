"""Renewing a contract, by hand and by itself (REN and MEM-13 cases)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Membership, MembershipEvent, MembershipTerm
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import MembershipId, PlanId
from portal_app.domain.memberships.types import (
    BilledBy,
    EndReason,
    EventKind,
    MembershipStatus,
    PriceAudience,
)
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.cancellation.cancel import cancel_membership
from portal_app.services.memberships.lifecycle import advance_memberships
from portal_app.services.memberships.renewals.errors import (
    ContractExpired,
    EndsBeforeContract,
    NoContract,
    RenewalChanged,
    RenewalHeld,
    RenewalNotOffered,
    RenewedByPractice,
    RenewsByItself,
)
from portal_app.services.memberships.renewals.renew import (
    SeenRenewal,
    renew_membership,
    set_automatic_renewal,
)
from portal_app.services.memberships.view import view_membership
from portal_app.services.memberships.views.types import RenewalState
from tests.conftest import NEW_YORK
from tests.memberships_helper import BANDS, add_membership, add_plan, add_price
from tests.people import EVA, MARIA, RIVERA, People

SYSTEM = system_principal("bill")
START, END = date(2025, 7, 1), date(2026, 6, 30)
RAISED = [BANDS[0], BANDS[1] | {"minor": 95_00}]


@contextmanager
def on(day: date) -> Iterator[None]:
    with clock.held_at(datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)):
        yield


def contract(**values: object) -> tuple[MembershipId, PlanId]:
    """A year's contract to 30 June 2026, billed monthly on the first, paid until June."""
    plan = add_plan("Care", contract_months=12)
    dates = {"start": START, "contract_end": END, "next_bill_date": date(2026, 7, 1)}
    return add_membership(RIVERA, plan, [MARIA.id, EVA.id], **dates | values), plan  # type: ignore[arg-type]


def seen(principal: Principal, membership: MembershipId) -> SeenRenewal:
    renewal = view_membership(principal, membership).renewal
    assert renewal.first_day
    assert renewal.price
    return SeenRenewal(renewal.first_day, renewal.price_id, renewal.price.amount)


def terms_of(membership: MembershipId) -> list[tuple[date, date | None]]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipTerm).where(MembershipTerm.membership_id == membership)
        return [(t.first_day, t.last_day) for t in tx.exec(wanted.order_by(col(MembershipTerm.first_day)))]


def row_of(membership: MembershipId) -> Membership:
    with reading(SYSTEM) as tx:
        return tx.get_or_404(Membership, membership)


def by_email(kind: str) -> Any:
    """The emails of this kind."""
    return select(OutboxMessage).where(OutboxMessage.kind == kind, OutboxMessage.channel == ContactKind.EMAIL)


TWO_TERMS = [(START, END), (date(2026, 7, 1), date(2027, 6, 30))]


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 3, 31), RenewalState.NONE),
        (date(2026, 4, 1), RenewalState.OFFERED),
        (date(2026, 6, 30), RenewalState.OFFERED),
        (date(2026, 7, 1), RenewalState.EXPIRED),
    ],
)
def test_ren_1_it_is_offered_from_ninety_days_before_the_end(
    db: str, sample_people: People, day: date, state: RenewalState
):
    membership, _ = contract()
    with on(date(2026, 4, 1)):
        page = seen(sample_people.maria, membership)
    with on(day):
        assert view_membership(sample_people.maria, membership).renewal.state is state
        if state is RenewalState.OFFERED:
            renew_membership(sample_people.maria, membership, page)
            return
        expected = RenewalNotOffered if state is RenewalState.NONE else ContractExpired
        with pytest.raises(expected):
            renew_membership(sample_people.maria, membership, page)
    assert terms_of(membership) == [(START, END)]


def test_ren_2_the_new_term_begins_the_day_after_and_the_current_one_is_untouched(
    db: str, sample_people: People
):
    membership, _ = contract()
    with on(date(2026, 4, 20)):
        view = view_membership(sample_people.maria, membership).renewal
        assert (view.first_day, view.last_day) == (date(2026, 7, 1), date(2027, 6, 30))
        assert view.price
        assert view.price.amount == Money(110_00)
        done = renew_membership(sample_people.maria, membership, seen(sample_people.maria, membership))
        assert (done.first_day, done.last_day) == TWO_TERMS[1]
        after = view_membership(sample_people.maria, membership)
    assert terms_of(membership) == TWO_TERMS
    assert (after.contract_end, after.renewal.state) == (date(2027, 6, 30), RenewalState.NONE)
    with reading(SYSTEM) as tx:
        (message,) = tx.exec(by_email("membership_renewed")).all()
        assert "$110.00" in message.body
        (event,) = tx.exec(select(MembershipEvent).where(MembershipEvent.kind == EventKind.RENEWED)).all()
        assert event.done_by == sample_people.maria.name


def test_ren_6_pressed_twice_it_is_one_term(db: str, sample_people: People):
    membership, _ = contract()
    with on(date(2026, 4, 20)):
        page = seen(sample_people.maria, membership)
        first = renew_membership(sample_people.maria, membership, page)
        assert renew_membership(sample_people.maria, membership, page) == first
    assert terms_of(membership) == TWO_TERMS


def test_ren_8_the_price_is_that_of_the_day_it_was_renewed(db: str, sample_people: People):
    membership, plan = contract()
    add_price(plan, date(2026, 5, 1), RAISED)
    with on(date(2026, 4, 20)):
        renew_membership(sample_people.maria, membership, seen(sample_people.maria, membership))
    with on(date(2026, 7, 1)):
        advance_memberships(SYSTEM)
        view = view_membership(sample_people.maria, membership)
    assert view.next_bill
    assert (view.next_bill.day, view.next_bill.amount) == (date(2026, 7, 1), Money(110_00))


def test_a_stale_price_or_date_of_an_old_page_is_refused_and_nothing_is_written(
    db: str, sample_people: People
):
    membership, plan = contract()
    with on(date(2026, 4, 20)):
        page = seen(sample_people.maria, membership)
    add_price(plan, date(2026, 5, 1), RAISED)
    with on(date(2026, 5, 2)):
        for wrong in (
            page,
            SeenRenewal(date(2026, 7, 2), seen(sample_people.maria, membership).price_id, Money(125_00)),
            SeenRenewal(date(2026, 7, 1), seen(sample_people.maria, membership).price_id, Money(1_00)),
        ):
            with pytest.raises(RenewalChanged):
                renew_membership(sample_people.maria, membership, wrong)
        assert terms_of(membership) == [(START, END)]
        renew_membership(sample_people.maria, membership, seen(sample_people.maria, membership))
    assert terms_of(membership) == TWO_TERMS


def test_mem_13_while_a_payment_is_past_due_renewing_is_held(db: str, sample_people: People):
    membership, _ = contract(next_bill_date=date(2026, 6, 1))
    with on(date(2026, 5, 20)):
        page = seen(sample_people.maria, membership)
    with on(date(2026, 6, 1)):
        bill_memberships(SYSTEM)
    with on(date(2026, 6, 2)):
        held = view_membership(sample_people.maria, membership).renewal
        assert held.state is RenewalState.HELD
        with pytest.raises(RenewalHeld) as refused:
            renew_membership(sample_people.maria, membership, page)
        assert refused.value.values == {"amount": Money(110_00)}
    assert terms_of(membership) == [(START, END)]


def test_renewing_takes_a_cancellation_for_that_end_back(db: str, sample_people: People):
    membership, _ = contract()
    with on(date(2026, 6, 10)):
        assert cancel_membership(sample_people.maria, membership, END) == END
        renewal = view_membership(sample_people.maria, membership).renewal
        assert (renewal.state, renewal.takes_cancellation_back) == (RenewalState.OFFERED, True)
        renew_membership(sample_people.maria, membership, seen(sample_people.maria, membership))
    row = row_of(membership)
    assert (row.ends_on, row.end_reason, row.contract_end) == (None, None, date(2027, 6, 30))
    assert row.next_bill_date == date(2026, 7, 1)
    assert terms_of(membership) == TWO_TERMS


def test_one_that_ends_before_its_contract_is_not_renewed(db: str, sample_people: People):
    membership, _ = contract()
    with on(date(2026, 4, 20)):
        page = seen(sample_people.maria, membership)
        cancel_membership(sample_people.maria, membership, date(2026, 4, 30))
        assert view_membership(sample_people.maria, membership).renewal.state is RenewalState.CANCELLED
        with pytest.raises(EndsBeforeContract):
            renew_membership(sample_people.maria, membership, page)


def test_one_that_the_practice_ended_or_bills_is_renewed_there(db: str, sample_people: People):
    theirs, _ = contract(billed_by=BilledBy.PRACTICE)
    ended, _ = contract(ends_on=END, end_reason=EndReason.ENDED_BY_PRACTICE)
    page = SeenRenewal(date(2026, 7, 1), "ppr_x", Money(110_00))
    with on(date(2026, 5, 1)):
        assert view_membership(sample_people.maria, theirs).renewal.state is RenewalState.CONTACT
        with pytest.raises(RenewedByPractice):
            renew_membership(sample_people.maria, theirs, page)
        with pytest.raises(RenewedByPractice):
            set_automatic_renewal(sample_people.maria, theirs, True)
        assert view_membership(sample_people.maria, ended).renewal.state is RenewalState.NONE
        with pytest.raises(RenewalNotOffered):
            renew_membership(sample_people.maria, ended, page)


def test_ren_3_automatic_renewal_is_said_instead_and_patient_and_job_make_one_term(
    db: str, sample_people: People
):
    membership, _ = contract()
    with on(date(2026, 5, 1)):
        page = seen(sample_people.maria, membership)
        set_automatic_renewal(sample_people.maria, membership, True)
        set_automatic_renewal(sample_people.maria, membership, True)
        renewal = view_membership(sample_people.maria, membership).renewal
        assert (renewal.state, renewal.first_day) == (RenewalState.AUTOMATIC, date(2026, 7, 1))
        with pytest.raises(RenewsByItself):
            renew_membership(sample_people.maria, membership, page)
    with on(date(2026, 7, 1)):
        advance_memberships(SYSTEM)
        renew_membership(sample_people.maria, membership, page)
        advance_memberships(SYSTEM)
    assert terms_of(membership) == TWO_TERMS
    with reading(SYSTEM) as tx:
        wanted = select(MembershipEvent).where(MembershipEvent.kind == EventKind.AUTOMATIC_RENEWAL_CHANGED)
        assert len(tx.exec(wanted).all()) == 1


def test_ren_7_switched_off_it_ends_with_its_contract(db: str, sample_people: People):
    membership, _ = contract(renews_automatically=True)
    with on(date(2026, 6, 20)):
        set_automatic_renewal(sample_people.maria, membership, False)
    with on(date(2026, 7, 1)):
        advance_memberships(SYSTEM)
        bill_memberships(SYSTEM)
    row = row_of(membership)
    assert (row.status, row.end_reason) == (MembershipStatus.ENDED, EndReason.EXPIRED)
    assert terms_of(membership) == [(START, END)]
    with on(date(2026, 7, 2)):
        assert view_membership(sample_people.maria, membership).renewal.state is RenewalState.EXPIRED
        with pytest.raises(ContractExpired):
            set_automatic_renewal(sample_people.maria, membership, True)


def test_without_a_contract_nothing_renews(db: str, sample_people: People):
    membership = add_membership(RIVERA, add_plan(), [MARIA.id])
    assert view_membership(sample_people.maria, membership).renewal.state is RenewalState.NONE
    with pytest.raises(NoContract):
        set_automatic_renewal(sample_people.maria, membership, True)


def test_only_who_pays_it_renews_it(db: str, sample_people: People):
    membership, _ = contract()
    with on(date(2026, 5, 1)):
        page = seen(sample_people.maria, membership)
        with pytest.raises(NotFound):
            renew_membership(sample_people.luis, membership, page)
        with pytest.raises(NotFound):
            set_automatic_renewal(sample_people.luis, membership, True)
    assert terms_of(membership) == [(START, END)]


def test_price_5_a_price_for_everybody_reaches_the_renewed_term(db: str, sample_people: People):
    membership, plan = contract()
    with on(date(2026, 4, 20)):
        renew_membership(sample_people.maria, membership, seen(sample_people.maria, membership))
    add_price(plan, date(2026, 8, 1), RAISED, audience=PriceAudience.EVERYBODY)
    with on(date(2026, 7, 2)):
        assert view_membership(sample_people.maria, membership).changes == ()  # the term keeps its price
