"""What happened is told to whoever watches, in this process and in the others.

A topic is a word like "payments", "account:acc_…" or "session:<ref>". Announce after the commit:
the listener asks the database again through its own door, nothing else travels with the word.
"""

from collections.abc import Callable

from portal_app.gateways.bus import bus

Listener = Callable[[str, str], None]

_listeners: list[Listener] = []


def announce(topic: str, key: str = "") -> None:
    """Tell whoever watches `topic`, in every process. From any thread."""
    told_here(topic, key)
    if others := bus():
        others.publish(topic, key)


def told_here(topic: str, key: str = "") -> None:
    """Pass on what another process announced."""
    for listener in tuple(_listeners):
        listener(topic, key)


def listen(listener: Listener) -> None:
    """Call `listener(topic, key)` for every announcement: it is quick, thread-safe and does not raise."""
    if listener not in _listeners:
        _listeners.append(listener)
    if others := bus():
        others.subscribe(told_here)


def unlisten(listener: Listener) -> None:
    if listener in _listeners:
        _listeners.remove(listener)
