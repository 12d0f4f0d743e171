"""What a page posts, read with a limit."""

from typing import Any

from starlette.requests import Request

from portal_app.domain.text import strip_unstorable


async def json_object(request: Request, largest: int) -> dict[str, Any]:
    """Empty when it is too long, not JSON, too deep, or no object. Its own words are as we can keep them."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > largest:
        return {}
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    return {
        name: strip_unstorable(value) if isinstance(value, str) else value for name, value in body.items()
    }
