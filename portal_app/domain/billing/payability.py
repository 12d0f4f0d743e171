"""Whether invoices may be paid now, why not, and how much: one rule for every service and page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    CreditComesFirst,
    CreditCoversAll,
    DepositWarning,
    InvoiceAlreadyPaid,
    InvoiceClosed,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payments import (
    InFlightPayment,
    blocking_payment,
    left_on_link,
    payable_amount,
)
from portal_app.domain.billing.processor_limits import (
    check_maximum,
    check_step,
    desk_maximum,
    is_chargeable,
    nearest_chargeable,
    processor_maximum,
    processor_minimum,
)
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, PaymentStatus
from portal_app.domain.money import InvalidAmount, Money, total


class WhyNot(StrEnum):
    """Why nothing may be paid now, by the code of its error; of several reasons the first of this order."""

    HELD = InvoiceHeld.code  # the outcome of the last payment is not known yet (ALL-13)
    CLOSED = InvoiceClosed.code  # draft, void or written off (ALL-14)
    NOTHING_DUE = InvoiceAlreadyPaid.code  # paid, or payments on their way cover it
    CREDIT = CreditCoversAll.code  # the account's credit pays it: no card is charged (CRED-6)
    OFFLINE = OnlinePaymentsOff.code  # the practice has turned online payments off
    TOO_SMALL = BelowProcessorMinimum.code  # less than the card processor takes (PART-4)


@dataclass(frozen=True, slots=True)
class InvoiceToPay:
    """One invoice as `payability` needs it: what is due of it, and its payments that have not ended."""

    status: InvoiceStatus
    due: Money
    in_flight: Sequence[InFlightPayment] = ()

    @property
    def payable(self) -> Money:
        """What may still be paid of it: due less what is on its way; zero when it takes no money."""
        due = self.due if self.status in PAYABLE else self.due.zero()
        return payable_amount(due, (payment.amount for payment in self.in_flight))


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the money is taken: online with the practice's settings, or at the front desk."""

    online: bool  # False: the practice has turned online payments off
    practice_minimum: Money | None = None
    at_desk: bool = False  # no minimum of the practice or the processor applies, and it is never turned off


DESK = Channel(online=False, at_desk=True)


@dataclass(frozen=True, slots=True)
class LinkAllowance:
    """The amount a pay link was made for, and what was paid of the invoice since then (ALL-8, ALL-9)."""

    at_most: Money
    paid_since: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Payability:
    """What may be paid now: any amount from `smallest` to `payable`, unless `why_not` says why nothing may be."""

    payable: Money
    smallest: Money
    why_not: WhyNot | None
    held: InFlightPayment | None  # the payment that blocks; its amount is the sum over these invoices
    at_desk: bool = False  # steps and the maximum of the card processor do not apply
    credit: Money | None = None  # what the account's credit pays of it: `payable` is what remains for a card

    @property
    def largest(self) -> Money:
        """The largest single payment: what may be paid, as far as one charge can take it."""
        if self.at_desk:
            return min(self.payable, desk_maximum(self.payable.currency))
        below, _ = nearest_chargeable(self.payable)
        return min(below, processor_maximum(self.payable.currency))

    def require(self) -> None:
        """Raise the error of `why_not`, when nothing may be paid now.

        Raises: InvoiceHeld, InvoiceClosed, InvoiceAlreadyPaid, CreditCoversAll, OnlinePaymentsOff,
            BelowProcessorMinimum.
        """
        if self.held is not None:
            raise InvoiceHeld(self.held.id, can_continue=self.held.status is PaymentStatus.REQUIRES_ACTION)
        if self.why_not is WhyNot.CLOSED:
            raise InvoiceClosed
        if self.why_not is WhyNot.NOTHING_DUE:
            raise InvoiceAlreadyPaid
        if self.why_not is WhyNot.CREDIT:
            raise CreditCoversAll
        if self.why_not is WhyNot.OFFLINE:
            raise OnlinePaymentsOff
        if self.why_not is WhyNot.TOO_SMALL:
            raise BelowProcessorMinimum(least=self.smallest, amount=self.payable)

    def accept(self, amount: Money) -> Money:
        """Return `amount`, if that much may be paid now (PART-2, PART-4, ALL-10, ALL-11).

        Raises: InvalidAmount, CreditComesFirst, PaymentTooLarge, AboveProcessorMaximum, AmountNotInSteps,
            PaymentTooSmall, and what `require` raises.
        """
        if amount.currency != self.payable.currency:
            raise InvalidAmount(self.payable.currency, field="amount")
        self.require()
        if amount > self.payable and self.credit:
            raise CreditComesFirst(credit=self.credit, amount=self.payable)
        if amount > self.payable:
            raise PaymentTooLarge(amount=self.payable)
        check_maximum(amount, at_desk=self.at_desk)
        if amount < self.smallest:
            raise PaymentTooSmall(amount=self.smallest)
        if not self.at_desk:
            check_step(amount, self.largest)
        return amount

    def split_at_desk(self, amount: Money, credit: Money, *, confirmed: bool) -> Money:
        """What of an amount that staff record pays invoices; the rest is a deposit, kept as credit.

        Args:
            credit: the account's credit so far, which the invoices could be paid with too.
            confirmed: staff have answered the warning.

        Raises: InvalidAmount, AboveProcessorMaximum, DepositWarning, InvoiceHeld.
        """
        zero = self.payable.zero()
        if amount.currency != self.payable.currency or amount <= zero:
            raise InvalidAmount(self.payable.currency, field="amount")
        check_maximum(amount, at_desk=True)
        if self.held is not None:
            self.require()
        excess = amount - max(self.payable - credit, zero)
        if excess > zero and not confirmed:
            raise DepositWarning(excess=excess)
        return min(amount, self.payable)

    def limited_to(self, amount: Money) -> "Payability":
        """The same, for exactly this amount, which was accepted before (perhaps for some of the invoices)."""
        return replace(self, payable=amount, smallest=amount)


def payability(
    invoices: Iterable[InvoiceToPay],
    channel: Channel,
    currency: str,
    link: LinkAllowance | None = None,
    credit: Money | None = None,
) -> Payability:
    """What may be paid of these invoices together; through a pay link no more than `link` allows.

    Args:
        credit: what of the account's credit no other invoice can take: a card pays what it leaves (CRED-6).
    """
    invoices = list(invoices)
    due = total((invoice.payable for invoice in invoices), currency)
    credit = min(credit, due) if credit and not channel.at_desk else None
    payable = due - credit if credit else due
    if link is not None:
        payable = left_on_link(payable, link.at_most, link.paid_since)
    in_flight = [payment for invoice in invoices for payment in invoice.in_flight]
    held = blocking_payment(in_flight)
    if held is not None:
        amount = total((payment.amount for payment in in_flight if payment.id == held.id), currency)
        held = replace(held, amount=amount)
    why_not = WhyNot.HELD if held is not None else _why_not(invoices, payable, channel, credit)
    smallest = _smallest_payment(payable, channel)
    return Payability(payable, smallest, why_not, held, channel.at_desk, credit)


def _why_not(
    invoices: Sequence[InvoiceToPay], payable: Money, channel: Channel, credit: Money | None
) -> WhyNot | None:
    statuses = {invoice.status for invoice in invoices}
    if statuses - PAYABLE - {InvoiceStatus.PAID}:
        return WhyNot.CLOSED
    if credit and not payable:
        return WhyNot.CREDIT
    if not payable or InvoiceStatus.PAID in statuses:
        return WhyNot.NOTHING_DUE
    if channel.at_desk:
        return None
    if not channel.online or not is_chargeable(payable.currency):
        return WhyNot.OFFLINE
    return WhyNot.TOO_SMALL if payable < processor_minimum(payable.currency) else None


def _smallest_payment(payable: Money, channel: Channel) -> Money:
    """The smallest payment that is taken (ALL-10): online never less than the processor's minimum."""
    if channel.at_desk:
        return Money(1, payable.currency)
    least = min(channel.practice_minimum or payable.zero(), payable)
    return max(least, processor_minimum(payable.currency))
