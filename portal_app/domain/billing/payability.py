"""May it be paid, why not, and how much: one answer for every service and page that asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    InvoiceAlreadyPaid,
    InvoiceClosed,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payments import (
    InFlightPayment,
    holding,
    left_of_link,
    payable,
    processor_minimum,
)
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, PaymentStatus
from portal_app.domain.money import InvalidAmount, Money, total


class WhyNot(StrEnum):
    """Why nothing may be paid now, by the code of its error; of several reasons the first of this order."""

    HELD = InvoiceHeld.code  # the outcome of the last payment is not known yet (ALL-13)
    CLOSED = InvoiceClosed.code  # draft, void or written off (ALL-14)
    NOTHING_DUE = InvoiceAlreadyPaid.code  # paid, or all of it is on its way
    OFFLINE = OnlinePaymentsOff.code  # the practice has turned online payments off
    TOO_SMALL = BelowProcessorMinimum.code  # less than the card processor takes (PART-4)


@dataclass(frozen=True, slots=True)
class Owing:
    """One invoice as it is asked about: what is due of it, and what is on its way."""

    status: InvoiceStatus
    due: Money
    attempts: Sequence[InFlightPayment] = ()

    @property
    def payable(self) -> Money:
        due = self.due if self.status in PAYABLE else self.due.zero()
        return payable(due, (attempt.amount for attempt in self.attempts))


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the money is taken: online with the practice's settings, or at the front desk."""

    online: bool  # False: the practice has turned online payments off
    practice_minimum: Money | None = None
    at_desk: bool = False  # neither the practice's nor the processor's minimum, and never turned off


DESK = Channel(online=False, at_desk=True)


@dataclass(frozen=True, slots=True)
class LinkAllowance:
    """What a pay link was for, and what was paid since it was made (ALL-8, ALL-9)."""

    at_most: Money
    since: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Payability:
    """What may be paid now: all of `payable` by default, never more, and no less than `smallest`."""

    payable: Money
    smallest: Money
    why_not: WhyNot | None
    held: InFlightPayment | None  # with its amount of all the invoices asked about

    def require(self) -> None:
        """Raise the error of `why_not`, when nothing may be paid now.

        Raises: InvoiceHeld, InvoiceClosed, InvoiceAlreadyPaid, OnlinePaymentsOff, BelowProcessorMinimum.
        """
        if self.held is not None:
            raise InvoiceHeld(self.held.id, can_continue=self.held.status is PaymentStatus.REQUIRES_ACTION)
        if self.why_not is WhyNot.CLOSED:
            raise InvoiceClosed
        if self.why_not is WhyNot.NOTHING_DUE:
            raise InvoiceAlreadyPaid
        if self.why_not is WhyNot.OFFLINE:
            raise OnlinePaymentsOff
        if self.why_not is WhyNot.TOO_SMALL:
            raise BelowProcessorMinimum(least=self.smallest, amount=self.payable)

    def accept(self, offered: Money) -> Money:
        """Return `offered`, if that much may be paid now (PART-2, PART-4, ALL-10, ALL-11).

        Raises: InvalidAmount, PaymentTooLarge, PaymentTooSmall, and what `require` raises.
        """
        if offered.currency != self.payable.currency:
            raise InvalidAmount(self.payable.currency, field="amount")
        self.require()
        if offered > self.payable:
            raise PaymentTooLarge(amount=self.payable)
        if offered < self.smallest:
            raise PaymentTooSmall(amount=self.smallest)
        return offered

    def only(self, amount: Money) -> "Payability":
        """For an amount that was accepted, of chosen invoices perhaps: that amount and no other."""
        return replace(self, payable=amount, smallest=amount)


def payability(
    owing: Iterable[Owing], channel: Channel, currency: str, link: LinkAllowance | None = None
) -> Payability:
    """What may be paid of these invoices together; with `link` no more than that allows."""
    owing = list(owing)
    left = total((each.payable for each in owing), currency)
    if link is not None:
        left = left_of_link(left, link.at_most, link.since)
    attempts = [attempt for each in owing for attempt in each.attempts]
    held = holding(attempts)
    if held is not None:
        amount = total((attempt.amount for attempt in attempts if attempt.id == held.id), currency)
        held = replace(held, amount=amount)
    return Payability(left, _smallest(left, channel), _why_not(owing, left, channel, held), held)


def _why_not(
    owing: Sequence[Owing], left: Money, channel: Channel, held: InFlightPayment | None
) -> WhyNot | None:
    if held is not None:
        return WhyNot.HELD
    if any(each.status not in PAYABLE and each.status is not InvoiceStatus.PAID for each in owing):
        return WhyNot.CLOSED
    if not left or any(each.status is InvoiceStatus.PAID for each in owing):
        return WhyNot.NOTHING_DUE
    if channel.at_desk:
        return None
    if not channel.online:
        return WhyNot.OFFLINE
    return WhyNot.TOO_SMALL if left < processor_minimum(left.currency) else None


def _smallest(left: Money, channel: Channel) -> Money:
    """The least that may be paid (ALL-10): online never less than the processor takes."""
    if channel.at_desk:
        return Money(1, left.currency)
    least = min(channel.practice_minimum or left.zero(), left)
    return max(least, processor_minimum(left.currency))
