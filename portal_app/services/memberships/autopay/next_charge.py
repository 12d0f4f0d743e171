"""The next automatic charge of a membership: the day, how much, and telling the owner so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.practice import Practice
from portal_app.domain.billing.processor_limits import processor_minimum
from portal_app.domain.errors import UserError
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.autopay import charge_day
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.domain.memberships.types import BilledBy, MembershipStatus
from portal_app.domain.money import Money, total
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.autopay.owed import (
    OwedInvoice,
    charged_from,
    read_owed,
    read_tries,
)
from portal_app.services.memberships.load import LoadedMembership, load_memberships

_TEN_YEARS = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class NextCharge:
    """A charge that lies ahead. The account's credit, used first, is not taken off."""

    day: date
    amount: Money


def announce_next_charge(tx: Tx, row: Membership, *, after_today: bool = False) -> NextCharge | None:
    """Note the next charge as told to the owner, for a confirmation or receipt that names it; None: nothing follows.

    The transaction must be the system's (see `load_memberships`). Autopay never takes more than this.

    Args:
        after_today: today's charge has just been made; what it left waits for the days of notice.
    """
    tx.flush()
    charge = next_charges(tx, [row], day=today() + ONE_DAY if after_today else None).get(row.id)
    row.announced_for, row.announced_amount = (charge.day, charge.amount) if charge else (None, None)
    tx.add(row)
    return charge


def next_charges(
    tx: Tx,
    rows: Sequence[Membership],
    *,
    at_least_days: int = 0,
    as_if_on: bool = False,
    day: date | None = None,
) -> dict[MembershipId, NextCharge]:
    """The next charge of each of these memberships, if it is told today.

    Args:
        at_least_days: no charge is sooner than that: 0 where the owner has just agreed to it.
        as_if_on: also where automatic payment is off, as if it were turned on today.
        day: the first day on which it may be; today by default.
    """
    billed_here = [
        row for row in rows if row.billed_by is BilledBy.PORTAL and (as_if_on or row.payment_method_id)
    ]
    ids = [row.id for row in billed_here]
    owed, tries = read_owed(tx, ids), read_tries(tx, ids)
    notice = notice_days(tx)
    found: dict[MembershipId, NextCharge] = {}
    for membership in load_memberships(tx, billed_here):
        id_ = membership.row.id
        since = charged_from(membership.row, tries[id_])
        if since is None and as_if_on and membership.row.status is not MembershipStatus.ENDED:
            since = today()
        first = _First(day or today(), since, notice) if since else None
        charge = _next_charge(membership, owed.get(id_, []), first) if first else None
        if charge is not None and charge.amount:
            found[id_] = NextCharge(charge_day(charge.day, today(), at_least_days), charge.amount)
    return found


def notice_days(tx: Tx) -> int:
    """How many days before it is charged a raised amount is told."""
    return int(SETTINGS["membership_amount_notice_days"].read(tx.get_or_404(Practice, "practice")))


@dataclass(frozen=True, slots=True)
class _First:
    """From when on: `day` is the first day of a charge, `since` the first due day that autopay answers for."""

    day: date
    since: date
    notice: int


def _next_charge(
    membership: LoadedMembership, owed: Sequence[OwedInvoice], start: _First
) -> NextCharge | None:
    """The first due day with something to pay; what earlier charges left comes with it, or alone after its notice."""
    day = start.day
    pool = [one for one in owed if one.due_day >= start.since and one.payable]
    period = _next_period(membership, day)
    days = [one.due_day for one in pool if one.due_day >= day] + ([period.day] if period else [])
    first = min(days, default=None)
    left = _sum(one.payable for one in pool if one.due_day < day)
    alone = today() + timedelta(days=start.notice)
    if left >= processor_minimum(left.currency) and (first is None or alone < first):
        return NextCharge(alone, left)
    if first is None:
        return None
    amount = _sum(one.payable for one in pool if one.due_day <= first)
    if period and period.day == first:
        amount = amount + period.amount
    return NextCharge(first, amount)


def _next_period(membership: LoadedMembership, day: date) -> NextCharge | None:
    """The first period without an invoice, and its cost; None when nothing will be billed or no price is known."""
    dates = membership.agreed.bill_dates(day, day + _TEN_YEARS)
    first = next((one for one in dates if one not in membership.invoiced), None)
    if first is None:
        return None
    try:
        amount = membership.agreed.price_on(first).amount
    except UserError:
        return None  # set aside as a task when it is billed
    fee = membership.row.enrolment_fee_due
    return NextCharge(first, amount + fee if fee else amount)


def _sum(amounts: Iterable[Money]) -> Money:
    return total(amounts, currency())
