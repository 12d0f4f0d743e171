"""Rate limits of sign-in: per contact or username, per network of the visitor, and in total."""

import math
import time
from collections.abc import Sequence
from functools import cache

from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from portal_app.domain.credentials.lockouts import Asker, Standing
from portal_app.domain.ip import rate_limit_network
from portal_app.services.moving_windows import MovingWindowMemory
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.services.sign_in.errors import TooManyAttempts
from portal_app.settings import settings

# Each has several windows: whoever goes on waits five minutes, then an hour, then a day.
_LIMITS = {
    # Codes for a contact, asked for by strangers, by known networks and by known devices (of the contact's people).
    "code": ("3/5 minutes", "6/hour", "12/day"),
    "code of network": ("3/5 minutes", "6/hour", "12/day"),
    "code of device": ("3/5 minutes", "6/hour", "24/day"),
    "code from": ("20/5 minutes", "60/hour", "200/day"),
    "code from network": ("60/5 minutes", "200/hour", "600/day"),
    "code from device": ("20/5 minutes", "60/hour", "200/day"),
    # What strangers ask for in total. Unknown contacts are shed first, without a word (services/sign_in/codes.py).
    "code all": ("300/5 minutes",),
    "code unknown": ("300/5 minutes",),
    "code everything": ("3000/5 minutes",),
    # Codes for joining online, counted apart from those for signing in: a flood of either leaves the other alone.
    "join code": ("3/5 minutes", "6/hour", "12/day"),
    "join code from": ("6/5 minutes", "20/hour", "60/day"),
    "join code newcomer": ("1/hour",),  # the first of an address has room of its own in the total
    "join code newcomers": ("600/5 minutes", "3000/hour"),
    "join code all": ("120/5 minutes", "600/hour"),
    "join coupon from": ("20/hour", "60/day"),
    "join payment": ("12/hour",),  # of one request to join: nobody tries out cards here
    "join payment from": ("20/hour", "60/day"),
    "second code": ("6/5 minutes", "12/hour", "24/day"),
    # Guesses of a code: at most ten an hour for everybody who is no known device, and not all of them for strangers.
    "guess": ("7/hour", "28/day"),
    "guess of network": ("10/hour", "40/day"),
    "guess of device": ("20/hour", "60/day"),
    "guess of others": ("10/hour", "40/day"),
    "guess from": ("60/5 minutes", "240/hour"),
    "guess from network": ("60/5 minutes", "240/hour"),
    "guess from device": ("60/5 minutes", "240/hour"),
    # Each opened sign-in page requests a challenge, which is a row for five minutes.
    "passkey from": ("120/5 minutes", "600/hour"),
    "try from": ("60/5 minutes", "240/hour"),
    "try from network": ("60/5 minutes", "240/hour"),
    "try from device": ("60/5 minutes", "240/hour"),
    # Passwords of patients and of staff. Locks are far shorter (services/sign_in/lockouts.py); these bound what many
    # networks together may try, and sixteen of them do not use it up.
    "password": ("240/hour", "600/day"),
    "password of network": ("60/hour", "200/day"),
    "password of device": ("60/hour", "200/day"),
    "password from": ("20/5 minutes", "100/hour"),
    "password from network": ("20/5 minutes", "100/hour"),
    "password from device": ("20/5 minutes", "100/hour"),
    # Files that somebody asks about at /verify: each is up to 20 MB that is hashed.
    "verify from": ("6/minute", "60/hour"),
    "verify all": ("120/minute",),
    # Entries of the audit trail about refusals: a flood must not fill the disk.
    "refused": ("20/minute", "100/hour"),
    "refused all": ("2000/hour",),
    # Entries about links and passkeys that nobody has: each network tries a few, and there are many networks.
    "nobody all": ("2000/hour",),
}
_OF = {Standing.DEVICE: " of device", Standing.NETWORK: " of network", Standing.STRANGER: ""}
_FROM = {Standing.DEVICE: " from device", Standing.NETWORK: " from network", Standing.STRANGER: " from"}


def spend_on_source(kind: str, asker: Asker, address: str) -> None:
    """Count a try by where it comes from. Raises TooManyAttempts.

    Known devices and networks have budgets of their own, so strangers in the same network use up only theirs.

    Args:
        kind: "code", "guess", "password" or "try".
        address: the asker's IP address.
    """
    count_attempt(
        kind + _FROM[asker.standing], address if asker.standing is Standing.STRANGER else asker.source
    )


def spend_on_account(kind: str, asker: Asker, account: str) -> None:
    """Count a try by the account or contact that it is about. Raises TooManyAttempts.

    All strangers share one budget; each known device and network has its own.
    """
    stranger = asker.standing is Standing.STRANGER
    by = account if stranger else f"{account} {asker.source}"
    if kind == "guess" and asker.standing is not Standing.DEVICE:
        require_room("guess of others", account)
        count_attempt(kind + _OF[asker.standing], by)
        count_attempt("guess of others", account)
    else:
        count_attempt(kind + _OF[asker.standing], by)


def has_room(limit_name: str, counted_by: str = "") -> bool:
    """Count one attempt if the limit is not reached; returns whether it was counted."""
    try:
        count_attempt(limit_name, counted_by)
    except TooManyAttempts:
        return False
    return True


def count_attempt(limit_name: str, counted_by: str = "") -> None:
    """Count one attempt. Raises TooManyAttempts when a limit is reached; such an attempt is not counted.

    Of attempts at the same moment no more are let through than there is room for.

    Args:
        limit_name: a key of _LIMITS.
        counted_by: the contact, username or IP address whose attempts are counted; "" counts all together.
    """
    key = require_room(limit_name, counted_by)
    for limit in _limits(limit_name):
        if not _limiter().hit(limit, key):  # others took the room since it was looked for
            raise _too_many(limit, key)


def require_room(limit_name: str, counted_by: str = "") -> str:
    """Raise TooManyAttempts when the limit is reached; nothing is counted. Returns the key of the counter."""
    key = keyed_hash("throttle", limit_name, rate_limit_network(counted_by))
    for limit in _limits(limit_name):
        if not _limiter().test(limit, key):
            raise _too_many(limit, key)
    return key


def _too_many(limit: RateLimitItem, key: str) -> TooManyAttempts:
    return TooManyAttempts(minutes=max(1, math.ceil(_wait(limit, key) / 60)))


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
    return MovingWindowRateLimiter(RedisStorage(url) if url else MovingWindowMemory())
