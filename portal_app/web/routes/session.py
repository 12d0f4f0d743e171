"""Sign-in by ticket, staying signed in, signing out, and health checks."""

from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Side, nobody
from portal_app.domain.errors import NotSignedIn, UserError
from portal_app.domain.sign_in import SessionScope
from portal_app.services.links.action_links import open_access_link
from portal_app.services.sign_in.idle_sessions import seconds_left
from portal_app.services.sign_in.rate_limits import count_attempt
from portal_app.services.sign_in.sessions import end_session, is_database_answering, principal_of, redeem
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.cookies import set_cookie
from portal_app.web.request_body import json_object
from portal_app.web.threads import in_thread

_LARGEST = 3_000


async def begin(request: Request) -> Response:
    """POST {ticket}: sets the session's cookie. 401 when the ticket is used, expired or unknown."""
    visitor = visitor_of(request.headers)
    ticket = await _word(request, "ticket")
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
    """POST ?side=patient|staff: ends the session on every page and deletes the cookie; the page then navigates."""
    visitor = visitor_of(request.headers)
    side = Side.PATIENT if visitor.embedded else _side(request)  # a frame has no staff session
    with suppress(NotSignedIn):  # it had ended already
        principal = await in_thread(principal_of, visitor.ref(side), side, touch=False)
        await in_thread(end_session, replace(principal, ip=visitor.ip))
    answer = JSONResponse(
        {"ok": True}, headers={"clear-site-data": '"cache"'}
    )  # the pages of the Back button too
    answer.headers.append("set-cookie", set_cookie(side, "", _scope(visitor)))
    return answer


def _scope(visitor: Visitor) -> SessionScope:
    """A frame has sessions of its own; elsewhere a session is a full one."""
    return SessionScope.EMBED if visitor.embedded else SessionScope.FULL


async def stay(request: Request) -> Response:
    """POST ?side=…&by=person|page: the seconds that are left; 401 when none are.

    by=person: somebody did something, so the 15 minutes start again. by=page: it only asks.
    """
    side, by_person = _side(request), request.query_params.get("by") == "person"
    try:
        principal = await in_thread(
            principal_of, visitor_of(request.headers).ref(side), side, touch=by_person
        )
        return JSONResponse({"left": await in_thread(seconds_left, principal)})
    except NotSignedIn:
        return JSONResponse({"left": 0}, 401)


async def contact(request: Request) -> Response:
    """POST {token} of an access link: the contact to fill in. 404 when the link is over."""
    token, ip = await _word(request, "token"), visitor_of(request.headers).ip
    try:
        await in_thread(count_attempt, "try from", ip)
        return JSONResponse({"contact": await in_thread(open_access_link, nobody(ip), token)})
    except UserError:
        return JSONResponse({"contact": ""}, 404)


async def alive(_: Request) -> Response:
    return PlainTextResponse("ok")


async def can_serve(_: Request) -> Response:
    return (
        PlainTextResponse("ok")
        if await in_thread(is_database_answering)
        else PlainTextResponse("not ready", 503)
    )


def _side(request: Request) -> Side:
    return Side.STAFF if request.query_params.get("side") == Side.STAFF else Side.PATIENT


async def _word(request: Request, name: str) -> str:
    """One string of a small JSON object; "" when there is none."""
    found = (await json_object(request, _LARGEST)).get(name)
    return found if isinstance(found, str) else ""


routes = [
    Route("/auth/session", begin, methods=["POST"]),
    Route("/auth/stay", stay, methods=["POST"]),
    Route("/auth/access-link", contact, methods=["POST"]),
    Route("/auth/sign-out", end, methods=["POST"]),
    Route("/livez", alive),
    Route("/readyz", can_serve),
]
