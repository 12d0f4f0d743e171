"""Opening a membership to change it, and what every change ends with."""

from collections.abc import Collection
from datetime import date

from sqlmodel import col, or_, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.db.tables.memberships import Enrolment, Membership, Plan
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PlanId
from portal_app.domain.memberships.types import RUNNING, BilledBy
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.live import announce
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.next_bill_date import refresh_next_bill_date
from portal_app.services.memberships.staff.errors import (
    AlreadyOnPlan,
    BilledByPracticeSystem,
    MembershipNotRunning,
    StaleAmount,
)


def open_membership(tx: Tx, membership_id: MembershipId, *, ended: bool = False) -> LoadedMembership:
    """The membership to change, locked after its account. `ended` lets ended ones through.

    Raises: BilledByPracticeSystem, MembershipNotRunning; NotFound.
    """
    if tx.may_write:
        lock_account(tx, tx.get_or_404(Membership, membership_id).account_id)
    row = tx.get_or_404(Membership, membership_id, lock=tx.may_write)
    if row.billed_by is not BilledBy.PORTAL:
        raise BilledByPracticeSystem
    if not ended and row.status not in RUNNING:
        raise MembershipNotRunning
    return load_membership(tx, row)


def finish_change(tx: Tx, row: Membership) -> None:
    """The next bill date follows, and open pages are told after the commit."""
    refresh_next_bill_date(tx, row)
    announce_membership_change(tx, row.account_id, row.id)


def announce_membership_change(tx: Tx, account_id: AccountId, membership_id: MembershipId) -> None:
    """Let open pages of the account and of staff refresh, after the commit."""
    announce_account_change(tx, account_id, membership_id)
    tx.on_commit(lambda: announce("memberships", membership_id))


def require_amount(shown: Money, amount: Money) -> None:
    """Refuse an amount that has changed since the page showed it. Raises StaleAmount."""
    if shown != amount:
        raise StaleAmount(amount=amount)


def refuse_on_plan(
    tx: Tx,
    plan_id: PlanId,
    people: Collection[PatientId],
    first_day: date,
    *,
    but: MembershipId | None = None,
) -> None:
    """Refuse people who are on a running membership of the plan on that day or later. Raises: AlreadyOnPlan."""
    tx.get_or_404(Plan, plan_id, lock=tx.may_write)  # two who enrol the same person wait for each other
    found = (
        select(Enrolment, Membership)
        .join(Membership, col(Membership.id) == col(Enrolment.membership_id))
        .where(
            Membership.plan_id == plan_id,
            col(Membership.status).in_(sorted(RUNNING)),
            col(Enrolment.patient_id).in_(sorted(people)),
            or_(col(Enrolment.end).is_(None), col(Enrolment.end) >= first_day),
            or_(col(Membership.ends_on).is_(None), col(Membership.ends_on) >= first_day),
            col(Membership.id) != (but or ""),
        )
        .order_by(col(Enrolment.id))
        .limit(1)
    )
    for enrolment, membership in tx.exec(found):
        raise AlreadyOnPlan(
            person=name_of(tx, enrolment.patient_id), owner=owner_name(tx, membership.account_id)
        )


def name_of(tx: Tx, patient_id: PatientId) -> str:
    """A patient's full name."""
    names = tx.exec(columns(*NAME_COLUMNS).where(Patient.id == patient_id)).one()
    return full_name(*names)


def owner_name(tx: Tx, account_id: AccountId) -> str:
    """The full name of an account's guarantor, who owns its memberships."""
    return name_of(tx, tx.get_or_404(Account, account_id).guarantor_id)
