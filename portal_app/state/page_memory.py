"""Forgets the state of a page that is closed and that nobody comes back to."""

# The framework has no other way to forget a page.
# pyright: reportPrivateUsage=false

from collections.abc import Iterator
from typing import Any

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken

from portal_app.state import live


async def forget_page(app: Any, page: str) -> None:
    """Forgets the page's state and the topics that it watches. An event that still runs keeps it a while longer."""
    live.forget_page(page)
    manager = app.state_manager
    token = BaseStateToken(ident=page, cls=rx.State)
    if isinstance(manager, StateManagerMemory):
        lock = manager._states_locks.get(token.lock_key)
        if lock is None or not lock.locked():
            app.state_manager._purge_token(token)
    elif isinstance(manager, StateManagerRedis):
        await manager.redis.unlink(*(token._state_key(state) for state in _tree(rx.State)))


def _tree(state: type[Any]) -> Iterator[type[Any]]:
    yield state
    for substate in state.get_substates():
        yield from _tree(substate)
