"""What a page says over its socket. Anything else never reaches the framework, which answers the unexpected
with a traceback that quotes it.
"""

import json
from typing import Any

from portal_app.domain.text import strip_unstorable
from portal_app.web.shield.sockets import Message

_ALIVE = ("2", "3")  # engine.io's question and answer
_HELLO, _BYE = "40/_event,", "41/_event,"
_EVENT = "42/_event,"


def readable(message: Message) -> bool:
    text = message.get("text")
    if text in _ALIVE or text == _BYE:
        return True
    if not isinstance(text, str) or not text.startswith((_HELLO, _EVENT)):
        return False
    body = text[len(_EVENT) :]
    try:
        said = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return False
    return _is_hello(said) if text.startswith(_HELLO) else _is_said(said)


def _is_hello(said: Any) -> bool:
    """The first word, which may bring the first event with it."""
    return type(said) is dict and ("event" not in said or _is_event(said["event"]))


def _is_said(said: Any) -> bool:
    match said:
        case ["event", event]:
            return _is_event(event)
        case ["ping"]:
            return True
        case ["client_error", dict()]:
            return True
    return False


def _is_event(event: Any) -> bool:
    if type(event) is not dict:
        return False
    payload, here = event.get("payload", {}), event.get("router_data", {})
    return (
        _is_plain(event.get("name"))
        and type(payload) is dict
        and "self" not in payload
        and type(here) is dict
        and all(_is_plain(here.get(name, "")) for name in ("pathname", "asPath"))
        and type(here.get("query", {})) is dict
    )


def _is_plain(text: Any) -> bool:
    """Names and addresses, which nobody types: with half a character in them the framework falls over."""
    return isinstance(text, str) and strip_unstorable(text) == text
