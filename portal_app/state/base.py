"""The door. Reflex makes every public method of a state callable from any browser, so every one of
them is `guarded` or `open_to_all`; a test counts them.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service off the event loop, so that one slow bank stalls nobody else."""
    return await asyncio.to_thread(service, *args, **kwargs)
