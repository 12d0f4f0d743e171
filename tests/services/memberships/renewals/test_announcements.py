"""Automatic renewals are announced 30 and 14 days before, with price and how to turn them off (REN-7)."""

from datetime import date

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.memberships import MembershipTerm
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.staff import Task
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import BilledBy
from portal_app.services.memberships.lifecycle import advance_memberships
from portal_app.services.memberships.renewals.announcements import announce_renewals
from portal_app.services.memberships.renewals.renew import set_automatic_renewal
from portal_app.services.memberships.view import view_membership
from tests.memberships_helper import add_price
from tests.people import EVA, MARIA, People
from tests.services.memberships.renewals.test_renew import RAISED, SYSTEM, by_email, contract, on, row_of


def bodies() -> list[str]:
    with reading(SYSTEM) as tx:
        wanted = by_email("renewal_announced").order_by(col(OutboxMessage.created_at))
        return [message.body for message in tx.exec(wanted)]


def announced(*days: date) -> list[int]:
    counts = []
    for day in days:
        with on(day):
            counts.append(announce_renewals(SYSTEM))
    return counts


def renewing(**values: object) -> MembershipId:
    return contract(renews_automatically=True, **values)[0]


def test_ren_7_it_is_told_on_31_may_and_16_june_once_each(db: str, sample_people: People):
    renewing()
    days = (date(2026, 5, 30), date(2026, 5, 31), date(2026, 5, 31), date(2026, 6, 15), date(2026, 6, 16))
    assert announced(*days, date(2026, 6, 17), date(2026, 6, 30), date(2026, 7, 1)) == [
        0,
        1,
        0,
        0,
        1,
        0,
        0,
        0,
    ]
    first, second = bodies()
    assert "$110.00" in first
    assert "July 1" in first
    assert "Turn off automatic renewal" in second
    assert "June 30" in second


def test_where_days_were_missed_only_the_latest_is_sent(db: str, sample_people: People):
    renewing()
    assert announced(date(2026, 6, 20), date(2026, 6, 21)) == [1, 0]
    assert len(bodies()) == 1


def test_the_price_first_announced_is_the_new_terms(db: str, sample_people: People):
    membership, plan = contract(renews_automatically=True)
    assert announced(date(2026, 5, 31)) == [1]
    told = row_of(membership).renewal_price_id
    add_price(plan, date(2026, 6, 5), RAISED)
    assert announced(date(2026, 6, 16)) == [1]
    assert all("$110.00" in body for body in bodies())
    with on(date(2026, 6, 20)):
        renewal = view_membership(sample_people.maria, membership).renewal
    assert renewal.price_id == told
    with on(date(2026, 7, 1)):
        advance_memberships(SYSTEM)
    with reading(SYSTEM) as tx:
        terms = select(MembershipTerm).where(MembershipTerm.membership_id == membership)
        assert tx.exec(terms.order_by(col(MembershipTerm.first_day).desc())).first().price_id == told  # type: ignore[union-attr]
    assert row_of(membership).renewal_price_id is None


@pytest.mark.parametrize(
    "values", [{"billed_by": BilledBy.PRACTICE}, {"ends_on": date(2026, 6, 30)}, {"status": "ended"}]
)
def test_what_does_not_renew_by_itself_here_is_not_announced(
    db: str, sample_people: People, values: dict[str, object]
):
    renewing(**values)
    assert announced(date(2026, 5, 31)) == [0]
    assert bodies() == []


def test_switched_off_it_is_not_announced_again(db: str, sample_people: People):
    membership = renewing()
    assert announced(date(2026, 5, 31)) == [1]
    with on(date(2026, 6, 10)):
        set_automatic_renewal(sample_people.maria, membership, False)
    assert announced(date(2026, 6, 16)) == [0]


@pytest.mark.parametrize("missing", ["contact", "birth_date"])
def test_where_it_cannot_be_told_staff_have_one_task(db: str, sample_people: People, missing: str):
    renewing()
    with transaction(SYSTEM) as tx:
        if missing == "contact":
            for point in tx.exec(select(ContactPoint).where(ContactPoint.patient_id == MARIA.id)):
                tx.delete(point)
        else:
            tx.get_or_404(Patient, EVA.id).birth_date = None
    assert announced(date(2026, 5, 31), date(2026, 6, 1)) == [0, 0]
    with reading(SYSTEM) as tx:
        assert len(tx.exec(select(Task).where(Task.kind == "renewal_not_announced")).all()) == 1


def test_somebody_who_is_not_the_system_announces_nothing(db: str, sample_people: People):
    with pytest.raises(RuntimeError):
        announce_renewals(sample_people.olga)
