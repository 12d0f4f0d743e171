"""How much may be asked at once and again and again: by one page, and by all that comes from one address."""

import time
from collections import OrderedDict

MOST = 20_000  # addresses that are remembered; whoever has asked least lately is forgotten first


class Budget:
    """Fills at `rate` a second, up to `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left, self.last = rate, burst, burst, time.monotonic()

    def affords(self, cost: float) -> bool:
        """It is spent, be there enough of it or not: who goes on asking waits longer, at most twice a full one."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.last) * self.rate)
        self.last = now
        self.left = max(self.left - cost, -self.burst)
        return self.left >= 0


class Budgets:
    """One for each address that has asked lately."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.known: OrderedDict[str, Budget] = OrderedDict()

    def of(self, address: str) -> Budget:
        if (found := self.known.get(address)) is None:
            found = self.known[address] = Budget(self.rate, self.burst)
            if len(self.known) > MOST:
                self.known.popitem(last=False)
        self.known.move_to_end(address)
        return found
