"""A ticket for a cookie, the way out, and whether we are alive."""

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Side
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.sign_in import SessionScope
from portal_app.services.sign_in import end_session, principal_of, ready, redeem
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.cookies import set_cookie
from portal_app.web.threads import in_thread

_LARGEST = 2_000


async def begin(request: Request) -> Response:
    """POST {ticket}: the session's cookie. 401 when the ticket is spent, late or unknown."""
    visitor = visitor_of(request.headers)
    ticket = await _ticket(request)
    if not ticket:
        return PlainTextResponse("bad request", 400)
    device = request.headers.get("user-agent", "")
    former = tuple(ref for ref in (visitor.patient, visitor.staff) if ref)
    scope = _scope(visitor)
    try:
        made = await in_thread(redeem, ticket, ip=visitor.ip, device=device, replaces=former, scope=scope)
    except NotSignedIn:
        return JSONResponse({"ok": False}, 401)
    answer = JSONResponse({"ok": True})
    answer.headers.append("set-cookie", set_cookie(made.side, made.value, made.scope))
    return answer


async def end(request: Request) -> Response:
    """POST ?side=patient|staff: the session ends everywhere, the cookie goes; the page leaves by itself."""
    visitor = visitor_of(request.headers)
    staff = request.query_params.get("side") == Side.STAFF and not visitor.embedded
    side = Side.STAFF if staff else Side.PATIENT
    with suppress(NotSignedIn):  # it was over already
        await in_thread(end_session, await in_thread(principal_of, visitor.ref(side), side, touch=False))
    answer = JSONResponse({"ok": True})
    answer.headers.append("set-cookie", set_cookie(side, "", _scope(visitor)))
    return answer


def _scope(visitor: Visitor) -> SessionScope:
    """In a frame there are sessions of the frame only, elsewhere all but those."""
    return SessionScope.EMBED if visitor.embedded else SessionScope.FULL


async def alive(_: Request) -> Response:
    return PlainTextResponse("ok")


async def can_serve(_: Request) -> Response:
    return PlainTextResponse("ok") if await in_thread(ready) else PlainTextResponse("not ready", 503)


async def _ticket(request: Request) -> str:
    if int(request.headers.get("content-length") or _LARGEST + 1) > _LARGEST:
        return ""
    try:
        body = await request.json()
    except ValueError:
        return ""
    ticket = body.get("ticket") if isinstance(body, dict) else None
    return ticket if isinstance(ticket, str) else ""


routes = [
    Route("/auth/session", begin, methods=["POST"]),
    Route("/auth/sign-out", end, methods=["POST"]),
    Route("/livez", alive),
    Route("/readyz", can_serve),
]
