"""Automatic payment: when it is tried, and how much it may take (PAY-7, AUTO cases)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal_app.domain.billing.declines import METHOD_GONE, NOT_CHARGED, REQUEST_REFUSED
from portal_app.domain.money import Money

RETRY_DAYS = (1, 3, 7)  # after the first failure


class AfterFailure(StrEnum):
    """What a failed charge means for the tries that follow."""

    RETRY = "retry"
    NEW_CARD_NEEDED = (
        "new_card_needed"  # lost, stolen, blocked, expired: this card is not tried again (AUTO-2)
    )
    PAYER_MUST_CONFIRM = "payer_must_confirm"  # the bank asks the payer; a link is sent (AUTO-3)


# The processor's decline codes after which the same card is never charged again by itself.
_CARD_IS_GONE = frozenset(
    {
        "lost_card",
        "stolen_card",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stop_payment_order",
        "fraudulent",
        "invalid_account",
        "new_account_information_available",
        "card_not_supported",
        "incorrect_number",
        "invalid_number",
        "expired_card",
        METHOD_GONE,
    }
)
# No bank has said anything: it is the processor's or the portal's own trouble.
_NOT_THE_BANKS = frozenset({NOT_CHARGED, REQUEST_REFUSED, ""})
_PAYER_MUST_CONFIRM = frozenset({"authentication_required"})


@dataclass(frozen=True, slots=True)
class Try:
    """A try that is to be made: its number (0 is the first charge) and the day it was due."""

    number: int
    day: date


def after_failure(decline_code: str) -> AfterFailure:
    """What follows from a decline, by the processor's decline code."""
    if decline_code in _PAYER_MUST_CONFIRM:
        return AfterFailure.PAYER_MUST_CONFIRM
    return AfterFailure.NEW_CARD_NEEDED if decline_code in _CARD_IS_GONE else AfterFailure.RETRY


def is_the_banks(decline_code: str) -> bool:
    """Whether the bank declined; trouble of our own is not told to the payer while a try follows."""
    return decline_code not in _NOT_THE_BANKS


def confirm_by(first_failure: date) -> date:
    """The last day for the payer to answer their bank; then it is past due (AUTO-3)."""
    return first_failure + timedelta(days=RETRY_DAYS[-1])


def retry_days(first_failure: date) -> tuple[date, ...]:
    """The days of the tries after the first failure (AUTO-1: 15 Mar gives 16, 18 and 22 Mar)."""
    return tuple(first_failure + timedelta(days=days) for days in RETRY_DAYS)


def try_due(first_failure: date, last_number: int, today: date) -> Try | None:
    """The try to make today after `last_number` (0: only the first charge was made); None when none is due.

    Where several days were missed, only the latest of them is tried (AUTO-6).
    """
    due = [Try(n, day) for n, day in enumerate(retry_days(first_failure), start=1) if day <= today]
    latest = due[-1] if due else None
    return latest if latest and latest.number > last_number else None


def next_try_day(first_failure: date, last_number: int, today: date) -> date | None:
    """The day of the next try after `last_number`, today or later; None when none follows."""
    for number, day in enumerate(retry_days(first_failure), start=1):
        if number > last_number and (day >= today or number == len(RETRY_DAYS)):
            return max(day, today)
    return None


def amount_to_charge(due: Money, announced: Money, credit: Money) -> Money:
    """What is charged: never more than was announced; the account's credit pays first.

    What is due beyond the announced amount waits for a message of its own.
    """
    by_card = max(due - credit, due.zero())
    return min(by_card, announced)


def charge_day(due_day: date, today: date, notice_days: int) -> date:
    """The day of a charge that is told today: its due date, where that leaves the days of notice, else later."""
    return max(due_day, today + timedelta(days=notice_days))
