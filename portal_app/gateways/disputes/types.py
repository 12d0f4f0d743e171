"""Disputes as the card processor reports them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.money import Money


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """One dispute as it is now."""

    dispute_id: str  # dp_…
    intent_id: str  # of the disputed payment
    amount: Money
    status: DisputeStatus
    withdrawn: Money  # what the payer's bank took for it so far, without the fee
    reinstated: Money  # what it gave back of that
    fee: Money  # what the processor keeps for it
    reason: str = ""  # the processor's code
    evidence_due: datetime | None = None  # until when it can be answered; None: no longer, or not at all


class DisputeReader(Protocol):
    """The part of the card processor that reports disputes. Staff answer them in its own dashboard."""

    def look_up_dispute(self, dispute_id: str) -> DisputeFacts | None:
        """The dispute as it is now, None when the processor has none of this id. Raises: NoAnswer."""
        ...

    def disputes_of(self, intent_id: str) -> list[DisputeFacts]:
        """Every dispute of a payment, newest first. Raises: NoAnswer."""
        ...

    def disputes_since(self, moment: datetime) -> Iterator[DisputeFacts]:
        """Every dispute opened since, by the real clock, newest first. Raises: NoAnswer."""
        ...
