"""What happened is told to whoever watches, in this process and in the others.

A topic is a word like "payments", "account:acc_…" or "session:<ref>". Announce after the commit:
the listener asks the database again through its own door, nothing travels with the word.
"""

from collections.abc import Callable

Listener = Callable[[str, str], None]

_listeners: list[Listener] = []


def announce(topic: str, key: str = "") -> None:
    """Tell whoever watches `topic`. From any thread; never raises for a listener's trouble."""
    for listener in tuple(_listeners):
        listener(topic, key)


def listen(listener: Listener) -> None:
    """Call `listener(topic, key)` for every announcement: quick, thread-safe, never raising."""
    if listener not in _listeners:
        _listeners.append(listener)


def unlisten(listener: Listener) -> None:
    if listener in _listeners:
        _listeners.remove(listener)
