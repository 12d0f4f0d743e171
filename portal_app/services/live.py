"""Live updates: announce that something changed to all listeners, in this process and in the others.

A topic is a name like "payments", "account:acc_…" or "session:<ref>". Announce after the commit. An
announcement holds no data: each listener reads the database again as its own principal.
"""

from collections.abc import Callable

from portal_app.gateways.bus import bus

Listener = Callable[[str, str], None]

_listeners: list[Listener] = []


def announce(topic: str, key: str = "") -> None:
    """Call the listeners of all processes. May be called from any thread."""
    notify_listeners(topic, key)
    if message_bus := bus():
        message_bus.publish(topic, key)


def notify_listeners(topic: str, key: str = "") -> None:
    """Call the listeners of this process."""
    for listener in tuple(_listeners):
        listener(topic, key)


def listen(listener: Listener) -> None:
    """Call `listener(topic, key)` for each announcement. It must be quick, thread-safe and not raise."""
    if listener not in _listeners:
        _listeners.append(listener)
    if message_bus := bus():
        message_bus.subscribe(notify_listeners)


def unlisten(listener: Listener) -> None:
    """Call this listener no longer."""
    if listener in _listeners:
        _listeners.remove(listener)
