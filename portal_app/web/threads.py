"""Services are plain functions; routes run them off the event loop."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_webhook_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service that asks the card processor about an event: in few threads, apart from those of all others."""
    call = functools.partial(service, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_webhook_threads(), call)


@functools.cache
def _webhook_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4, "webhook")


async def in_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a service in a thread, so that the event loop waits for no database."""
    return await asyncio.to_thread(service, *args, **kwargs)
