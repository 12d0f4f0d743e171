"""Rate limits: a token bucket for each page, and one for each address."""

import time
from collections import OrderedDict

MAX_ADDRESSES = 20_000  # remembered at once; the least recently used is forgotten first


class Budget:
    """A token bucket: it fills at `rate` per second, up to `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left, self.last = rate, burst, burst, time.monotonic()

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
            found = self.known[address] = Budget(self.rate, self.burst)
            if len(self.known) > MAX_ADDRESSES:
                self.known.popitem(last=False)
        self.known.move_to_end(address)
        return found
