"""Cancelling at the period's end, and taking that back until then (MEM-6, MEM-17)."""

from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.ending import end_of_period
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.domain.memberships.types import BilledBy, EndReason, EventKind, MembershipStatus
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.as_system import as_system
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.notify.reminders import refresh_pending_digests
from portal_app.services.memberships.cancellation.errors import (
    CancelAtPractice,
    CancellationChanged,
    MembershipOver,
    NotCancelled,
)
from portal_app.services.memberships.cancellation.invoices_ahead import (
    bill_ahead_again,
    void_invoices_ahead,
)
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.members.patients import require_not_on_plan
from portal_app.services.memberships.next_bill_date import refresh_next_bill_date
from portal_app.services.memberships.views.access import lock_owned_membership
from portal_app.services.messaging import outbox


def cancel_last_day(membership: LoadedMembership) -> date:
    """The last day of a membership that is cancelled today: the period's, or the contract's if that is sooner."""
    end, contract_end = end_of_period(membership.agreed, today()), membership.row.contract_end
    return end if contract_end is None else min(end, contract_end)


def may_cancel_online(tx: Tx, row: Membership) -> bool:
    """Whether its owner may cancel it in the portal, now or later."""
    return row.billed_by is BilledBy.PORTAL and bool(
        SETTINGS["membership_cancel_online"].read(tx.get_or_404(Practice, "practice"))
    )


@retried
def cancel_membership(principal: Principal, membership_id: MembershipId, seen_last_day: date) -> date:
    """Let the membership end with the period that runs today; cancelled again it stays cancelled.

    An invoice made ahead for a period that will not begin is voided; what was paid of it is a task for staff.

    Args:
        seen_last_day: the last day that the page showed.

    Returns: the last day.

    Raises: NotFound unless it is theirs; CancelAtPractice, MembershipOver, CancellationChanged.
    """
    principal.require(Permission.MY_ACCOUNT)
    with transaction(as_system(principal)) as tx:
        row = lock_owned_membership(tx, principal, membership_id)
        _refuse_over(row)
        if row.end_reason is EndReason.CANCELLED and row.ends_on is not None:
            return row.ends_on
        if not may_cancel_online(tx, row) or row.status is MembershipStatus.PENDING:
            raise CancelAtPractice
        last_day = cancel_last_day(load_membership(tx, row))
        if last_day != seen_last_day:
            raise CancellationChanged
        if (
            row.ends_on is not None and row.ends_on <= last_day
        ):  # the practice ended it for that day or sooner
            return row.ends_on
        row.ends_on, row.end_reason = last_day, EndReason.CANCELLED
        refresh_next_bill_date(tx, row)
        ahead = void_invoices_ahead(tx, row, last_day)
        add_event(tx, row, EventKind.CANCELLED, last_day=last_day, **ahead.as_details())
        _confirm(tx, row, last_day)
        announce_account_change(tx, row.account_id, row.id)
        account_id = row.account_id
    refresh_pending_digests(as_system(principal), account_id)
    return last_day


@retried
def undo_cancellation(principal: Principal, membership_id: MembershipId) -> None:
    """Take the cancellation back: it runs on at the same price. Pressed twice it is taken back once.

    Raises: NotFound unless it is theirs; MembershipOver after its last day; NotCancelled where the practice ended it;
        AlreadyOnPlan, AlreadyOnYourPlan where a member is on another membership of the plan meanwhile (MEM-19).
    """
    principal.require(Permission.MY_ACCOUNT)
    with transaction(as_system(principal)) as tx:
        row = lock_owned_membership(tx, principal, membership_id)
        _refuse_over(row)
        if row.ends_on is None:
            return
        if row.end_reason is not EndReason.CANCELLED or row.billed_by is not BilledBy.PORTAL:
            raise NotCancelled
        membership = load_membership(tx, row)
        tx.get_or_404(
            Plan, row.plan_id, lock=True
        )  # two who put the same person on the plan wait for each other
        for enrolment in membership.enrolments:
            if enrolment.end is None or enrolment.end > row.ends_on:
                patient = tx.get_or_404(Patient, enrolment.patient_id)
                require_not_on_plan(tx, principal, membership, patient, row.ends_on + ONE_DAY)
        take_cancellation_back(tx, membership)
        announce_account_change(tx, row.account_id, row.id)


def take_cancellation_back(tx: Tx, membership: LoadedMembership) -> None:
    """The membership runs on; invoices that the cancellation voided are made again."""
    row = membership.row
    last_day = row.ends_on
    row.ends_on = row.end_reason = None
    refresh_next_bill_date(tx, row)
    if last_day is not None:
        bill_ahead_again(tx, load_membership(tx, row), last_day)
    add_event(tx, row, EventKind.CANCELLATION_UNDONE)


def _refuse_over(row: Membership) -> None:
    last_day = row.ends_on or row.contract_end
    if row.status is MembershipStatus.ENDED or (last_day is not None and last_day < today()):
        raise MembershipOver(day=last_day or today())


def _confirm(tx: Tx, row: Membership, last_day: date) -> None:
    """Said once for each last day, however often it is cancelled and taken back."""
    outbox.write_each_way(
        tx,
        "membership_cancelled",
        once=f"membership_cancelled:{row.id}:{last_day}",
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values={"date": last_day},
    )
