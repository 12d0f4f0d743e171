"""Which frames a page may send over its socket. Others never reach the framework: it would log a traceback
that quotes them.
"""

import json
from collections.abc import Callable
from typing import Any

from portal_app.domain.json_values import is_object
from portal_app.domain.text import strip_unstorable
from portal_app.web.shield.sockets import Message

_ALIVE = ("2", "3")  # engine.io's ping and pong
_CONNECT, _DISCONNECT = "40/_event,", "41/_event,"
_OUR_HANDLER = "state.portal_app___state___"
_EVENT = "42/_event,"


KnownEvent = Callable[[str, dict[str, Any]], bool]  # name and payload


def is_valid_frame(message: Message, is_known: KnownEvent = lambda name, payload: True) -> bool:
    """Whether a page of the portal could have sent it. `is_known` decides about an event's name and payload."""
    text = message.get("text")
    if text in _ALIVE or text == _DISCONNECT:
        return True
    if not isinstance(text, str) or not text.startswith((_CONNECT, _EVENT)):
        return False
    body = text[len(_EVENT) :]
    try:
        said: Any = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return False
    well_formed = _is_connect(said) if text.startswith(_CONNECT) else _is_packet(said)
    event = _event_of(said) if well_formed else None
    return well_formed and (event is None or is_known(event["name"], event.get("payload", {})))


def calls_portal_handler(message: Message) -> bool:
    """Whether a valid frame calls one of the portal's own handlers; the framework's events of loading a page do not."""
    text = str(message.get("text"))
    return text.startswith(_EVENT) and _OUR_HANDLER in text


def _event_of(said: Any) -> dict[str, Any] | None:
    """The event that a well-formed packet carries."""
    match said:
        case ["event", event]:
            return event
        case {"event": event}:
            return event
        case _:
            return None


def _is_connect(said: Any) -> bool:
    """The connect packet, which may carry the first event."""
    return is_object(said) and ("event" not in said or _is_event(said["event"]))


def _is_packet(said: Any) -> bool:
    match said:
        case ["event", event]:
            return _is_event(event)
        case ["ping"]:
            return True
        case ["client_error", dict()]:
            return True
        case _:
            return False


def _is_event(event: Any) -> bool:
    if not is_object(event):
        return False
    payload: Any = event.get("payload", {})
    here: Any = event.get("router_data", {})
    return (
        _is_plain(event.get("name"))
        and is_object(payload)
        and "self" not in payload
        and is_object(here)
        and all(_is_plain(here.get(name, "")) for name in ("pathname", "asPath"))
        and type(here.get("query", {})) is dict
    )


def _is_plain(text: Any) -> bool:
    """Whether a name or an address is text without unpaired surrogates, which raise inside the framework."""
    return isinstance(text, str) and strip_unstorable(text) == text
