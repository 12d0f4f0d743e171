"""The words of memberships: periods, statuses, reasons (DOMAIN.md, Memberships)."""

from enum import StrEnum


class Period(StrEnum):
    """How often a membership is billed."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many calendar months the period has."""
        return {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[self]


class MembershipStatus(StrEnum):
    """The status of a membership. A cancellation or an end that lies ahead is a date, not a status."""

    PENDING = "pending"  # joined online and not accepted yet, or starts on a later day
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a membership ended."""

    CANCELLED = "cancelled"  # by its owner
    EXPIRED = "expired"  # its contract ended without a renewal
    ENDED_BY_PRACTICE = "ended_by_practice"
    REFUSED = "refused"  # joined online and not accepted


class BilledBy(StrEnum):
    """Who makes the invoices of a membership: the portal never bills or charges those of the practice's system."""

    PORTAL = "portal"
    PRACTICE = "practice"


class InvoiceKind(StrEnum):
    """What an invoice of a membership is for; unique with the membership, the period's start and the enrolment."""

    PERIOD = "period"
    ENROLMENT_FEE = "enrolment_fee"
    ADDED_MEMBER = "added_member"


class PriceAudience(StrEnum):
    """For whom a price version is."""

    NEW_MEMBERSHIPS = "new_memberships"
    EVERYBODY = "everybody"


class PlanStatus(StrEnum):
    """Whether a plan may be bought."""

    ACTIVE = "active"
    RETIRED = "retired"


class TryOutcome(StrEnum):
    """What became of a try of automatic payment."""

    MADE = "made"  # stored; the processor is asked, or has not said the last word
    PAID = "paid"
    RETRY = "retry"  # failed; the next try has its day
    CONFIRM = "confirm"  # the bank asks the payer, who has a link (AUTO-3)
    SUPERSEDED = "superseded"  # failed, and a later try followed
    FAILED = "failed"  # failed, and nothing follows by itself: past due
    DROPPED = "dropped"  # nothing follows: paid otherwise, ended, or another card was agreed to
    RELEASED = "released"  # what it was for waits for the next charge, which is announced first


class Standing(StrEnum):
    """How the payment of a membership stands (DOMAIN.md, Autopay)."""

    FINE = "fine"
    IN_RETRY = "in_retry"  # a charge failed, and another try or the payer's answer is awaited
    PAST_DUE = "past_due"  # unpaid after its due date, and no try is scheduled or in flight


class JoinStatus(StrEnum):
    """How far a request to join online has come."""

    OPEN = "open"  # the contact is verified; nothing is made yet
    PAYING = "paying"  # account and first invoice are made, and the invoice is not paid
    WAITING = "waiting"  # paid; staff have to answer
    ACCEPTED = "accepted"  # the membership is active
    REFUSED = "refused"  # by staff, and refunded
    ABANDONED = "abandoned"  # never paid


class EventKind(StrEnum):
    """What a line of a membership's history says."""

    STARTED = "started"
    MEMBER_ADDED = "member_added"
    MEMBER_ENDED = "member_ended"
    MEMBER_ASKED = "member_asked"
    MEMBER_DECLINED = "member_declined"
    MEMBER_REQUEST_WITHDRAWN = "member_request_withdrawn"
    RENEWED = "renewed"
    AUTOMATIC_RENEWAL_CHANGED = "automatic_renewal_changed"
    AUTOPAY_CHANGED = "autopay_changed"
    CANCELLED = "cancelled"
    CANCELLATION_UNDONE = "cancellation_undone"
    PAUSED = "paused"
    PAUSE_ENDED = "pause_ended"
    PLAN_CHANGED = "plan_changed"
    BILL_DAY_MOVED = "bill_day_moved"
    COUPON_ADDED = "coupon_added"
    BILLED_AGAIN = "billed_again"
    ENDED = "ended"
    ACCEPTED = "accepted"
    REFUSED = "refused"


# A contact has one request of these at a time.
UNFINISHED_JOINS = frozenset({JoinStatus.OPEN, JoinStatus.PAYING})
# A try that something follows of by itself: a membership has one at most.
OPEN_TRIES = frozenset({TryOutcome.MADE, TryOutcome.RETRY, TryOutcome.CONFIRM})
# Tries after which what they were for is not charged by itself again.
CLOSED_TRIES = frozenset({TryOutcome.FAILED, TryOutcome.DROPPED})

# Not ended: they count as current, and need a payment method.
RUNNING = frozenset({MembershipStatus.PENDING, MembershipStatus.ACTIVE, MembershipStatus.PAUSED})
