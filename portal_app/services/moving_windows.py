"""Counts attempts of moving windows in the memory of this process: one lock, no thread.

The memory storage of `limits` forgets old entries in a thread of its own, which takes locks away while others wait for
them and loses what is counted meanwhile.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from limits.storage import MovingWindowSupport, Storage

_SWEEP_EVERY = 60  # seconds


@dataclass(slots=True)
class _Window:
    expiry: float  # seconds for which an entry counts
    entries: deque[float] = field(default_factory=deque[float])  # moments of attempts, the newest last

    def forget_before(self, now: float) -> None:
        while self.entries and self.entries[0] <= now - self.expiry:
            self.entries.popleft()


class MovingWindowMemory(Storage, MovingWindowSupport):
    """For installations of one process; several share their counters in Redis."""

    STORAGE_SCHEME = ["portal-memory"]

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}
        self._swept_at = 0.0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` attempts if the window has room for them; returns whether it had."""
        with self._lock:
            now = time.time()
            self._sweep(now)
            window = self._windows.setdefault(key, _Window(expiry))
            window.forget_before(now)
            if len(window.entries) + amount > limit:
                return False
            window.entries.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The moment of the oldest attempt that counts (now, where there is none), and how many count."""
        with self._lock:
            now = time.time()
            if (window := self._windows.get(key)) is None:
                return now, 0
            window.forget_before(now)
            return (window.entries[0] if window.entries else now), len(window.entries)

    def _sweep(self, now: float) -> None:
        """Drop windows without an entry that counts. The lock is held."""
        if 0 <= now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        for key, window in list(self._windows.items()):
            window.forget_before(now)
            if not window.entries:
                del self._windows[key]

    def reset(self) -> int:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)

    def get(self, key: str) -> int:
        with self._lock:
            window = self._windows.get(key)
            return len(window.entries) if window else 0

    def get_expiry(self, key: str) -> float:
        with self._lock:
            window = self._windows.get(key)
            return window.entries[-1] + window.expiry if window and window.entries else time.time()

    def check(self) -> bool:
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count attempts, whether or not a window has room for them."""
        with self._lock:
            window = self._windows.setdefault(key, _Window(expiry))
            window.entries.extend([time.time()] * amount)
            return len(window.entries)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()
