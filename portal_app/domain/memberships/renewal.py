"""Renewing a contract: when it is offered, what the new term is, when it is announced (REN cases)."""

from datetime import date, timedelta

from portal_app.domain.memberships.periods import ONE_DAY, Span, term_of

RENEWAL_DAYS = 90  # offered from that many days before the contract's end
ANNOUNCED_DAYS_BEFORE = (30, 14)  # an automatic renewal


def is_offered(contract_end: date | None, today: date) -> bool:
    """Whether its owner may renew today: today ≤ end ≤ today + 90 (REN-1, PRICE-4)."""
    return contract_end is not None and today <= contract_end <= today + timedelta(days=RENEWAL_DAYS)


def is_expired(contract_end: date | None, today: date) -> bool:
    """Whether the contract has ended by today; False without a contract."""
    return contract_end is not None and contract_end < today


def next_term(contract_end: date, contract_months: int, anchor: date) -> Span:
    """The term that follows: it begins the day after the old end (REN-2)."""
    return term_of(contract_end + ONE_DAY, contract_months, anchor)


def announcement_due(contract_end: date, today: date, told: frozenset[int]) -> int | None:
    """Which announcement of an automatic renewal is due today (30 or 14 days before the end), None when none is.

    `told`: those that were sent. Where days were missed, only the latest is sent; none after the end (REN-7).
    """
    if today > contract_end:
        return None
    due = [days for days in ANNOUNCED_DAYS_BEFORE if contract_end - timedelta(days=days) <= today]
    latest = min(due, default=None)
    return None if latest is None or latest in told else latest
