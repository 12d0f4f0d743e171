"""How much of an invoice may be paid, which invoice a payment pays, and when a payment looks like a duplicate."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar

from portal_app.domain.billing.errors import DuplicatePaymentWarning
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, PaymentStatus
from portal_app.domain.ids import InvoiceId, PaymentId
from portal_app.domain.money import Money, total

Amount = TypeVar("Amount", Money, int)
DUPLICATE_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class InFlightPayment:
    """A payment whose outcome is still open, as far as it concerns one invoice."""

    id: PaymentId
    status: PaymentStatus
    amount: Money  # meant for this invoice
    accepted_by_processor: bool  # the processor has confirmed that it is on its way (a bank debit)


@dataclass(frozen=True, slots=True)
class PayableInvoice:
    """An invoice as allocation sees it; `payable_amount` is what may still be paid of it."""

    id: InvoiceId
    number: str
    issue_date: date
    due_date: date
    payable: Money


def status_for(status: InvoiceStatus, total_: Amount, adjusted: Amount, allocated: Amount) -> InvoiceStatus:
    """The status that follows from an invoice's amounts (or minor units). Drafts and void invoices keep theirs.

    A written-off invoice keeps its status too, until a refund makes something due again.
    """
    if status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        return status
    if status is InvoiceStatus.WRITTEN_OFF and total_ + adjusted <= allocated:
        return status
    if total_ + adjusted <= allocated:
        return InvoiceStatus.PAID if allocated or not total_ else InvoiceStatus.VOID
    return InvoiceStatus.PARTLY_PAID if allocated else InvoiceStatus.OPEN


def is_overdue(status: InvoiceStatus, due_date: date, today: date) -> bool:
    """Whether it is still to be paid and its due date has passed."""
    return status in PAYABLE and due_date < today


def payable_amount(due: Money, in_flight: Iterable[Money]) -> Money:
    """What is due less the payments on their way; never below zero."""
    left = due - total(in_flight, due.currency)
    return max(left, left.zero())


def amounts_left_since(since: datetime, changes: Iterable[tuple[datetime, Money]]) -> list[Money]:
    """The amounts allocated at `since` or later that are still allocated.

    `changes` are the moments and amounts of one allocation, in order; a negative amount was taken back, and
    takes from the latest amount first.
    """
    remaining: list[tuple[datetime, Money]] = []
    for at, amount in changes:
        taken_back = -amount
        while remaining and taken_back > taken_back.zero():
            last_at, last = remaining.pop()
            if last > taken_back:
                remaining.append((last_at, last - taken_back))
            taken_back = taken_back - last
        if amount > amount.zero():
            remaining.append((at, amount))
    return [amount for at, amount in remaining if at >= since]


def left_on_link(payable: Money, at_most: Money, paid_since: Iterable[Money]) -> Money:
    """What a pay link may still take: what it was made for, less what was paid since then (ALL-8, ALL-9)."""
    left = min(payable, at_most - total(paid_since, at_most.currency))
    return max(left, left.zero())


def blocking_payment(in_flight: Iterable[InFlightPayment]) -> InFlightPayment | None:
    """The payment that a new one must wait for (ALL-13). A bank debit on its way blocks nothing."""
    for payment in in_flight:
        if payment.status is PaymentStatus.REQUIRES_ACTION or not payment.accepted_by_processor:
            return payment
    return None


def warn_of_duplicate(amount: Money, paid_at: datetime | None, now: datetime) -> None:
    """Warn that the same amount was paid less than 10 minutes ago.

    Args:
        paid_at: when it was last paid; None for never.

    Raises: DuplicatePaymentWarning.
    """
    if paid_at is None or now - paid_at >= DUPLICATE_WINDOW:
        return
    minutes = int((now - paid_at).total_seconds() // 60)
    if minutes < 2:
        raise DuplicatePaymentWarning("You paid {amount} a minute ago. Pay again?", amount=amount)
    raise DuplicatePaymentWarning(amount=amount, minutes=minutes)


def due_order(due_date: date, issue_date: date, number: str) -> tuple[object, ...]:
    """Sort key: oldest due first, then by issue date, then by number, 9 before 10."""
    number_parts = [(int(digits or 0), text) for digits, text in re.findall(r"(\d+)|(\D+)", number)]
    return due_date, issue_date, number_parts, number


def allocate(amount: Money, invoices: Iterable[PayableInvoice]) -> list[tuple[PayableInvoice, Money]]:
    """Divide `amount` over the invoices, oldest due first (PART-1, ALL-1, ALL-2, ALL-7).

    Invoices that get nothing are left out; what no invoice takes is not returned.
    """
    parts: list[tuple[PayableInvoice, Money]] = []
    for invoice in sorted(invoices, key=lambda i: due_order(i.due_date, i.issue_date, i.number)):
        part = min(invoice.payable, amount)
        if part > part.zero():
            parts.append((invoice, part))
            amount = amount - part
    return parts


class SpentCredit(NamedTuple):
    """The part of a payment's unused money that pays an invoice."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    amount: Money


def spend_credit(
    credits: Sequence[tuple[PaymentId, Money]], invoices: Iterable[PayableInvoice]
) -> list[SpentCredit]:
    """Divide the payments' unused money over the invoices: oldest due first, first payment first (CRED-2)."""
    spent: list[SpentCredit] = []
    unspent = [(payment_id, amount) for payment_id, amount in reversed(credits) if amount]
    currency = credits[0][1].currency if credits else "USD"
    for invoice, part in allocate(total((amount for _, amount in credits), currency), invoices):
        while part:
            payment_id, credit = unspent.pop()
            piece = min(credit, part)
            spent.append(SpentCredit(payment_id, invoice.id, piece))
            part = part - piece
            if credit > piece:
                unspent.append((payment_id, credit - piece))
    return spent
