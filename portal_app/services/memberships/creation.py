"""Makes the rows of a new membership: the membership, its first term, its enrolments; for staff and for joining online."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, Plan
from portal_app.domain.agreements.types import RequestReason
from portal_app.domain.ids import AccountId, MembershipId, PatientId, new_id
from portal_app.domain.memberships.periods import term_of
from portal_app.domain.memberships.types import BilledBy, EventKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.services.agreements.requests.memberships import request_to_sign
from portal_app.services.memberships.history import add_event


@dataclass(frozen=True, slots=True)
class MembershipToMake:
    """What was agreed to. `amount`: of the first period, without the fee; for the history."""

    id: MembershipId
    account_id: AccountId
    plan: Plan
    price_id: str
    start: date
    members: tuple[PatientId, ...]
    names: tuple[str, ...]
    amount: Money
    fee_due: Money | None = None  # goes on the first invoice
    status: MembershipStatus = MembershipStatus.ACTIVE


def contract_end_of(plan: Plan, start: date) -> date | None:
    """The last day of the first contract; None where the plan has none."""
    return term_of(start, plan.contract_months, start).last if plan.contract_months else None


def make_membership(tx: Tx, new: MembershipToMake) -> Membership:
    """Add the rows and the first line of the history, and ask the owner to sign the plan's agreement.

    The caller bills the membership and refreshes its next bill date.
    """
    row = tx.add(_membership_row(new))
    tx.flush()
    tx.add(_first_term(tx, new))
    for patient_id in new.members:
        tx.add(_enrolment(tx, new, patient_id))
    tx.flush()
    add_event(
        tx,
        row,
        EventKind.STARTED,
        plan=new.plan.name,
        people=", ".join(new.names),
        first_day=new.start,
        amount=new.amount,
    )
    joined = new.status is MembershipStatus.PENDING
    request_to_sign(tx, row, RequestReason.JOIN if joined else RequestReason.ENROLMENT)
    return row


def _membership_row(new: MembershipToMake) -> Membership:
    return Membership(
        id=new.id,
        account_id=new.account_id,
        plan_id=new.plan.id,
        status=new.status,
        billed_by=BilledBy.PORTAL,
        start=new.start,
        anchor=new.start,
        next_bill_date=new.start,
        contract_end=contract_end_of(new.plan, new.start),
        renews_automatically=new.plan.renews_automatically,
        enrolment_fee_due=new.fee_due,
        created_at=now(),
    )


def _first_term(tx: Tx, new: MembershipToMake) -> MembershipTerm:
    return MembershipTerm(
        id=new_id("trm"),
        plan_id=new.plan.id,
        price_id=new.price_id,
        first_day=new.start,
        last_day=contract_end_of(new.plan, new.start),
        agreed_at=now(),
        agreed_by=tx.principal.name,
        account_id=new.account_id,
        membership_id=new.id,
    )


def _enrolment(tx: Tx, new: MembershipToMake, patient_id: PatientId) -> Enrolment:
    return Enrolment(
        id=new_id("enr"),
        patient_id=patient_id,
        price_id=new.price_id,
        start=new.start,
        created_at=now(),
        created_by=tx.principal.name,
        account_id=new.account_id,
        membership_id=new.id,
    )
