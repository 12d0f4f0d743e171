"""Running memberships of the families of bench_events.py: for measurements. Imported after the environment is set."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlmodel import col, func, select

from portal_app.clock import now, today
from portal_app.db.owned import Owned
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, Plan, PlanPrice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import system_principal
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PaymentMethodId, PlanId, new_id
from portal_app.domain.memberships.periods import add_months
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Period
from portal_app.services.memberships.billing_run import bill_memberships

SYSTEM = system_principal("bench")
MONTHS = 5  # billed so far
_BANDS = [{"name": "child", "below": 18, "minor": 30_00}, {"name": "adult", "below": None, "minor": 80_00}]


def add_families() -> int:
    """A membership with autopay for the family of each guarantor who is signed in; how many have one.

    Each was billed every month so far. Called again it adds only what is missing.
    """
    with transaction(SYSTEM) as tx:
        known = set(tx.exec(select(Membership.account_id)))
        signed_in = (
            select(Patient).join(PortalSession, col(PortalSession.patient_id) == Patient.id).distinct()
        )
        new = [person.account_id for person in tx.exec(signed_in) if person.account_id not in known]
        if new:
            plan, price = _add_plan(tx)
            for account in new:
                of_account = select(Patient.id).where(Patient.account_id == account)
                people = [PatientId(id_) for id_ in tx.exec(of_account)]
                for rows in _family(account, people, plan, price):
                    tx.add_all(rows)
                    tx.flush()
    bill_memberships(SYSTEM)
    with transaction(SYSTEM) as tx:
        return tx.exec(select(func.count()).select_from(Membership)).one()


def _add_plan(tx: Tx) -> tuple[PlanId, str]:
    plan, price = PlanId(new_id("pln")), new_id("ppr")
    tx.add(Plan(id=plan, name="Family plan", description="Visits\nMessages\nLabs", period=Period.MONTH))
    tx.flush()
    tx.add(PlanPrice(id=price, plan_id=plan, first_day=date(2020, 1, 1), bands=_BANDS, created_at=now()))
    tx.flush()
    return plan, price


def _family(
    account: AccountId, people: Sequence[PatientId], plan: PlanId, price: str
) -> Iterator[list[Owned]]:
    """The rows of a membership of these people, in an order in which they can be added."""
    card, membership = PaymentMethodId(new_id("src")), MembershipId(new_id("mem"))
    start = add_months(today(), -MONTHS)
    about_card = {"kind": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2040}
    yield [
        PaymentMethod(id=card, account_id=account, processor_id=f"pm_{card}", created_at=now(), **about_card)
    ]
    yield [
        Membership(
            id=membership,
            account_id=account,
            plan_id=plan,
            status=MembershipStatus.ACTIVE,
            billed_by=BilledBy.PORTAL,
            start=start,
            anchor=start,
            next_bill_date=start,
            payment_method_id=card,
            autopay_agreed_at=now(),
            created_at=now(),
        )
    ]
    ids = {"account_id": account, "membership_id": membership}
    yield [
        *(
            Enrolment(id=new_id("enr"), patient_id=id_, start=start, created_at=now(), **ids)
            for id_ in people
        ),
        MembershipTerm(
            id=new_id("trm"), plan_id=plan, price_id=price, first_day=start, agreed_at=now(), **ids
        ),
    ]
