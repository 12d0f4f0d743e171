"""A form that is busy while a service thinks, and says by its field why it was refused."""

from collections.abc import AsyncIterator, Coroutine
from typing import Any

from portal_app.domain.errors import UserError
from portal_app.i18n import translate


async def run_busy(state: Any, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """For a state with `busy` and `error`: `async for shown in answered(self, …): yield shown`."""
    state.busy, state.error = True, ""
    yield
    try:
        await work
    except UserError as refusal:
        state.error = translate(state.language, refusal.message, **refusal.values)
    finally:
        state.busy = False
