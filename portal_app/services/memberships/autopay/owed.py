"""What is unpaid of memberships, and what became of the tries to charge it. Reads only."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import AutopayTry, Membership, MembershipInvoice
from portal_app.domain.billing.payments import InFlightPayment, blocking_payment, payable_amount
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.domain.memberships.types import CLOSED_TRIES, OPEN_TRIES, MembershipStatus, TryOutcome
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import in_flight_payments

_SOME = 500  # ids in one query
THAT_MATTER = sorted(OPEN_TRIES | CLOSED_TRIES | {TryOutcome.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An open invoice of a membership. `payable`: what no payment on its way covers."""

    invoice: Invoice
    due_day: date
    payable: Money
    held: bool = False  # by a payment whose outcome is not known


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries of one membership that still matter: all but those that paid or were released."""

    rows: tuple[AutopayTry, ...] = ()

    @property
    def open(self) -> AutopayTry | None:
        """The one that something follows of by itself."""
        return next((row for row in self.rows if row.outcome in OPEN_TRIES), None)

    @property
    def closed_until(self) -> date | None:
        """What was due until then is not charged by itself any more."""
        return max((row.due_day for row in self.rows if row.outcome in CLOSED_TRIES), default=None)

    @property
    def last_failed(self) -> AutopayTry | None:
        """The newest failure that nothing follows of."""
        failed = (row for row in self.rows if row.outcome is TryOutcome.FAILED)
        return max(failed, key=lambda row: (row.due_day, row.number), default=None)

    def first_failure(self, due_day: date) -> date | None:
        """The day from which the tries after the first failure are counted."""
        return min((r.failed_on for r in self.rows if r.due_day == due_day and r.failed_on), default=None)

    def first_try(self, due_day: date) -> AutopayTry | None:
        return min((r for r in self.rows if r.due_day == due_day), key=lambda r: r.number, default=None)


def charged_from(row: Membership, tries: Tries) -> date | None:
    """The first due day that autopay answers for; None when it is off. What was due before is never charged by itself."""
    if row.payment_method_id is None or row.autopay_agreed_at is None:
        return None
    if row.status is MembershipStatus.ENDED:
        return None
    agreed = local_date(row.autopay_agreed_at)
    closed = tries.closed_until
    return max(agreed, closed + ONE_DAY) if closed else agreed


def read_owed(
    tx: Tx, ids: Sequence[MembershipId], *, lock: bool = False
) -> dict[MembershipId, list[OwedInvoice]]:
    """The open invoices of these memberships, oldest due first."""
    found: defaultdict[MembershipId, list[OwedInvoice]] = defaultdict(list)
    for some in _in_parts(ids):
        due_days = {
            (membership_id, invoice_id): due_day
            for membership_id, invoice_id, due_day in tx.exec(
                columns(
                    MembershipInvoice.membership_id, MembershipInvoice.invoice_id, MembershipInvoice.due_day
                )
                .join(Invoice, col(Invoice.id) == MembershipInvoice.invoice_id)
                .where(
                    col(MembershipInvoice.membership_id).in_(some), col(Invoice.status).in_(sorted(PAYABLE))
                )
            )
        }
        if not due_days:
            continue
        wanted = select(Invoice).where(col(Invoice.id).in_({invoice_id for _, invoice_id in due_days}))
        if lock:
            wanted = wanted.order_by(col(Invoice.id)).with_for_update()
            wanted = wanted.execution_options(populate_existing=True)
        invoices = {row.id: row for row in tx.exec(wanted) if row.status in PAYABLE}
        found |= owed_of(due_days, invoices, in_flight_payments(tx, list(invoices)))
    return found


def owed_of(
    due_days: Mapping[tuple[MembershipId, InvoiceId], date],
    invoices: Mapping[InvoiceId, Invoice],
    in_flight: Mapping[InvoiceId, Sequence[InFlightPayment]],
) -> dict[MembershipId, list[OwedInvoice]]:
    """What is owed of these open invoices, with the payments that are on their way to them; oldest due first."""
    found: defaultdict[MembershipId, list[OwedInvoice]] = defaultdict(list)
    for (membership_id, invoice_id), due_day in due_days.items():
        if (row := invoices.get(invoice_id)) is not None:
            waiting = in_flight.get(invoice_id, ())
            payable = payable_amount(row.due, (payment.amount for payment in waiting))
            held = blocking_payment(waiting) is not None
            found[membership_id].append(OwedInvoice(row, due_day, payable, held))
    for owed in found.values():
        owed.sort(key=lambda one: (one.due_day, one.invoice.number))
    return found


def read_tries(tx: Tx, ids: Sequence[MembershipId]) -> dict[MembershipId, Tries]:
    """The tries of these memberships that still matter."""
    found: defaultdict[MembershipId, list[AutopayTry]] = defaultdict(list)
    for some in _in_parts(ids):
        rows = select(AutopayTry).where(
            col(AutopayTry.outcome).in_(THAT_MATTER), col(AutopayTry.membership_id).in_(some)
        )
        for row in tx.exec(rows):
            found[row.membership_id].append(row)
    return defaultdict(Tries, {id_: Tries(tuple(rows)) for id_, rows in found.items()})


def _in_parts(ids: Sequence[MembershipId]) -> Iterator[Sequence[MembershipId]]:
    for start in range(0, len(ids), _SOME):
        yield ids[start : start + _SOME]
