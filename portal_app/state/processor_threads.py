"""Threads for services that wait for the card processor: apart from those of all others, and only so many."""

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from portal_app.state.errors import ProcessorBusy

MOST = 48  # calls at a time; one may hang for the processor's time limit
P = ParamSpec("P")
T = TypeVar("T")
_places = threading.BoundedSemaphore(MOST)


async def in_processor_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service that asks the card processor. Nobody waits for a place.

    Raises: ProcessorBusy when as many calls as there are threads have not been answered yet; nothing was done.
    """
    if not _places.acquire(blocking=False):
        raise ProcessorBusy
    context = copy_context()

    def call() -> T:
        try:
            return context.run(service, *args, **kwargs)
        finally:  # the place is free when the call has ended, also where nobody waits for its answer any more
            _places.release()

    try:
        answer = _threads().submit(call)
    except BaseException:
        _places.release()
        raise
    return await asyncio.wrap_future(answer)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, "processor")
