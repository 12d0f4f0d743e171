"""What may be paid, how much of it, and which invoice it pays."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal_app.domain.billing.errors import DuplicatePaymentWarning
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, PaymentStatus
from portal_app.domain.ids import InvoiceId, PaymentId
from portal_app.domain.money import Money, total

ASK_AGAIN_WITHIN = timedelta(minutes=10)

# The least the card processor takes, in minor units (Stripe, "Minimum and maximum charge amounts").
_LEAST = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000,
    "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip


def processor_minimum(currency: str) -> Money:
    return Money(_LEAST.get(currency, 50), currency)


@dataclass(frozen=True, slots=True)
class InFlightPayment:
    """A payment that has not ended. `accepted_by_processor`: the processor told us that it is on its way."""

    id: PaymentId
    status: PaymentStatus
    amount: Money  # of this invoice
    accepted_by_processor: bool


@dataclass(frozen=True, slots=True)
class PayableInvoice:
    """An invoice as allocation sees it; `payable` is what may still be paid of it."""

    id: InvoiceId
    number: str
    issue_date: date
    due_date: date
    payable: Money


def status_for(status: InvoiceStatus, total_: Money, adjusted: Money, allocated: Money) -> InvoiceStatus:
    """The state that the figures say; drafts and void ones stay what they are.

    A written-off one stays so too, until a refund of what was paid of it makes that due again.
    """
    if status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        return status
    if status is InvoiceStatus.WRITTEN_OFF and total_ + adjusted <= allocated:
        return status
    if total_ + adjusted <= allocated:
        return InvoiceStatus.PAID if allocated or not total_ else InvoiceStatus.VOID
    return InvoiceStatus.PARTLY_PAID if allocated else InvoiceStatus.OPEN


def overdue(status: InvoiceStatus, due_date: date, today: date) -> bool:
    return status in PAYABLE and due_date < today


def payable(due: Money, in_flight: Iterable[Money]) -> Money:
    """Due less what is on its way; never below zero."""
    left = due - total(in_flight, due.currency)
    return max(left, left.zero())


def came_since(since: datetime, changes: Iterable[tuple[datetime, Money]]) -> list[Money]:
    """What of these is still there and came at `since` or later; what was taken is taken of the latest first."""
    there: list[tuple[datetime, Money]] = []
    for at, amount in changes:
        taken = -amount
        while there and taken > taken.zero():
            when, last = there.pop()
            if last > taken:
                there.append((when, last - taken))
            taken = taken - last
        if amount > amount.zero():
            there.append((at, amount))
    return [amount for at, amount in there if at >= since]


def left_of_link(payable_: Money, at_most: Money, since: Iterable[Money]) -> Money:
    """What a pay link may still take: at most what it was for, less what was paid since (ALL-8, ALL-9)."""
    left = min(payable_, at_most - total(since, at_most.currency))
    return max(left, left.zero())


def holding(attempts: Iterable[InFlightPayment]) -> InFlightPayment | None:
    """The attempt that a new one must wait for (ALL-13); a bank debit on its way is none."""
    for attempt in attempts:
        if attempt.status is PaymentStatus.REQUIRES_ACTION or not attempt.accepted_by_processor:
            return attempt
    return None


def ask_again(amount: Money, paid_at: datetime | None, now: datetime) -> None:
    """DuplicatePaymentWarning when the same amount was paid less than 10 minutes ago (`paid_at`, None: never)."""
    if paid_at is None or now - paid_at >= ASK_AGAIN_WITHIN:
        return
    minutes = int((now - paid_at).total_seconds() // 60)
    if minutes < 2:
        raise DuplicatePaymentWarning("You paid {amount} a minute ago. Pay again?", amount=amount)
    raise DuplicatePaymentWarning(amount=amount, minutes=minutes)


def due_order(due_date: date, issue_date: date, number: str) -> tuple[object, ...]:
    """Oldest due first, then issue date, then number: 9 before 10."""
    return due_date, issue_date, [(int(d or 0), w) for d, w in re.findall(r"(\d+)|(\D+)", number)], number


def allocate(amount: Money, invoices: Iterable[PayableInvoice]) -> list[tuple[PayableInvoice, Money]]:
    """Which bill gets how much of `amount` (PART-1, ALL-1, ALL-2, ALL-7); what is left over is nobody's."""
    parts = []
    for invoice in sorted(invoices, key=lambda b: due_order(b.due_date, b.issue_date, b.number)):
        part = min(invoice.payable, amount)
        if part > part.zero():
            parts.append((invoice, part))
            amount = amount - part
    return parts


def spend_credit(
    credits: Sequence[tuple[PaymentId, Money]], invoices: Iterable[PayableInvoice]
) -> list[tuple[PaymentId, InvoiceId, Money]]:
    """Which payment's credit pays which bill: oldest due first, oldest credit first (CRED-2)."""
    left = [[payment_id, amount] for payment_id, amount in credits if amount]
    spent: list[tuple[PaymentId, InvoiceId, Money]] = []
    currency = credits[0][1].currency if credits else "USD"
    for invoice, part in allocate(total((amount for _, amount in credits), currency), invoices):
        while part:
            source = next(s for s in left if s[1])
            piece = min(source[1], part)  # type: ignore[type-var]
            spent.append((source[0], invoice.id, piece))  # type: ignore[arg-type]
            source[1] = source[1] - piece  # type: ignore[operator]
            part = part - piece  # type: ignore[assignment]
    return spent
