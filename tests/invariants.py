"""What must hold for invoices, payments and ledger at every moment (DOMAIN.md, Money, invariants 1 to 4)."""

from collections import defaultdict

from sqlmodel import select

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import (
    Allocation,
    Dispute,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    LedgerPersonShare,
    Payment,
    Refund,
)
from portal_app.domain.billing.disputes import DisputeEffect
from portal_app.domain.billing.types import (
    IN_FLIGHT,
    PAYABLE,
    RECEIVED,
    EntryKind,
    InvoiceStatus,
    Origin,
    PaymentStatus,
    RefundStatus,
)
from portal_app.services.billing.ledger.apportion import split_entries


def check_billing_invariants(tx: Tx) -> None:
    """Assert the invariants over all rows that the transaction sees (use the portal's own principal)."""
    invoices = tx.exec(select(Invoice)).all()
    payments = tx.exec(select(Payment)).all()
    allocations = tx.exec(select(Allocation)).all()
    refunds = tx.exec(select(Refund)).all()
    entries = tx.exec(select(LedgerEntry)).all()
    _invoices_add_up(invoices, allocations)
    _payments_add_up(payments, allocations, refunds, tx.exec(select(Dispute)).all())
    _nothing_is_held_twice(tx, invoices, payments)
    _ledger_agrees(invoices, payments, refunds, entries)
    _stored_shares_are_right(tx, entries)


def _invoices_add_up(invoices, allocations) -> None:
    paid: dict[str, int] = defaultdict(int)
    for row in allocations:
        assert row.amount.minor >= 0
        paid[row.invoice_id] += row.amount.minor
    for invoice in invoices:
        assert invoice.allocated.minor == paid[invoice.id], invoice.number
        assert invoice.due.minor >= 0, invoice.number
        assert invoice.adjusted.minor <= 0, invoice.number
        if invoice.status is InvoiceStatus.PAID:
            assert not invoice.due, invoice.number
        if invoice.status in PAYABLE:
            assert invoice.due, invoice.number
            assert (invoice.status is InvoiceStatus.PARTLY_PAID) == bool(invoice.allocated), invoice.number
        if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
            assert not invoice.allocated, invoice.number


def _payments_add_up(payments, allocations, refunds, disputes) -> None:
    lost: dict[str, int] = defaultdict(int)
    held: dict[str, bool] = defaultdict(bool)
    for row in disputes:
        lost[row.payment_id] += row.lost.minor
        held[row.payment_id] |= row.effect is DisputeEffect.HELD
    used: dict[str, int] = defaultdict(int)
    refunded: dict[str, int] = defaultdict(int)
    pending: dict[str, int] = defaultdict(int)
    for row in allocations:
        used[row.payment_id] += row.amount.minor
    for row in refunds:
        refunded[row.payment_id] += row.amount.minor * (row.status is RefundStatus.SUCCEEDED)
        pending[row.payment_id] += row.amount.minor * (row.status is RefundStatus.PROCESSING)
    receipts = [p.receipt_number for p in payments if p.receipt_number]
    assert len(receipts) == len(set(receipts))
    intents = [p.processor_intent_id for p in payments if p.processor_intent_id]
    assert len(intents) == len(set(intents))
    for payment in payments:
        assert payment.refunded.minor == refunded[payment.id]
        assert payment.allocated.minor == used[payment.id]
        if payment.status in RECEIVED:
            assert payment.lost.minor == lost[payment.id], payment.id
            credit = payment.amount.minor - payment.refunded.minor - lost[payment.id] - used[payment.id]
            assert credit >= 0, payment.id
            gone = refunded[payment.id] + pending[payment.id] + lost[payment.id]
            assert gone <= payment.amount.minor, payment.id
            assert (payment.status is PaymentStatus.DISPUTED) == held[payment.id], payment.id
            assert payment.receipt_number or payment.origin is Origin.IMPORT
        else:
            assert not used[payment.id]
            assert not refunded[payment.id]
            assert not lost[payment.id]


def _nothing_is_held_twice(tx: Tx, invoices, payments) -> None:
    """Payments in flight on an invoice never exceed what is due of it."""
    open_ = {p.id for p in payments if p.status in IN_FLIGHT}
    held: dict[str, int] = defaultdict(int)
    for part in tx.exec(select(IntendedAllocation)):
        held[part.invoice_id] += part.amount.minor * (part.payment_id in open_)
    for invoice in invoices:
        if invoice.status in PAYABLE:
            assert held[invoice.id] <= invoice.due.minor, invoice.number


def _ledger_agrees(invoices, payments, refunds, entries) -> None:
    """A payment is posted once; and each account's ledger equals its invoices less its posted payments."""
    assert len({(e.kind, e.source) for e in entries}) == len(entries)
    posted: dict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.kind is EntryKind.PAYMENT and entry.payment_id:
            posted[entry.payment_id] += 1
    balance: dict[str, int] = defaultdict(int)
    expected: dict[str, int] = defaultdict(int)
    for entry in entries:
        balance[entry.account_id] += entry.amount.minor
    for payment in payments:
        if payment.status in RECEIVED:
            assert posted[payment.id] == int(payment.posted), payment.id
            if payment.posted:
                expected[payment.account_id] += (
                    payment.refunded.minor + payment.lost.minor - payment.amount.minor
                )
    for invoice in invoices:
        if invoice.status is not InvoiceStatus.DRAFT:
            expected[invoice.account_id] += (invoice.total + invoice.adjusted).minor
    assert {k: v for k, v in balance.items() if v} == {k: v for k, v in expected.items() if v}


def _stored_shares_are_right(tx: Tx, entries) -> None:
    """The stored shares of an entry equal the computed ones; an entry that names its person needs none."""
    stored = {(row.entry_id, row.patient_id): row for row in tx.exec(select(LedgerPersonShare))}
    posted_on = {entry.id: entry.posted_on for entry in entries}
    assert all(row.posted_on == posted_on[row.entry_id] for row in stored.values())
    shared = [entry for entry in entries if entry.patient_id is None]
    computed = {
        (entry.id, person): amount.minor
        for entry, shares in zip(shared, split_entries(tx, shared), strict=True)
        for person, amount in shares.items()
        if person and amount
    }
    assert {key: row.amount.minor for key, row in stored.items() if row.amount} == computed
