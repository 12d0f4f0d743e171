"""How the books are kept: locks, holds, figures and ledger entries, for every service of billing."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import bindparam, col, func, select

from portal_app.clock import local_date, now, today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    Payment,
    PostingExport,
    Refund,
)
from portal_app.domain.billing.payments import InFlightPayment, came_since, due_order, status_for
from portal_app.domain.billing.refunds import take_back
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, EntryKind, RefundStatus
from portal_app.domain.ids import AccountId, EntryId, InvoiceId, PatientId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.person_shares import keep_shares, keep_shares_of
from portal_app.settings import settings

_PARTS = columns(
    IntendedAllocation.payment_id, IntendedAllocation.invoice_id, IntendedAllocation.amount
).where(col(IntendedAllocation.invoice_id).in_(bindparam("invoices", expanding=True)))
_UNDER_WAY = (
    columns(Payment.id, Payment.status, Payment.accepted_by_processor)
    .where(
        col(Payment.id).in_(bindparam("tried", expanding=True)),
        col(Payment.status).in_(sorted(IN_FLIGHT)),
    )
    .order_by(col(Payment.created_at))
)


def lock_account(tx: Tx, account_id: AccountId) -> Account:
    """Everything that moves money of an account waits here, so that no two do so at once."""
    return tx.get_or_404(Account, account_id, lock=True)


def in_flight_payments(tx: Tx, ids: Sequence[InvoiceId]) -> dict[InvoiceId, list[InFlightPayment]]:
    """What is in flight on each of these invoices."""
    # From the bills to what was tried on them, and not from thousands of payments of the account.
    parts: dict[PaymentId, list[tuple[InvoiceId, Money]]] = {}
    for payment_id, invoice_id, amount in tx.exec(_PARTS, params={"invoices": list(ids)}) if ids else ():
        parts.setdefault(payment_id, []).append((invoice_id, amount))
    found: dict[InvoiceId, list[InFlightPayment]] = {}
    for payment_id, status, known in tx.exec(_UNDER_WAY, params={"tried": list(parts)}) if parts else ():
        for invoice_id, amount in parts[payment_id]:
            found.setdefault(invoice_id, []).append(InFlightPayment(payment_id, status, amount, known))
    return found


def adjust_allocation(
    allocation: Allocation, payment: Payment, invoice: Invoice, amount: Money, at: datetime, because: str = ""
) -> None:
    """`amount` more of the payment pays the invoice, less where it is negative: all three say so at once.

    `because`: the refund that took it.
    """
    if allocation.amount or allocation.changes:  # else it is what came first, at `made_at`
        allocation.changes = [*allocation.changes, [at.isoformat(), amount.minor, because]]
    allocation.amount = allocation.amount + amount
    payment.allocated = payment.allocated + amount
    invoice.allocated = invoice.allocated + amount
    recount(invoice)


def paid_since(tx: Tx, invoice_id: InvoiceId, since: datetime) -> list[Money]:
    """What has come to pay this invoice from `since` on, and what is on its way."""
    came = tx.exec(select(Allocation).where(Allocation.invoice_id == invoice_id)).all()
    on_its_way = in_flight_payments(tx, [invoice_id]).get(invoice_id, [])
    return [*(_since(row, since) for row in came), *(attempt.amount for attempt in on_its_way)]


def _since(row: Allocation, since: datetime) -> Money:
    later = [(datetime.fromisoformat(at), Money(minor, row.amount.currency)) for at, minor, _ in row.changes]
    first = row.amount - total((amount for _, amount in later), row.amount.currency)
    return total(came_since(since, [(row.made_at, first), *later]), first.currency)


def recount(invoice: Invoice) -> None:
    """The state that the figures say."""
    invoice.status = status_for(invoice.status, invoice.total, invoice.adjusted, invoice.allocated)


def allocations_of(tx: Tx, payment_id: PaymentId) -> list[Allocation]:
    """Oldest first; those taken back whole stay, with nothing in them."""
    return list(
        tx.exec(
            select(Allocation)
            .where(Allocation.payment_id == payment_id)
            .order_by(col(Allocation.position), col(Allocation.made_at))
        )
    )


def allocate(tx: Tx, payment: Payment, invoice: Invoice, amount: Money, at: datetime) -> None:
    """`amount` of `payment` pays `invoice` from now on."""
    mine = allocations_of(tx, payment.id)
    row = next((row for row in mine if row.invoice_id == invoice.id), None)
    if row is None:
        row = Allocation(
            id=new_id("alc"),
            account_id=payment.account_id,
            payment_id=payment.id,
            invoice_id=invoice.id,
            amount=amount.zero(),
            made_at=at,
            position=len(mine),
        )
        tx.add(row)
    adjust_allocation(row, payment, invoice, amount, at)
    tx.flush()
    if payment.posted:
        keep_shares_of(tx, payment.id)


def allocate_again(
    tx: Tx, payment: Payment, invoice: Invoice, amount: Money, refund_id: RefundId, at: datetime
) -> None:
    """`amount` of what this refund had taken pays the bill as if it had never been away (ALL-9)."""
    row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice.id)
    known = row.changes
    adjust_allocation(row, payment, invoice, amount, at)
    row.changes = [
        [when, minor + amount.minor if because == refund_id else minor, because]
        for when, minor, because in known
    ]
    tx.flush()


def refunding(tx: Tx, payment_id: PaymentId) -> Money:
    """Refunds of it that have not ended yet."""
    rows = tx.exec(
        columns(Refund.amount).where(
            Refund.payment_id == payment_id, Refund.status == RefundStatus.PROCESSING
        )
    )
    return total(rows, currency())


def unused(tx: Tx, payment: Payment) -> Money:
    """What of a received payment no invoice uses and no refund has taken or asked for: its credit."""
    if payment.status not in RECEIVED:
        return payment.amount.zero()
    used = total((row.amount for row in allocations_of(tx, payment.id)), payment.amount.currency)
    left = payment.amount - payment.refunded - used
    return max(left - refunding(tx, payment.id), left.zero())


def credits_of(tx: Tx, account_id: AccountId) -> list[tuple[Payment, Money]]:
    """Payments with credit left, oldest first."""
    # As its index says it, and nothing besides that would lead SQLite to another one.
    left_over = col(Payment.allocated) < col(Payment.amount) - col(Payment.refunded)
    wanted = select(Payment).where(Payment.account_id == account_id, left_over)
    rows = tx.exec(wanted.order_by(col(Payment.settled_at), col(Payment.id))).all()
    return [(payment, left) for payment in rows if (left := unused(tx, payment))]


def credit_of(tx: Tx, account_id: AccountId) -> Money:
    return total((left for _, left in credits_of(tx, account_id)), currency())


def post(
    tx: Tx,
    account_id: AccountId,
    kind: EntryKind,
    amount: Money,
    *,
    source: str,
    happened_on: date | None = None,
    text: str = "",
    invoice_id: InvoiceId | None = None,
    payment_id: PaymentId | None = None,
    patient_id: PatientId | None = None,
    told_by_practice: bool = False,
) -> None:
    """One signed line, once per kind and source: a second one is refused by the database.

    The practice's own system hears of it (LEDG-5), unless it is where it came from.
    """
    id_ = EntryId(new_id("ent"))
    entry = tx.add(
        LedgerEntry(
            id=id_,
            account_id=account_id,
            kind=kind,
            amount=amount,
            source=source,
            invoice_id=invoice_id,
            payment_id=payment_id,
            patient_id=patient_id,
            text=text,
            happened_on=happened_on or today(),
            posted_on=today(),
            posted_at=now(),
            posted_by=tx.principal.name,
        )
    )
    tx.flush()
    keep_shares(tx, [entry])
    if not told_by_practice:
        tx.add_as_system(PostingExport(id=id_, created_at=now(), next_try_at=now()))


def posted_already(tx: Tx, kind: EntryKind, source: str) -> bool:
    found = columns(LedgerEntry.id).where(LedgerEntry.kind == kind, LedgerEntry.source == source)
    return tx.exec(found).first() is not None


def post_payment(tx: Tx, payment: Payment, *, told_by_practice: bool = False) -> bool:
    """The payment becomes a ledger entry, and with it what was refunded of it; False: it was one already."""
    if payment.posted:
        return False
    payment.posted = True
    source = payment.processor_intent_id or payment.id
    if not posted_already(tx, EntryKind.PAYMENT, source):
        post(
            tx,
            payment.account_id,
            EntryKind.PAYMENT,
            -payment.amount,
            source=source,
            happened_on=local_date(payment.settled_at or payment.created_at),
            text=payment.paid_with,
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            told_by_practice=told_by_practice,
        )
    done = select(Refund).where(Refund.payment_id == payment.id, Refund.status == RefundStatus.SUCCEEDED)
    for refund in tx.exec(done):
        post_refund(tx, payment, refund)
    return True


def post_refund(tx: Tx, payment: Payment, refund: Refund) -> None:
    """A refund follows its payment: it is posted once that is."""
    if payment.posted and not posted_already(tx, EntryKind.REFUND, refund.id):
        post(
            tx,
            payment.account_id,
            EntryKind.REFUND,
            refund.amount,
            source=refund.id,
            payment_id=payment.id,
            text=payment.paid_with,
        )


def correct_amount(tx: Tx, payment: Payment, received: Money) -> bool:
    """A received payment becomes what really came; False when more than that was given back already.

    More is credit; less is taken back from its bills, credit first, then the latest.
    """
    if received < payment.refunded + refunding(tx, payment.id):
        return False
    held = [(row.invoice_id, row.amount) for row in allocations_of(tx, payment.id) if row.amount]
    used = total((part for _, part in held), received.currency)
    for invoice_id, part in take_back(
        max(used + payment.refunded - received, received.zero()), received.zero(), held
    ):
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice_id)
        adjust_allocation(row, payment, invoice, -part, now())
    if payment.posted:
        times = columns(func.count()).where(
            LedgerEntry.payment_id == payment.id, LedgerEntry.kind == EntryKind.REVERSAL
        )
        post(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            payment.amount - received,
            source=f"{payment.id}:amount:{tx.exec(times).one()}",
            payment_id=payment.id,
            text="Amount corrected to what was received",
        )
        keep_shares_of(tx, payment.id)
    payment.amount = received
    tx.flush()
    return True


def balance_of(tx: Tx, account_id: AccountId) -> Money:
    """The ledger's: what is owed, negative when the practice owes."""
    found = columns(func.sum(col(LedgerEntry.amount))).where(LedgerEntry.account_id == account_id)
    return as_money(tx.exec(found).one())


def as_money(value: Any) -> Money:
    if isinstance(value, Money):
        return value
    return Money(int(value or 0), currency())


def currency() -> str:
    return settings().currency


def in_due_order(invoices: Iterable[Invoice]) -> list[Invoice]:
    return sorted(invoices, key=lambda i: due_order(i.due_date, i.issue_date, i.number))
