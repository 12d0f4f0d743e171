"""The loop that delivers is woken by whoever writes a message, in the same process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_LISTENERS: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()


def wake() -> None:
    """Something was written: whoever delivers in this process looks at once. From any thread."""
    for loop, awake in tuple(_LISTENERS):
        if not loop.is_closed():
            loop.call_soon_threadsafe(awake.set)


@contextmanager
def listening() -> Iterator[asyncio.Event]:
    """An event of the running loop that `wake` sets as long as the block lasts."""
    awake = asyncio.Event()
    listener = (asyncio.get_running_loop(), awake)
    _LISTENERS.add(listener)
    try:
        yield awake
    finally:
        _LISTENERS.discard(listener)
