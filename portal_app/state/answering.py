"""A form that is busy while a service thinks, and says by its field why it was refused."""

from collections.abc import AsyncIterator, Coroutine
from typing import Any

from portal_app.domain.errors import Refused
from portal_app.speech import say


async def answered(state: Any, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """For a state with `busy` and `error`: `async for shown in answered(self, …): yield shown`."""
    state.busy, state.error = True, ""
    yield
    try:
        await work
    except Refused as refusal:
        state.error = say(state.language, refusal.message, **refusal.values)
    finally:
        state.busy = False
