"""What a page posts, read with a limit."""

from typing import Any

from starlette.requests import Request


async def json_object(request: Request, largest: int) -> dict[str, Any]:
    """Empty when it is too long, not JSON, or no object."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > largest:
        return {}
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
