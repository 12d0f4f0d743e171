"""What a dispute does to its payment: nothing, hold it, or take it back (DOMAIN.md, Disputes)."""

from enum import StrEnum

from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money


class DisputeStatus(StrEnum):
    """How far the payer's bank is with its dispute. A returned bank debit is one that is lost at once."""

    INQUIRY = "inquiry"  # the bank only asks: no money has moved
    INQUIRY_CLOSED = "inquiry_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class DisputeEffect(StrEnum):
    """What a dispute does to its payment."""

    NOTHING = "nothing"
    HELD = "held"  # the bank has the money for now: no refund, nothing is due again yet
    LOST = "lost"  # the bank keeps the money: what it paid is due again


class LossDecision(StrEnum):
    """What staff do about an invoice that is due again because the bank took the payment back."""

    SEND_AGAIN = "send_again"
    WRITE_OFF = "write_off"


OPEN_STATUSES = frozenset({DisputeStatus.INQUIRY, DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW})


def dispute_effect(status: DisputeStatus, withdrawn: Money, reinstated: Money) -> DisputeEffect:
    """What the dispute does to its payment (DISP-1, DISP-2, DISP-3).

    Args:
        withdrawn: what the bank took for the dispute so far, without fees.
        reinstated: what it gave back of that.
    """
    given_back = bool(withdrawn) and reinstated >= withdrawn
    if given_back or status in (DisputeStatus.INQUIRY, DisputeStatus.INQUIRY_CLOSED, DisputeStatus.WON):
        return DisputeEffect.NOTHING
    return DisputeEffect.LOST if status is DisputeStatus.LOST else DisputeEffect.HELD


def received_status(amount: Money, refunded: Money, lost: Money, *, held: bool) -> PaymentStatus:
    """The status of a payment that was received, after refunds and disputes.

    Args:
        held: whether a dispute holds it.
    """
    if held:
        return PaymentStatus.DISPUTED
    if lost:
        return PaymentStatus.LOST
    if not refunded:
        return PaymentStatus.SUCCEEDED
    return PaymentStatus.REFUNDED if refunded == amount else PaymentStatus.PARTLY_REFUNDED
