"""Each person's share of charges and payments: a charge by its lines, a payment by the invoices it paid.

What belongs to nobody (credit, an opening balance without lines) is under None.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlmodel import bindparam, col, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, Dispute, InvoiceLine, Refund
from portal_app.domain.billing.types import EntryKind, RefundStatus
from portal_app.domain.ids import InvoiceId, PatientId, PaymentId
from portal_app.domain.money import Money, split_by_weight

PersonShares = dict[PatientId | None, Money]
_LINES = (
    columns(InvoiceLine.invoice_id, InvoiceLine.patient_id, InvoiceLine.amount)
    .where(col(InvoiceLine.invoice_id).in_(bindparam("invoices", expanding=True)))
    .order_by(col(InvoiceLine.position))
)
_PAID = columns(Allocation.payment_id, Allocation.invoice_id, Allocation.amount).where(
    col(Allocation.payment_id).in_(bindparam("payments", expanding=True))
)
_REFUND_KINDS = (
    EntryKind.REFUND,
    EntryKind.REVERSAL,
)  # their `source` begins with the refund or dispute that took money back, or gave it back
_BATCH = 500  # ids in one query


class Divisible(Protocol):
    """What of a ledger entry decides its shares."""

    @property
    def kind(self) -> EntryKind: ...
    @property
    def amount(self) -> Money: ...
    @property
    def source(self) -> str: ...
    @property
    def patient_id(self) -> PatientId | None: ...
    @property
    def invoice_id(self) -> InvoiceId | None: ...
    @property
    def payment_id(self) -> PaymentId | None: ...


@dataclass(frozen=True, slots=True)
class Weights:
    """What shares are computed from, in minor units."""

    lines: dict[InvoiceId, dict[PatientId, int]] = field(default_factory=dict)
    paid: dict[PaymentId, dict[InvoiceId, int]] = field(
        default_factory=dict
    )  # before anything was taken back
    taken_back: dict[str, dict[InvoiceId, int]] = field(default_factory=dict)  # by refund or dispute


def split_entries(tx: Tx, entries: Sequence[Any]) -> list[PersonShares]:
    """The shares of each ledger entry, in the order of the entries; they add up to its amount."""
    paid = _paid_by_payment(tx, {e.payment_id for e in entries if e.payment_id})
    taken_back = _taken_back_by(tx, {_taken_by(e) for e in entries if e.kind in _REFUND_KINDS})
    of_invoices = {e.invoice_id for e in entries if e.invoice_id}
    of_invoices |= {invoice for invoices in (*paid.values(), *taken_back.values()) for invoice in invoices}
    weights = Weights(line_sums(tx, of_invoices), paid, taken_back)
    return [split_entry(entry, weights) for entry in entries]


def split_payments(tx: Tx, payments: dict[PaymentId, Money]) -> dict[PaymentId, PersonShares]:
    """The shares of these payments, by the invoices they pay now. `payments`: the amount of each."""
    paid = _paid_by_payment(tx, set(payments), as_made=False)
    lines = line_sums(tx, {invoice for invoices in paid.values() for invoice in invoices})
    return {id_: _split_by_invoice(amount, paid.get(id_, {}), lines) for id_, amount in payments.items()}


def split_amounts_due(tx: Tx, invoices: Sequence[Any]) -> list[PersonShares]:
    """The shares of what is due of each invoice: each person's lines less their share of what was paid.

    The same figures as on a statement (STMT-9).
    """
    lines = line_sums(tx, {invoice.id for invoice in invoices})
    return [_split_amount_due(invoice, lines.get(invoice.id, {})) for invoice in invoices]


def _split_amount_due(invoice: Any, line_sums: dict[PatientId, int]) -> PersonShares:
    if sum(line_sums.values()) != invoice.total.minor or min(line_sums.values(), default=-1) < 0:
        return _split_by_weight(invoice.due, line_sums)
    paid = _split_by_weight(invoice.total - invoice.due, line_sums)
    return {
        person: Money(minor, invoice.due.currency) - paid[person]
        for person, minor in line_sums.items()
        if minor
    }


def split_entry(entry: Divisible, weights: Weights) -> PersonShares:
    """The shares of one ledger entry; they add up to its amount."""
    if entry.patient_id:
        return {entry.patient_id: entry.amount}
    lines = weights.lines
    if entry.kind is EntryKind.PAYMENT and entry.payment_id:
        invoices = {invoice: -minor for invoice, minor in weights.paid.get(entry.payment_id, {}).items()}
        return _split_by_invoice(entry.amount, invoices, lines)
    if entry.kind is EntryKind.REFUND or (
        entry.kind in _REFUND_KINDS and _taken_by(entry) in weights.taken_back
    ):
        sign = 1 if entry.amount > entry.amount.zero() else -1
        taken_back = weights.taken_back.get(_taken_by(entry), {})
        invoices = {invoice: sign * minor for invoice, minor in taken_back.items()}
        return _split_by_invoice(entry.amount, invoices, lines)
    of_invoice = lines.get(entry.invoice_id, {}) if entry.invoice_id else {}
    if of_invoice and sum(of_invoice.values()) == entry.amount.minor:
        if len(of_invoice) == 1:
            return dict.fromkeys(of_invoice, entry.amount)
        return {person: Money(minor, entry.amount.currency) for person, minor in of_invoice.items()}
    return _split_by_weight(entry.amount, of_invoice)


def _split_by_invoice(
    amount: Money, invoices: dict[InvoiceId, int], lines: dict[InvoiceId, dict[PatientId, int]]
) -> PersonShares:
    if len(invoices) == 1 and amount.minor in invoices.values():  # nothing is left over
        return _split_by_weight(amount, lines.get(next(iter(invoices)), {}))
    parts: PersonShares = {}
    rest = amount
    for invoice, minor in invoices.items():
        piece = Money(minor, amount.currency)
        rest = rest - piece
        for person, share in _split_by_weight(piece, lines.get(invoice, {})).items():
            parts[person] = parts.get(person, amount.zero()) + share
    if rest:
        parts[None] = parts.get(None, amount.zero()) + rest
    return parts


def _split_by_weight(amount: Money, weights: dict[PatientId, int]) -> PersonShares:
    """Divide by the positive weights; without one it belongs to nobody."""
    positive = {person: weight for person, weight in weights.items() if weight > 0}
    if len(positive) < 2:  # no part to compute
        return {next(iter(positive), None): amount}
    return dict(zip(positive, split_by_weight(amount, list(positive.values())), strict=True))


def line_sums(tx: Tx, invoice_ids: Iterable[InvoiceId]) -> dict[InvoiceId, dict[PatientId, int]]:
    """Invoice → person → the sum of their lines, in minor units."""
    found: dict[InvoiceId, dict[PatientId, int]] = {}
    for batch in _batches(invoice_ids):
        for invoice, person, amount in tx.exec(_LINES, params={"invoices": batch}):
            sums = found.setdefault(invoice, {})
            sums[person] = sums.get(person, 0) + amount.minor
    return found


def _paid_by_payment(
    tx: Tx, ids: set[PaymentId], *, as_made: bool = True
) -> dict[PaymentId, dict[InvoiceId, int]]:
    """Payment → invoice → minor units paid; `as_made`: before refunds and disputes took any of it back."""
    found: dict[PaymentId, dict[InvoiceId, int]] = {}
    for batch in _batches(ids):
        for payment_id, invoice, amount in tx.exec(_PAID, params={"payments": batch}):
            _add_to_invoice(found, payment_id, invoice, amount.minor)
        if as_made:
            for refund in tx.exec(
                select(Refund).where(
                    col(Refund.payment_id).in_(batch), Refund.status == RefundStatus.SUCCEEDED
                )
            ):
                for invoice, minor in refund.taken_back:
                    _add_to_invoice(found, refund.payment_id, invoice, minor)
            for dispute in tx.exec(select(Dispute).where(col(Dispute.payment_id).in_(batch))):
                for invoice, minor in dispute.taken_back if dispute.lost else ():
                    _add_to_invoice(found, dispute.payment_id, invoice, minor)
    return found


def _taken_by(entry: Divisible) -> str:
    """The refund or dispute of the entry; a later entry of the same one has a number behind its id."""
    return entry.source.partition(":")[0]


def _taken_back_by(tx: Tx, ids: set[str]) -> dict[str, dict[InvoiceId, int]]:
    """Refund or dispute → invoice → minor units taken back."""
    found: dict[str, dict[InvoiceId, int]] = {}
    for batch in _batches(ids):
        refunds = tx.exec(select(Refund).where(col(Refund.id).in_(batch))).all()
        disputes = tx.exec(select(Dispute).where(col(Dispute.id).in_(batch))).all()
        for row in (*refunds, *disputes):
            for invoice, minor in row.taken_back:
                _add_to_invoice(found, row.id, invoice, minor)
    return found


def _add_to_invoice(found: dict[Any, dict[InvoiceId, int]], key: str, invoice: InvoiceId, minor: int) -> None:
    sums = found.setdefault(key, {})
    sums[invoice] = sums.get(invoice, 0) + minor


def _batches(ids: Iterable[Any]) -> Iterator[list[Any]]:
    """The ids, sorted, in lists of at most _BATCH."""
    every = sorted(ids)
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]
