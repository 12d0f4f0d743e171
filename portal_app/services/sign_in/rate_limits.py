"""Rate limits of sign-in: per contact or username, per network of the visitor, and in total."""

import math
import time
from collections.abc import Sequence
from functools import cache

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from portal_app.domain.ip import rate_limit_network
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.services.sign_in.errors import TooManyAttempts
from portal_app.settings import settings

# Each has several windows: whoever goes on waits five minutes, then an hour, then a day.
_LIMITS = {
    "code": ("3/5 minutes", "6/hour", "12/day"),
    "code from": ("20/5 minutes", "60/hour", "200/day"),
    "code all": ("300/5 minutes",),
    "second code": ("6/5 minutes", "12/hour", "24/day"),
    # Each opened sign-in page requests a challenge, which is a row for five minutes.
    "passkey from": ("120/5 minutes", "600/hour"),
    "try from": ("60/5 minutes", "240/hour"),
    "password": ("10/minute", "40/hour", "100/day"),
    "password from": ("20/5 minutes", "100/hour"),
    "staff": ("5/minute", "20/hour", "50/day"),
    "staff from": ("20/5 minutes", "100/hour"),
    # Entries of the audit trail about refusals: a flood must not fill the disk.
    "refused": ("20/minute", "100/hour"),
    "refused all": ("2000/hour",),
}


def count_attempt(limit_name: str, counted_by: str = "") -> None:
    """Count one attempt. Raises TooManyAttempts when a limit is reached; such an attempt is not counted.

    Args:
        limit_name: a key of _LIMITS.
        counted_by: the contact, username or IP address whose attempts are counted; "" counts all together.
    """
    limits = _limits(limit_name)
    key = keyed_hash("throttle", limit_name, rate_limit_network(counted_by))
    for limit in limits:
        if not _limiter().test(limit, key):
            raise TooManyAttempts(minutes=max(1, math.ceil(_wait(limit, key) / 60)))
    for limit in limits:
        _limiter().hit(limit, key)


def forget_all() -> None:
    """Reset all counters. For tests."""
    _limiter().storage.reset()


def _wait(limit: RateLimitItem, key: str) -> float:
    """Seconds until the next attempt is allowed."""
    return _limiter().get_window_stats(limit, key).reset_time - time.time()


@cache
def _limits(limit_name: str) -> Sequence[RateLimitItem]:
    return [parse(text) for text in _LIMITS[limit_name]]


@cache
def _limiter() -> MovingWindowRateLimiter:
    url = settings().redis_url.get_secret_value()
    return MovingWindowRateLimiter(RedisStorage(url) if url else MemoryStorage())
