"""Which frames a page may send over its socket. Others never reach the framework: it would log a traceback
that quotes them.
"""

import json
from typing import Any

from portal_app.domain.text import strip_unstorable
from portal_app.web.shield.sockets import Message

_ALIVE = ("2", "3")  # engine.io's ping and pong
_CONNECT, _DISCONNECT = "40/_event,", "41/_event,"
_EVENT = "42/_event,"


def is_valid_frame(message: Message) -> bool:
    text = message.get("text")
    if text in _ALIVE or text == _DISCONNECT:
        return True
    if not isinstance(text, str) or not text.startswith((_CONNECT, _EVENT)):
        return False
    body = text[len(_EVENT) :]
    try:
        said = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return False
    return _is_connect(said) if text.startswith(_CONNECT) else _is_packet(said)


def _is_connect(said: Any) -> bool:
    """The connect packet, which may carry the first event."""
    return type(said) is dict and ("event" not in said or _is_event(said["event"]))


def _is_packet(said: Any) -> bool:
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
    """Names and addresses, which nobody types. Half a character in them raises inside the framework."""
    return isinstance(text, str) and strip_unstorable(text) == text
