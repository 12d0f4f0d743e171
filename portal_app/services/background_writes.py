"""Writes that no answer waits for: a session's last activity, a refusal in the audit trail.

On SQLite a write waits up to 30 seconds for the write lock of another process. These have threads of their own, so
that what was read is shown at once and no thread of other services is held.
"""

import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from portal_app.domain.access import Principal

_THREADS = 2
_log = logging.getLogger("portal.writes")
_lock = threading.Lock()
_waiting: dict[str, Future[None]] = {}  # by `once`


def write_soon(
    principal: Principal, write: Callable[..., object], *args: Any, once: str = ""
) -> Future[None]:
    """Run a service that writes, in the background; what goes wrong is logged.

    Args:
        principal: who the write is for, its first argument.
        once: while a write of this name waits, another one of the same name is not added.
    """
    with _lock:
        if once and once in _waiting:
            return _waiting[once]
        future = _threads().submit(_write, principal, write, args, once)
        if once:
            _waiting[once] = future
        return future


def write_within(principal: Principal, seconds: float, write: Callable[..., object], *args: Any) -> None:
    """The same, and wait for it a moment: in quiet times it is written when this returns."""
    wait([write_soon(principal, write, *args)], seconds)


def _write(principal: Principal, write: Callable[..., object], args: tuple[Any, ...], once: str) -> None:
    with _lock:
        _waiting.pop(once, None)
    try:
        write(principal, *args)
    except Exception as trouble:  # without its message: it may hold health data
        _log.error("%s was not written: %s", write.__name__, type(trouble).__name__)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, "write")
