"""Whose share of the books is whose: a charge's by its lines, a payment's by the bills it paid.

What names nobody (credit, an opening balance without lines) is under None.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlmodel import bindparam, col, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, InvoiceLine, Refund
from portal_app.domain.billing.types import EntryKind, RefundStatus
from portal_app.domain.ids import InvoiceId, PatientId, PaymentId
from portal_app.domain.money import Money, shares

Parts = dict[PatientId | None, Money]
_LINES = (
    columns(InvoiceLine.invoice_id, InvoiceLine.patient_id, InvoiceLine.amount)
    .where(col(InvoiceLine.invoice_id).in_(bindparam("invoices", expanding=True)))
    .order_by(col(InvoiceLine.position))
)
_PAID = columns(Allocation.payment_id, Allocation.invoice_id, Allocation.amount).where(
    col(Allocation.payment_id).in_(bindparam("payments", expanding=True))
)
_OF_REFUNDS = (EntryKind.REFUND, EntryKind.REVERSAL)  # its source is the refund, gone or come back
_AT_ONCE = 500  # ids in one question


def split(tx: Tx, entries: Sequence[Any]) -> list[Parts]:
    """The parts of each ledger entry, in their order; they add up to its amount."""
    paid = _paid(tx, {e.payment_id for e in entries if e.payment_id})
    given_back = _given_back(tx, {e.source for e in entries if e.kind in _OF_REFUNDS})
    of_invoices = {e.invoice_id for e in entries if e.invoice_id}
    of_invoices |= {invoice for invoices in (*paid.values(), *given_back.values()) for invoice in invoices}
    lines = _lines(tx, of_invoices)
    return [_parts(entry, lines, paid, given_back) for entry in entries]


def split_payments(tx: Tx, payments: dict[PaymentId, Money]) -> dict[PaymentId, Parts]:
    """Whose bills these payments pay now; `payments` says how much each of them is."""
    paid = _paid(tx, set(payments), as_made=False)
    lines = _lines(tx, {invoice for invoices in paid.values() for invoice in invoices})
    return {id_: _by_invoice(amount, paid.get(id_, {}), lines) for id_, amount in payments.items()}


def left(tx: Tx, invoices: Sequence[Any]) -> list[Parts]:
    """Of what is due of each bill, each person's lines less their share of what is paid: as a statement says it."""
    lines = _lines(tx, {invoice.id for invoice in invoices})
    return [_left(invoice, lines.get(invoice.id, {})) for invoice in invoices]


def _left(invoice: Any, of: dict[PatientId, int]) -> Parts:
    if sum(of.values()) != invoice.total.minor or min(of.values(), default=-1) < 0:
        return _by_weight(invoice.due, of)
    paid = _by_weight(invoice.total - invoice.due, of)
    return {who: Money(minor, invoice.due.currency) - paid[who] for who, minor in of.items() if minor}


def _parts(
    entry: Any,
    lines: dict[InvoiceId, dict[PatientId, int]],
    paid: dict[PaymentId, dict[InvoiceId, int]],
    given_back: dict[str, dict[InvoiceId, int]],
) -> Parts:
    if entry.patient_id:
        return {entry.patient_id: entry.amount}
    if entry.kind is EntryKind.PAYMENT and entry.payment_id:
        invoices = {invoice: -minor for invoice, minor in paid.get(entry.payment_id, {}).items()}
        return _by_invoice(entry.amount, invoices, lines)
    if entry.kind is EntryKind.REFUND or (entry.kind in _OF_REFUNDS and entry.source in given_back):
        sign = 1 if entry.amount > entry.amount.zero() else -1
        invoices = {invoice: sign * minor for invoice, minor in given_back.get(entry.source, {}).items()}
        return _by_invoice(entry.amount, invoices, lines)
    of = lines.get(entry.invoice_id, {}) if entry.invoice_id else {}
    if of and sum(of.values()) == entry.amount.minor:
        return {who: Money(minor, entry.amount.currency) for who, minor in of.items()}
    return _by_weight(entry.amount, of)


def _by_invoice(
    amount: Money, invoices: dict[InvoiceId, int], lines: dict[InvoiceId, dict[PatientId, int]]
) -> Parts:
    parts: Parts = {}
    rest = amount
    for invoice, minor in invoices.items():
        piece = Money(minor, amount.currency)
        rest = rest - piece
        for who, share in _by_weight(piece, lines.get(invoice, {})).items():
            parts[who] = parts.get(who, amount.zero()) + share
    if rest:
        parts[None] = parts.get(None, amount.zero()) + rest
    return parts


def _by_weight(amount: Money, weights: dict[PatientId, int]) -> Parts:
    of = {who: weight for who, weight in weights.items() if weight > 0}
    if not of:
        return {None: amount}
    return dict(zip(of, shares(amount, list(of.values())), strict=True))


def _lines(tx: Tx, invoice_ids: Iterable[InvoiceId]) -> dict[InvoiceId, dict[PatientId, int]]:
    """Invoice → person → what their lines add up to."""
    found: dict[InvoiceId, dict[PatientId, int]] = {}
    for some in _some(invoice_ids):
        for invoice, who, amount in tx.exec(_LINES, params={"invoices": some}):
            of = found.setdefault(invoice, {})
            of[who] = of.get(who, 0) + amount.minor
    return found


def _paid(tx: Tx, ids: set[PaymentId], *, as_made: bool = True) -> dict[PaymentId, dict[InvoiceId, int]]:
    """Payment → bill → how much; `as_made`: before refunds took any of it back."""
    found: dict[PaymentId, dict[InvoiceId, int]] = {}
    for some in _some(ids):
        for payment_id, invoice, amount in tx.exec(_PAID, params={"payments": some}):
            _add(found, payment_id, invoice, amount.minor)
        if as_made:
            for refund in tx.exec(
                select(Refund).where(
                    col(Refund.payment_id).in_(some), Refund.status == RefundStatus.SUCCEEDED
                )
            ):
                for invoice, minor in refund.taken_back:
                    _add(found, refund.payment_id, invoice, minor)
    return found


def _given_back(tx: Tx, ids: set[str]) -> dict[str, dict[InvoiceId, int]]:
    found: dict[str, dict[InvoiceId, int]] = {}
    for some in _some(ids):
        for refund in tx.exec(select(Refund).where(col(Refund.id).in_(some))):
            for invoice, minor in refund.taken_back:
                _add(found, refund.id, invoice, minor)
    return found


def _add(found: dict[Any, dict[InvoiceId, int]], key: str, invoice: InvoiceId, minor: int) -> None:
    of = found.setdefault(key, {})
    of[invoice] = of.get(invoice, 0) + minor


def _some(ids: Iterable[Any]) -> Iterator[list[Any]]:
    every = sorted(ids)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]
