"""Reads a posted JSON object, with a limit of size."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from portal_app.domain.json_values import is_object
from portal_app.domain.text import strip_unstorable


async def json_object(request: Request, largest: int) -> dict[str, Any]:
    """The posted object; {} when it is larger than `largest` bytes, not JSON, too deep, or no object.

    Its strings lose the characters that no database stores.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > largest:
        return {}
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    if not is_object(body):
        return {}
    return {
        name: strip_unstorable(value) if isinstance(value, str) else value for name, value in body.items()
    }


async def file_body(
    request: Request, largest: int, hold: Callable[[int], None] = lambda length: None
) -> bytes | None:
    """The posted file; None for one that is larger than `largest` bytes, before the rest of it is read.

    `hold` is told the length of each piece; what it raises ends the reading.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        return None
    body = bytearray()
    async for piece in request.stream():
        hold(len(piece))
        body += piece
        if len(body) > largest:
            return None
    return bytes(body)
