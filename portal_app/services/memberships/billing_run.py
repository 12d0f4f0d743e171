"""The billing run: one invoice per membership and period, however often and from wherever it runs (BILL cases)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.memberships import Membership, MembershipCoupon
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import UserError
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import BilledBy, MembershipStatus
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.memberships.invoice_rows import PlannedInvoice, make_rows, plan_period_invoice
from portal_app.services.memberships.load import LoadedMembership, load_memberships

_BATCH = 500  # memberships in one transaction: memory stays flat, nobody else waits long
_BILLED = (MembershipStatus.ACTIVE, MembershipStatus.PAUSED)


@dataclass(slots=True)
class BillingRun:
    """What a run did: invoices made, memberships set aside, and those that another run had billed already."""

    day: date
    invoices: int = 0
    set_aside: int = 0
    already_billed: int = 0


def bill_memberships(
    principal: Principal,
    *,
    after: str = "",
    on_batch: Callable[[str], None] = lambda last_id: None,
    batch: int = _BATCH,
) -> BillingRun:
    """Make every invoice that is due today, or within the days ahead that the practice set (MEM-3).

    A membership whose price cannot be told is set aside as a task and stops nobody else's invoice (BILL-4).

    Args:
        after: the id of the last membership that an earlier run had come to, "" for all.
        on_batch: told the last id after each transaction, for the job's cursor.
        batch: memberships in one transaction.

    Raises: RuntimeError unless the principal is the system.
    """
    if principal.side is not Side.PORTAL:
        raise RuntimeError("memberships are billed by the system")
    run = BillingRun(today())
    while True:
        last = _bill_batch(principal, run, after, batch)
        if last is None:
            return run
        after = last
        on_batch(after)


def bill_one(principal: Principal, membership_id: MembershipId) -> BillingRun:
    """Make what is due of one membership, after something about it was put right.

    Raises: PermissionDenied for anybody but the system.
    """
    principal.require_portal("portal:bill")
    run = BillingRun(today())
    with transaction(principal) as tx:
        row = tx.get_or_404(Membership, membership_id, lock=True)
        _bill(tx, run, [row])
    return run


def _bill_batch(principal: Principal, run: BillingRun, after: str, batch: int) -> str | None:
    """Bill the next memberships by id; the last id, None when there were none."""
    with transaction(principal) as tx:
        rows = _due(tx, run.day, after, batch)
        ids = [row.id for row in rows]
        if not rows:
            return None
        before = run.invoices
        with tx.unless_taken() as attempt:
            _bill(tx, run, rows)
        if not attempt.taken:
            return ids[-1]
        run.invoices = before
    # One of them has its invoice already: one after the other, so that the others get theirs.
    for membership_id in ids:
        _bill_alone(principal, run, membership_id)
    return ids[-1]


def _bill_alone(principal: Principal, run: BillingRun, membership_id: MembershipId) -> None:
    before = run.invoices
    with transaction(principal) as tx:
        row = tx.get_or_404(Membership, membership_id, lock=True)
        with tx.unless_taken() as attempt:
            _bill(tx, run, [row])
    if attempt.taken:
        run.invoices = before
        run.already_billed += 1


def _due(tx: Tx, day: date, after: str, batch: int) -> list[Membership]:
    """The next memberships with a period to bill, locked: a run beside this one waits, then finds nothing due."""
    until = day + timedelta(days=_days_ahead(tx))
    wanted = (
        select(Membership)
        .where(
            Membership.billed_by == BilledBy.PORTAL,
            col(Membership.status).in_(_BILLED),
            col(Membership.next_bill_date) <= until,
            col(Membership.id) > after,
        )
        .order_by(col(Membership.id))
        .limit(batch)
        .with_for_update()
    )
    return list(tx.exec(wanted.execution_options(populate_existing=True)).all())


def _days_ahead(tx: Tx) -> int:
    return int(SETTINGS["membership_days_ahead"].read(tx.get_or_404(Practice, "practice")))


@dataclass(slots=True)
class _Planned:
    """What a batch is going to write."""

    invoices: list[PlannedInvoice] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    used: dict[tuple[MembershipId, str], int] = field(default_factory=dict)


def _bill(tx: Tx, run: BillingRun, rows: list[Membership]) -> None:
    """Write the invoices of these memberships in the transaction, and when each is billed next."""
    until = run.day + timedelta(days=_days_ahead(tx))
    planned = _Planned()
    for membership in load_memberships(tx, rows):
        try:
            _plan(planned, membership, run.day, until)
        except UserError as error:
            run.set_aside += 1
            _set_aside(tx, membership, error)
    make_rows(tx, planned.invoices).insert(tx)
    tx.bulk_update(Membership, planned.changes)
    for (membership_id, coupon_id), count in planned.used.items():
        _use_coupon(tx, membership_id, coupon_id, count)
    for account_id in {invoice.account_id for invoice in planned.invoices}:
        announce_account_change(tx, account_id, account_id)
    run.invoices += len(planned.invoices)


def _plan(planned: _Planned, membership: LoadedMembership, day: date, until: date) -> None:
    """Plan every period from the next bill date to `until`; all of a membership or nothing.

    Raises: UserError for a period whose price cannot be told.
    """
    row, agreed = membership.row, membership.agreed
    first = row.next_bill_date
    if first is None:
        return
    invoices: list[PlannedInvoice] = []
    for bill_date in agreed.bill_dates(first, until):
        if bill_date in membership.invoiced:
            continue
        plan = plan_period_invoice(membership, bill_date, unbilled=[invoice.due_day for invoice in invoices])
        if invoices and plan.fee:  # the fee is on the first one only
            plan = _without_fee(plan)
        invoices.append(plan)
        for coupon_id in plan.coupon_ids:
            planned.used[row.id, coupon_id] = planned.used.get((row.id, coupon_id), 0) + 1
    planned.invoices += invoices
    upcoming = next(
        agreed.bill_dates(max(until + timedelta(1), first), date.max.replace(year=day.year + 10)), None
    )
    fee = None if invoices else row.enrolment_fee_due
    planned.changes.append({"id": row.id, "next_bill_date": upcoming, "enrolment_fee_due": fee})


def _without_fee(plan: PlannedInvoice) -> PlannedInvoice:
    return replace(plan, fee=None, fee_payer=None)


def _use_coupon(tx: Tx, membership_id: MembershipId, coupon_id: str, count: int) -> None:
    held = select(MembershipCoupon).where(
        MembershipCoupon.membership_id == membership_id, MembershipCoupon.coupon_id == coupon_id
    )
    tx.exec(held).one().used += count


def _set_aside(tx: Tx, membership: LoadedMembership, error: UserError) -> None:
    """A task for staff that names the trouble, once for each bill date."""
    row = membership.row
    add_staff_task(
        tx,
        "membership_not_billed",
        f"{row.id}:{row.next_bill_date}:{error.code}",
        error.message,
        row.account_id,
        **error.values,
    )
