"""How often one may try: for each contact or name, each address, and all together. The waits grow."""

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

# Several windows at once: whoever goes on asking waits five minutes, then an hour, then a day.
_LIMITS = {
    "code": ("3/5 minutes", "6/hour", "12/day"),
    "code from": ("20/5 minutes", "60/hour", "200/day"),
    "code all": ("300/5 minutes",),
    "second code": ("6/5 minutes", "12/hour", "24/day"),
    # Every sign-in page that is opened asks one; each is a row for five minutes.
    "passkey from": ("120/5 minutes", "600/hour"),
    "try from": ("60/5 minutes", "240/hour"),
    "password": ("10/minute", "40/hour", "100/day"),
    "password from": ("20/5 minutes", "100/hour"),
    "staff": ("5/minute", "20/hour", "50/day"),
    "staff from": ("20/5 minutes", "100/hour"),
    # Lines in the audit trail about what somebody was refused: a flood must not fill the disk.
    "refused": ("20/minute", "100/hour"),
    "refused all": ("2000/hour",),
}


def count(what: str, whose: str = "") -> None:
    """One more try. Refused, with how long to wait, when it is one too many; such a try does not count."""
    limits, key = _limits(what), keyed_hash("throttle", what, rate_limit_network(whose))
    for limit in limits:
        if not _limiter().test(limit, key):
            raise TooManyAttempts(minutes=max(1, math.ceil(_wait(limit, key) / 60)))
    for limit in limits:
        _limiter().hit(limit, key)


def forget_all() -> None:
    """For tests."""
    _limiter().storage.reset()


def _wait(limit: RateLimitItem, key: str) -> float:
    return _limiter().get_window_stats(limit, key).reset_time - time.time()


@cache
def _limits(what: str) -> Sequence[RateLimitItem]:
    return [parse(text) for text in _LIMITS[what]]


@cache
def _limiter() -> MovingWindowRateLimiter:
    url = settings().redis_url.get_secret_value()
    return MovingWindowRateLimiter(RedisStorage(url) if url else MemoryStorage())
