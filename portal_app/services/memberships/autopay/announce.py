"""Telling owners of the next automatic charge, in good time before it is made (DOMAIN.md, Autopay)."""

from collections.abc import Callable
from datetime import timedelta

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.families import PatientStatus
from portal_app.domain.memberships.types import BilledBy, MembershipStatus
from portal_app.services.memberships.autopay.next_charge import NextCharge, next_charges, notice_days
from portal_app.services.memberships.autopay.owed import read_tries
from portal_app.services.messaging.digests import NewNotice, add_notices
from portal_app.services.practice.facts import practice

_BATCH = 500
_DIGEST_TAKES = 1  # a notice of today is in the message of tomorrow, where today's has gone out


def announce_charges(
    principal: Principal, *, after: str = "", on_batch: Callable[[str], None] = lambda last_id: None
) -> int:
    """Note for each owner the next charge that was not told yet, or that is more than was told.

    More than was told is noted only while it is told in time; later, the told amount is charged and the rest is
    told with the receipt. Nothing is noted while online payments are off, or a charge is still in its tries.

    Returns: how many were noted. Run again on the same day it notes nothing.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:autopay")
    noted = 0
    while True:
        with transaction(principal) as tx:
            rows = _with_autopay(tx, after)
            if not rows or not practice(tx).online_payments:
                return noted
            noted += _announce(tx, rows)
            after = rows[-1].id
        on_batch(after)


def _with_autopay(tx: Tx, after: str) -> list[Membership]:
    wanted = (
        select(Membership)
        .join(Account, col(Account.id) == Membership.account_id)
        .join(Patient, col(Patient.id) == Account.guarantor_id)
        .where(
            col(Membership.payment_method_id).is_not(None),
            Membership.billed_by == BilledBy.PORTAL,
            Membership.status != MembershipStatus.ENDED,
            Patient.status == PatientStatus.ACTIVE,
            col(Membership.id) > after,
        )
        .order_by(col(Membership.id))
        .limit(_BATCH)
        .with_for_update(of=Membership)
    )
    return list(tx.exec(wanted.execution_options(populate_existing=True)).all())


def _announce(tx: Tx, rows: list[Membership]) -> int:
    days = notice_days(tx) + _DIGEST_TAKES
    tries = read_tries(tx, [row.id for row in rows])
    waiting = [row for row in rows if tries[row.id].open is None]
    untold = [row for row in waiting if row.announced_for is None]
    told = [row for row in waiting if row.announced_for and row.announced_for >= today()]
    new = _charges(tx, untold, days)
    new += [
        (row, charge)
        for row, charge in _charges(tx, told, 0)
        if _is_more(row, charge) and charge.day >= today() + timedelta(days=days)
    ]
    for row, charge in new:
        row.announced_for, row.announced_amount = charge.day, charge.amount
    add_notices(tx, [_notice(row, charge) for row, charge in new])
    return len(new)


def _charges(tx: Tx, rows: list[Membership], days: int) -> list[tuple[Membership, NextCharge]]:
    found = next_charges(tx, rows, at_least_days=days)
    return [(row, found[row.id]) for row in rows if row.id in found and found[row.id].amount]


def _is_more(row: Membership, charge: NextCharge) -> bool:
    """Whether the charge of the told day is more than was told, or there is one before that day."""
    if row.announced_for is None or row.announced_amount is None or charge.day < row.announced_for:
        return True
    return charge.day == row.announced_for and charge.amount > row.announced_amount


def _notice(row: Membership, charge: NextCharge) -> NewNotice:
    edition = f":{charge.day}:{charge.amount.minor}"
    return NewNotice(row.account_id, "autopay_announced", row.id, edition)
