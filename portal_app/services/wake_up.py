"""A loop that works in the background is woken by whoever leaves it something, in the same process."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class WakeUp:
    """What one kind of loop waits for."""

    def __init__(self) -> None:
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def wake(self) -> None:
        """Something was written: whoever listens in this process looks at once. From any thread."""
        for loop, awake in tuple(self._listeners):
            if not loop.is_closed():
                loop.call_soon_threadsafe(awake.set)

    @contextmanager
    def listening(self) -> Generator[asyncio.Event]:
        """An event of the running loop that `wake` sets as long as the block lasts."""
        awake = asyncio.Event()
        listener = (asyncio.get_running_loop(), awake)
        self._listeners.add(listener)
        try:
            yield awake
        finally:
            self._listeners.discard(listener)
