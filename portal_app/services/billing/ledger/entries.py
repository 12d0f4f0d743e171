"""The ledger and the amounts kept beside it: locks, allocations, credit, entries. Used by every billing service."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import bindparam, col, func, select

from portal_app.clock import local_date, now, today
from portal_app.db.scope import PreparedReading, Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    Dispute,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    Payment,
    PostingExport,
    Refund,
)
from portal_app.domain.billing.payments import InFlightPayment, amounts_left_since, due_order, status_for
from portal_app.domain.billing.refunds import split_refund
from portal_app.domain.billing.types import IN_FLIGHT, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import (
    AccountId,
    DisputeId,
    EntryId,
    InvoiceId,
    PatientId,
    PaymentId,
    RefundId,
    new_id,
)
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.person_shares import refresh_payment_shares, store_shares
from portal_app.settings import settings

LOST_TEXT = "Payment taken back by the bank"
REINSTATED_TEXT = "Payment given back by the bank"
_INTENDED = columns(
    IntendedAllocation.payment_id, IntendedAllocation.invoice_id, IntendedAllocation.amount
).where(col(IntendedAllocation.invoice_id).in_(bindparam("invoices", expanding=True)))
_IN_FLIGHT_PAYMENTS = (
    columns(Payment.id, Payment.status, Payment.accepted_by_processor)
    .where(
        col(Payment.id).in_(bindparam("payments", expanding=True)),
        col(Payment.status).in_(sorted(IN_FLIGHT)),
    )
    .order_by(col(Payment.created_at))
)


def lock_account(tx: Tx, account_id: AccountId) -> Account:
    """Lock the account: whatever moves its money does so one after the other."""
    return lock_accounts(tx, [account_id])[0]


def lock_accounts(tx: Tx, account_ids: Sequence[AccountId]) -> list[Account]:
    """Lock these accounts, in the order of their ids: two that lock the same ones do not wait for each other.

    Raises: NotFound when one is absent or not the principal's.
    """
    wanted = select(Account).where(col(Account.id).in_(account_ids)).order_by(col(Account.id))
    locked = tx.exec(wanted.with_for_update().execution_options(populate_existing=True)).all()
    if len(locked) < len(set(account_ids)):
        raise NotFound
    return list(locked)


def lock_payment(tx: Tx, payment_id: PaymentId) -> Payment:
    """Lock the payment's account, then the payment: in this order everywhere, so that no two wait for each other.

    Raises: NotFound when it is absent or not the principal's.
    """
    lock_account(tx, tx.get_or_404(Payment, payment_id).account_id)
    return tx.get_or_404(Payment, payment_id, lock=True)


def payer_of(tx: Tx, payment: Payment) -> PatientId:
    """Who paid: the one who pressed Pay; the account's guarantor where nobody did (recorded at the practice)."""
    return payment.payer_id or tx.get_or_404(Account, payment.account_id).guarantor_id


def in_flight_payments(
    tx: Tx | PreparedReading, ids: Sequence[InvoiceId]
) -> dict[InvoiceId, list[InFlightPayment]]:
    """The payments in flight on each of these invoices, oldest first."""
    # From the invoices to their payments, and not over thousands of payments of the account.
    parts: dict[PaymentId, list[tuple[InvoiceId, Money]]] = {}
    for payment_id, invoice_id, amount in tx.fetch(_INTENDED, invoices=list(ids)) if ids else ():
        parts.setdefault(payment_id, []).append((invoice_id, amount))
    found: dict[InvoiceId, list[InFlightPayment]] = {}
    for payment_id, status, accepted in tx.fetch(_IN_FLIGHT_PAYMENTS, payments=list(parts)) if parts else ():
        for invoice_id, amount in parts[payment_id]:
            found.setdefault(invoice_id, []).append(InFlightPayment(payment_id, status, amount, accepted))
    return found


def adjust_allocation(
    allocation: Allocation,
    payment: Payment,
    invoice: Invoice,
    amount: Money,
    at: datetime,
    taken_by: str = "",
) -> None:
    """Let `amount` more of the payment pay the invoice (less, when it is negative), in all three rows at once.

    Args:
        at: when.
        taken_by: the refund or dispute that takes it back, if one does.
    """
    if allocation.amount or allocation.changes:  # otherwise it is the first amount, at `made_at`
        allocation.changes = [*allocation.changes, [at.isoformat(), amount.minor, taken_by]]
    allocation.amount = allocation.amount + amount
    payment.allocated = payment.allocated + amount
    invoice.allocated = invoice.allocated + amount
    update_invoice_status(invoice)


def paid_since(tx: Tx, invoice_id: InvoiceId, since: datetime) -> list[Money]:
    """The amounts that pay this invoice since then: allocated and not taken back, or on their way."""
    rows = tx.exec(select(Allocation).where(Allocation.invoice_id == invoice_id)).all()
    on_its_way = in_flight_payments(tx, [invoice_id]).get(invoice_id, [])
    return [*(_allocated_since(row, since) for row in rows), *(payment.amount for payment in on_its_way)]


def _allocated_since(row: Allocation, since: datetime) -> Money:
    later = [(datetime.fromisoformat(at), Money(minor, row.amount.currency)) for at, minor, _ in row.changes]
    first = row.amount - total((amount for _, amount in later), row.amount.currency)
    return total(amounts_left_since(since, [(row.made_at, first), *later]), first.currency)


def update_invoice_status(invoice: Invoice) -> None:
    """Set the status that follows from the invoice's amounts."""
    invoice.status = status_for(invoice.status, invoice.total, invoice.adjusted, invoice.allocated)


def allocations_of(tx: Tx, payment_id: PaymentId) -> list[Allocation]:
    """The payment's allocations, oldest first; those taken back whole stay, with amount zero."""
    return list(
        tx.exec(
            select(Allocation)
            .where(Allocation.payment_id == payment_id)
            .order_by(col(Allocation.position), col(Allocation.made_at))
        )
    )


def allocate(tx: Tx, payment: Payment, invoice: Invoice, amount: Money, at: datetime) -> None:
    """Let `amount` of the payment pay the invoice from now on; a posted payment's shares follow."""
    allocations = allocations_of(tx, payment.id)
    row = next((row for row in allocations if row.invoice_id == invoice.id), None)
    if row is None:
        row = Allocation(
            id=new_id("alc"),
            account_id=payment.account_id,
            payment_id=payment.id,
            invoice_id=invoice.id,
            amount=amount.zero(),
            made_at=at,
            position=len(allocations),
        )
        tx.add(row)
    adjust_allocation(row, payment, invoice, amount, at)
    tx.flush()
    if payment.posted:
        refresh_payment_shares(tx, payment.id)


def restore_allocation(
    tx: Tx, payment: Payment, invoice: Invoice, amount: Money, taken_by: RefundId | DisputeId, at: datetime
) -> None:
    """Let `amount` that this refund or dispute took back pay the invoice again, as if it had never been (ALL-9)."""
    row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice.id)
    changes = row.changes
    adjust_allocation(row, payment, invoice, amount, at)
    row.changes = [
        [changed_at, minor + amount.minor if by == taken_by else minor, by]
        for changed_at, minor, by in changes
    ]
    tx.flush()


def pending_refunds(tx: Tx, payment_id: PaymentId) -> Money:
    """The sum of its refunds that have not ended yet."""
    rows = tx.exec(
        columns(Refund.amount).where(
            Refund.payment_id == payment_id, Refund.status == RefundStatus.PROCESSING
        )
    )
    return total(rows, currency())


def unused_credit(tx: Tx, payment: Payment) -> Money:
    """A received payment's credit: what pays no invoice and is not refunded, being refunded, lost or disputed."""
    if payment.status not in RECEIVED or payment.status is PaymentStatus.DISPUTED:
        return payment.amount.zero()
    used = total((row.amount for row in allocations_of(tx, payment.id)), payment.amount.currency)
    left = payment.amount - payment.refunded - payment.lost - used
    return max(left - pending_refunds(tx, payment.id), left.zero())


def credits_of(tx: Tx, account_id: AccountId) -> list[tuple[Payment, Money]]:
    """The account's payments with credit left, oldest first."""
    # Exactly the condition of its partial index; another condition would make SQLite choose another index.
    left_over = col(Payment.allocated) < col(Payment.amount) - col(Payment.refunded) - col(Payment.lost)
    wanted = select(Payment).where(Payment.account_id == account_id, left_over)
    rows = tx.exec(wanted.order_by(col(Payment.settled_at), col(Payment.id))).all()
    return [(payment, left) for payment in rows if (left := unused_credit(tx, payment))]


def credit_of(tx: Tx, account_id: AccountId) -> Money:
    """The account's credit."""
    return total((left for _, left in credits_of(tx, account_id)), currency())


def post_entry(
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
    from_practice_system: bool = False,
) -> None:
    """Add a ledger entry; the database refuses a second one of the same kind and source.

    It is queued for the practice's own system (LEDG-5), unless it came from there.

    Args:
        amount: signed; positive raises what the account owes.
        source: what it came from, the same for the same event.
        happened_on: the practice's date of the event; today when left out.
    """
    entry = LedgerEntry(
        id=EntryId(new_id("ent")),
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
    _store_entry(tx, entry, is_exported=not from_practice_system)


def _store_entry(tx: Tx, entry: LedgerEntry, *, is_exported: bool) -> None:
    tx.add(entry)
    tx.flush()
    store_shares(tx, [entry], are_new=True)
    if is_exported:
        tx.add_as_system(PostingExport(id=entry.id, created_at=now(), next_try_at=now()))


def is_posted(tx: Tx, kind: EntryKind, source: str) -> bool:
    """Whether an entry of this kind and source is in the ledger."""
    found = columns(LedgerEntry.id).where(LedgerEntry.kind == kind, LedgerEntry.source == source)
    return tx.exec(found).first() is not None


def post_payment(tx: Tx, payment: Payment, *, from_practice_system: bool = False) -> bool:
    """Post the payment, its refunds and what was taken back of it to the ledger. False when it was posted before."""
    if payment.posted:
        return False
    source = payment.processor_intent_id or payment.id
    known = is_posted(tx, EntryKind.PAYMENT, source)
    payment.posted = True
    if not known:
        post_entry(
            tx,
            payment.account_id,
            EntryKind.PAYMENT,
            -payment.amount,
            source=source,
            happened_on=local_date(payment.settled_at or payment.created_at),
            text=payment.paid_with,
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            from_practice_system=from_practice_system,
        )
    done = select(Refund).where(Refund.payment_id == payment.id, Refund.status == RefundStatus.SUCCEEDED)
    for refund in tx.exec(done):
        post_refund(tx, payment, refund)
    for dispute in tx.exec(select(Dispute).where(Dispute.payment_id == payment.id)):
        if dispute.lost:
            post_entry(
                tx,
                payment.account_id,
                EntryKind.REVERSAL,
                dispute.lost,
                source=dispute.id,
                payment_id=payment.id,
                text=LOST_TEXT,
            )
    return True


def post_refund(tx: Tx, payment: Payment, refund: Refund) -> None:
    """Post the refund, if its payment is posted and it is not."""
    if payment.posted and not is_posted(tx, EntryKind.REFUND, refund.id):
        post_entry(
            tx,
            payment.account_id,
            EntryKind.REFUND,
            refund.amount,
            source=refund.id,
            payment_id=payment.id,
            text=payment.paid_with,
        )


def correct_amount(tx: Tx, payment: Payment, received: Money) -> bool:
    """Set a received payment to the amount that was really received. False when more than that was refunded.

    More becomes credit; less is taken back from its credit first, then from its latest allocations.
    """
    gone = payment.refunded + payment.lost
    if received < gone + pending_refunds(tx, payment.id):
        return False
    held = [(row.invoice_id, row.amount) for row in allocations_of(tx, payment.id) if row.amount]
    used = total((part for _, part in held), received.currency)
    for invoice_id, part in split_refund(max(used + gone - received, received.zero()), received.zero(), held):
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice_id)
        adjust_allocation(row, payment, invoice, -part, now())
    if payment.posted:
        times = columns(func.count()).where(
            LedgerEntry.payment_id == payment.id, LedgerEntry.kind == EntryKind.REVERSAL
        )
        post_entry(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            payment.amount - received,
            source=f"{payment.id}:amount:{tx.exec(times).one()}",
            payment_id=payment.id,
            text="Amount corrected to what was received",
        )
        refresh_payment_shares(tx, payment.id)
    payment.amount = received
    tx.flush()
    return True


def balance_of(tx: Tx, account_id: AccountId) -> Money:
    """The sum of the account's ledger: what it owes, negative when the practice owes it."""
    found = columns(func.sum(col(LedgerEntry.amount))).where(LedgerEntry.account_id == account_id)
    return as_money(tx.exec(found).one())


def as_money(value: Any) -> Money:
    """A sum from the database, which comes as Money, minor units or None (no rows)."""
    if isinstance(value, Money):
        return value
    return Money(int(value or 0), currency())


def currency() -> str:
    """The practice's currency (ISO 4217)."""
    return settings().currency


def in_due_order(invoices: Iterable[Invoice]) -> list[Invoice]:
    """The invoices in the order in which they are paid."""
    return sorted(invoices, key=lambda i: due_order(i.due_date, i.issue_date, i.number))
