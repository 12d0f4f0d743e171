"""Memberships of two people each that are all due today, added in bulk: for measurements."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from portal_app.clock import now, today
from portal_app.db.owned import Owned
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import ContactPoint, Family, Patient
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, Plan, PlanPrice
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, FamilyId, MembershipId, PatientId, PlanId, new_id
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Period

SYSTEM = system_principal("bench")
BANDS = [{"name": "child", "below": 18, "minor": 30_00}, {"name": "adult", "below": None, "minor": 80_00}]
_BATCH = 2000


def add_due_memberships(count: int) -> list[MembershipId]:
    """A practice with `count` memberships, 110.00 a month each, and an email of each owner."""
    plan, price = PlanId(new_id("pln")), new_id("ppr")
    with transaction(SYSTEM) as tx:
        if tx.get(Practice, "practice") is None:
            tx.add(Practice(id="practice", name="Bench"))
        tx.add(Plan(id=plan, name="Family plan", period=Period.MONTH))
        tx.flush()
        long_ago = today() - timedelta(900)
        tx.add(PlanPrice(id=price, plan_id=plan, first_day=long_ago, bands=BANDS, created_at=now()))
    made: list[MembershipId] = []
    for first in range(0, count, _BATCH):
        with transaction(SYSTEM) as tx:
            made += _add_batch(tx, range(first, min(first + _BATCH, count)), plan, price)
    return made


def _add_batch(tx: Tx, numbers: range, plan: PlanId, price: str) -> list[MembershipId]:
    rows: dict[type[Owned], list[dict[str, Any]]] = {}
    made: list[MembershipId] = []
    for n in numbers:
        for row in _family(n, plan, price):
            rows.setdefault(type(row), []).append(row.model_dump())
            if isinstance(row, Membership):
                made.append(row.id)
    for table, of_it in rows.items():
        tx.bulk_insert(table, of_it)
    return made


def _family(n: int, plan: PlanId, price: str) -> Iterator[Owned]:
    family, account = FamilyId(new_id("fam")), AccountId(new_id("acc"))
    people = [PatientId(new_id("pat")) for _ in range(2)]
    start = today()
    yield Family(id=family, practice_key=f"F{n}")
    yield Account(id=account, guarantor_id=people[0], created_at=now())
    for id_, years in zip(people, (40, 9), strict=True):
        yield Patient(
            id=id_,
            chart_number=f"{n}-{years}",
            family_id=family,
            account_id=account,
            given_name=f"Given{n}",
            family_name=f"Family{n}",
            birth_date=start.replace(year=start.year - years),
            created_at=now(),
        )
    yield ContactPoint(
        id=new_id("con"), patient_id=people[0], kind=ContactKind.EMAIL, value=f"owner{n}@example.com"
    )
    yield from _membership(account, people, plan, price, start)


def _membership(
    account: AccountId, people: list[PatientId], plan: PlanId, price: str, start: date
) -> Iterator[Owned]:
    membership = MembershipId(new_id("mem"))
    yield Membership(
        id=membership,
        account_id=account,
        plan_id=plan,
        status=MembershipStatus.ACTIVE,
        billed_by=BilledBy.PORTAL,
        start=start,
        anchor=start,
        next_bill_date=start,
        created_at=now(),
    )
    for person in people:
        yield Enrolment(
            id=new_id("enr"), account_id=account, membership_id=membership, patient_id=person, start=start
        )
    yield MembershipTerm(
        id=new_id("trm"),
        account_id=account,
        membership_id=membership,
        plan_id=plan,
        price_id=price,
        first_day=start,
        agreed_at=now(),
    )
