"""Live updates: an open page reads again as soon as a topic that it watches is announced.

    @rx.event
    @requires(Permission.VIEW_BILLING)
    async def open_page(self):
        watch("payments", TodayState.refresh)
        ...

    @rx.event
    @requires(Permission.VIEW_BILLING, activity=False)   # events that the server asks for keep no session alive
    async def refresh(self): ...

No data is pushed: the page is told to send the event, which goes through its guard. So a session that has ended,
or a permission that was taken away, shows nothing.
"""

import asyncio
from collections import defaultdict
from typing import Any

from reflex.event import Event
from reflex.state import StateUpdate
from reflex_base.event.context import EventContext
from reflex_base.utils.format import format_event_handler

from portal_app.services import live

_GATHER = 0.05  # seconds: announcements within it cause one event

_watching: dict[str, dict[str, set[str]]] = defaultdict(dict)  # topic → page → handlers
_pending: set[tuple[str, str]] = set()


def watch(topic: str, handler: Any) -> None:
    """From now on this page runs `handler` (with a guard, without arguments) when `topic` is announced."""
    _watching[topic].setdefault(EventContext.get().token, set()).add(format_event_handler(handler))


def forget_page(page: str) -> None:
    """The page is closed and does not come back."""
    for topic in [topic for topic, pages in _watching.items() if page in pages]:
        _forget(topic, page)


async def pass_on(app: Any) -> None:
    """For the server's lifespan: pass announcements of any thread or process to the pages connected here."""
    loop = asyncio.get_running_loop()

    def listener(topic: str, key: str) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_send, app, topic)

    live.listen(listener)
    try:
        await asyncio.Event().wait()
    finally:
        live.unlisten(listener)


def _send(app: Any, topic: str) -> None:
    for page, handlers in tuple(_watching.get(topic, {}).items()):
        for handler in handlers:
            if (page, handler) not in _pending:
                _pending.add((page, handler))
                task = asyncio.get_running_loop().create_task(_send_to_page(app, topic, page, handler))
                _tasks.add(task)
                task.add_done_callback(_tasks.discard)


_tasks: set[asyncio.Task[None]] = set()


async def _send_to_page(app: Any, topic: str, page: str, handler: str) -> None:
    await asyncio.sleep(_GATHER)
    _pending.discard((page, handler))
    sockets = app.event_namespace
    if not _is_connected_here(sockets, page):  # closed; where it connects again it watches again
        _forget(topic, page)
        return
    await sockets.emit_update(StateUpdate(events=[Event(name=handler, payload={})]), page)


def _is_connected_here(sockets: Any, page: str) -> bool:
    record = sockets._token_manager.token_to_socket.get(page)
    return record is not None and record.instance_id == sockets._token_manager.instance_id


def _forget(topic: str, page: str) -> None:
    _watching[topic].pop(page, None)
    if not _watching[topic]:
        del _watching[topic]
