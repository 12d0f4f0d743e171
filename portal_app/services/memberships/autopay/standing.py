"""How the payment of memberships stands: fine, in retry, or past due. For pages, adding and renewing (MEM-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.memberships import AutopayTry, Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import AccountId, InvoiceId, MembershipId
from portal_app.domain.memberships.autopay import confirm_by, next_try_day
from portal_app.domain.memberships.types import OPEN_TRIES, Standing, TryOutcome
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.autopay.owed import (
    OwedInvoice,
    Tries,
    charged_from,
    read_owed,
    read_tries,
)
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class PaymentStanding:
    """How the payment of one membership stands.

    `next_try`: the day of the next try. `confirm_by`: until when the payer can answer their bank (AUTO-3).
    `unpaid` and `invoice_ids`: what to pay to put it right.
    """

    standing: Standing
    unpaid: Money
    next_try: date | None = None
    confirm_by: date | None = None
    invoice_ids: tuple[InvoiceId, ...] = ()

    @property
    def is_fine(self) -> bool:
        return self.standing is Standing.FINE


def autopay_standing(principal: Principal, membership_id: MembershipId) -> PaymentStanding:
    """How the payment of a membership stands, for its owner or staff who see billing.

    Raises: NotFound when the membership is not theirs.
    """
    if not principal.may(Permission.VIEW_BILLING):
        principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        return standing_of(tx, tx.get_or_404(Membership, membership_id))


def standing_of(tx: Tx, row: Membership) -> PaymentStanding:
    """The same in a transaction that may see the account's invoices."""
    return standings_of(tx, [row])[row.id]


def standings_of(tx: Tx, rows: Sequence[Membership]) -> dict[MembershipId, PaymentStanding]:
    """The same for many memberships in a fixed number of queries."""
    ids = [row.id for row in rows]
    owed, tries = read_owed(tx, ids), read_tries(tx, ids)
    online = practice(tx).online_payments
    return {row.id: standing_from(row, owed.get(row.id, []), tries[row.id], online) for row in rows}


def invoices_in_retry(tx: Tx, account_ids: Sequence[AccountId] | None = None) -> frozenset[InvoiceId]:
    """The invoices that a scheduled try will pay, of these accounts or of all: not shown or reminded as overdue."""
    waiting = columns(AutopayTry.membership_id).where(col(AutopayTry.outcome).in_(sorted(OPEN_TRIES)))
    if account_ids is not None:
        waiting = waiting.where(col(AutopayTry.account_id).in_(account_ids))
    ids = sorted(set(tx.exec(waiting)))
    if not ids:
        return frozenset()
    found = standings_of(tx, tx.exec(select(Membership).where(col(Membership.id).in_(ids))).all())
    in_retry = (one for one in found.values() if one.standing is Standing.IN_RETRY)
    return frozenset(id_ for one in in_retry for id_ in one.invoice_ids)


def standing_from(
    row: Membership, owed: Sequence[OwedInvoice], tries: Tries, online: bool
) -> PaymentStanding:
    """How the payment of a membership stands, from what is owed of it and the tries to charge it."""
    since, day, open_try = charged_from(row, tries), today(), tries.open
    covered = [
        one for one in owed if since is not None and online and since <= one.due_day and one.due_day < day
    ]
    if open_try is not None and since is not None and open_try.due_day >= since:
        in_retry = [one for one in owed if since <= one.due_day <= open_try.due_day]
        late = [one for one in owed if one.due_day < since and one.due_day < day and one.payable]
        first = tries.first_failure(open_try.due_day)
        if first is not None and any(one.invoice.due for one in in_retry) and not late:
            return _in_retry(open_try, first, in_retry)
    late = [one for one in owed if one.due_day < day and one.payable and one not in covered]
    unpaid = _sum(late)
    standing = Standing.PAST_DUE if unpaid else Standing.FINE
    return PaymentStanding(standing, unpaid, invoice_ids=tuple(one.invoice.id for one in late))


def _in_retry(open_try: AutopayTry, first: date, owed: Sequence[OwedInvoice]) -> PaymentStanding:
    retry, confirm = open_try.outcome is TryOutcome.RETRY, open_try.outcome is TryOutcome.CONFIRM
    return PaymentStanding(
        Standing.IN_RETRY,
        _sum(owed),
        next_try=next_try_day(first, open_try.number, today()) if retry else None,
        confirm_by=confirm_by(first) if confirm else None,
        invoice_ids=tuple(one.invoice.id for one in owed if one.payable),
    )


def _sum(owed: Sequence[OwedInvoice]) -> Money:
    return total((one.payable for one in owed), currency())
