"""Rate limits: a token bucket for each page and each address, and what an address does at once."""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Generator
from contextlib import contextmanager

MAX_ADDRESSES = 20_000  # remembered at once; the least recently used is forgotten first


class Budget:
    """A token bucket: it fills at `rate` per second, up to `burst`."""

    def __init__(self, rate: float, burst: float, whose: str = "") -> None:
        self.rate, self.burst, self.whose = rate, burst, whose
        self.left, self.last = burst, time.monotonic()

    def spend(self, cost: float) -> bool:
        """Take `cost` and return whether there was enough. A refused request costs too, down to minus `burst`."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.last) * self.rate)
        self.last = now
        self.left = max(self.left - cost, -self.burst)
        return self.left >= 0


class Budgets:
    """A bucket for each address that sent a request lately."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.known: OrderedDict[str, Budget] = OrderedDict()

    def of_address(self, address: str) -> Budget:
        if (found := self.known.get(address)) is None:
            found = self.known[address] = Budget(self.rate, self.burst, address)
            if len(self.known) > MAX_ADDRESSES:
                self.known.popitem(last=False)
        self.known.move_to_end(address)
        return found


class Concurrency:
    """How many of something each address has at once."""

    def __init__(self) -> None:
        self.of_address: dict[str, int] = defaultdict(int)

    @contextmanager
    def count(self, address: str) -> Generator[int]:
        """Counts one more as long as the block runs. Yields how many there were before."""
        self.of_address[address] += 1
        try:
            yield self.of_address[address] - 1
        finally:
            self.of_address[address] -= 1
            if self.of_address[address] <= 0:
                del self.of_address[address]
