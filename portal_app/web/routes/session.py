"""Sign-in by ticket, staying signed in, signing out."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Principal, Side, nobody
from portal_app.domain.errors import NotSignedIn, UserError
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.domain.sites.embedding import into_frame, is_embed, out_of_frame
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import language_of_path, localised_path, supported_language
from portal_app.services.credentials.resets import is_reset_link_open
from portal_app.services.links.action_links import is_link_open, open_access_link
from portal_app.services.practice.facts import view_practice
from portal_app.services.sign_in.idle_sessions import seconds_left
from portal_app.services.sign_in.known_sources import counted_by, remember
from portal_app.services.sign_in.landing import landing_page, linked_page
from portal_app.services.sign_in.rate_limits import count_attempt
from portal_app.services.sign_in.sessions import (
    NewSession,
    end_session,
    keep_alive,
    principal_of,
    redeem,
)
from portal_app.services.sign_in.set_up_links import is_set_up_link_open
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.cookies import device_cookie, set_cookie
from portal_app.web.request_body import json_object
from portal_app.web.shield.room import has_room
from portal_app.web.shield.sockets import OPEN
from portal_app.web.threads import in_thread

_LARGEST = 3_000
# The pages that a link with a secret opens, other than an action link's.
_OPENS = {"/stop-reset": is_reset_link_open, "/staff/set-up": is_set_up_link_open}
_CALL_US = gettext_noop("Or call us: we can help you by phone.")
# What a page without a socket says: a title, then what to do.
_BLOCKED = (
    gettext_noop("This network blocks the portal"),
    gettext_noop("This network blocks the connection that the portal needs. The portal itself is well."),
    gettext_noop("Try another network, like your phone’s mobile data. We go on trying too."),
)
_FULL = (
    gettext_noop("Too many pages are open"),
    gettext_noop("As many pages of the portal are open on this network as may be at once."),
    gettext_noop("Close those that you no longer need, or try another network. We go on trying too."),
)


async def begin(request: Request) -> Response:
    """POST {ticket, asked, page}: sets the session's cookie. 401 when the ticket is used, expired or unknown.

    `asked` is the page that was asked for before signing in, `page` the path of the page that signs in. The answer's
    `next` is where to go: "" for the usual first page.
    """
    visitor = visitor_of(request.headers)
    sent = await json_object(request, _LARGEST)
    ticket, asked, page = (_text(sent, name) for name in ("ticket", "asked", "page"))
    if not ticket:
        return PlainTextResponse("bad request", 400)
    device = request.headers.get("user-agent", "")
    former = tuple(ref for ref in (visitor.patient, visitor.staff) if ref)
    scope = _scope(visitor)
    try:
        made = await in_thread(redeem, ticket, ip=visitor.ip, device=device, replaces=former, scope=scope)
    except NotSignedIn:
        return JSONResponse({"ok": False}, 401)
    answer = JSONResponse({"ok": True, "next": await in_thread(_next, made, asked, page)})
    answer.headers.append("set-cookie", set_cookie(made.side, made.value, made.scope))
    if device := await in_thread(_remember, made, visitor):
        answer.headers.append("set-cookie", device_cookie(device, made.scope))
    return answer


def _remember(made: NewSession, visitor: Visitor) -> str:
    """The device cookie's new value; "" where nothing is remembered."""
    try:
        signed_in = principal_of(session_ref(made.value, made.scope), made.side)
    except NotSignedIn:  # it ended at this moment
        return ""
    return remember(replace(signed_in, ip=visitor.ip, device=visitor.device))


def _next(made: NewSession, asked: str, page: str) -> str:
    """The address of the page that was asked for, in the language and the frame of the page that signs in.

    Of an action link: the page of its purpose.
    """
    linked = made.scope is SessionScope.LINK
    if not (asked or linked):
        return ""
    signed_in = principal_of(session_ref(made.value, made.scope), made.side)
    if linked:
        return localised_path(language_of_path(page), linked_page(signed_in))
    found = landing_page(signed_in, out_of_frame(asked) if is_embed(asked) else asked)
    if made.scope is SessionScope.EMBED:
        found = into_frame(found) if found and is_embed(into_frame(found)) else ""
    return localised_path(language_of_path(page), found) if found else ""


async def end(request: Request) -> Response:
    """POST ?side=patient|staff: ends the session on every page and deletes the cookie; the page then navigates."""
    visitor = visitor_of(request.headers)
    apart = visitor.embedded or visitor.linked  # neither a frame nor a link has a staff session
    side = Side.PATIENT if apart else _side(request)
    with suppress(NotSignedIn):  # it had ended already
        principal = await in_thread(principal_of, visitor.ref(side), side)
        await in_thread(end_session, replace(principal, ip=visitor.ip, device=visitor.device))
    answer = JSONResponse(
        {"ok": True}, headers={"clear-site-data": '"cache"'}
    )  # the pages of the Back button too
    answer.headers.append("set-cookie", set_cookie(side, "", _scope(visitor)))
    return answer


def _scope(visitor: Visitor) -> SessionScope:
    """A frame and an action link have sessions of their own; elsewhere a session is a full one."""
    if visitor.linked:
        return SessionScope.LINK
    return SessionScope.EMBED if visitor.embedded else SessionScope.FULL


async def stay(request: Request) -> Response:
    """POST ?side=…&by=person|page: the seconds that are left; 401 when none are.

    by=person: somebody did something, so the 15 minutes start again. by=page: it only asks.
    """
    side, by_person = _side(request), request.query_params.get("by") == "person"
    try:
        principal = await in_thread(principal_of, visitor_of(request.headers).ref(side), side)
        if by_person:
            await in_thread(keep_alive, principal)
        return JSONResponse({"left": await in_thread(seconds_left, principal)})
    except NotSignedIn:
        return JSONResponse({"left": 0}, 401)


async def contact(request: Request) -> Response:
    """POST {token} of an access link: the contact to fill in. 404 when the link is over."""
    token = await _word(request, "token")
    try:
        return JSONResponse({"contact": await in_thread(open_access_link, _nobody(request), token)})
    except UserError:
        return JSONResponse({"contact": ""}, 404)


async def link(request: Request) -> Response:
    """POST {token, page}: whether the link that the page was opened with still opens, before anything is asked."""
    sent, asker = await json_object(request, _LARGEST), _nobody(request)
    token, is_open = _text(sent, "token"), _OPENS.get(_text(sent, "page"), is_link_open)
    try:
        await in_thread(_count_try, asker)
        return JSONResponse({"open": await in_thread(is_open, asker, token)})
    except UserError:  # too many tries: the form says so
        return JSONResponse({"open": True})


async def help_without_socket(request: Request) -> Response:
    """POST ?lang=…: why a page gets no socket, what to do, and the practice's phone (B70).

    The network lets none through, or has as many as it may have. 503 while the portal itself takes none: the network
    is not to blame, and the page goes on trying.
    """
    if OPEN.suspended:
        return PlainTextResponse("", HTTPStatus.SERVICE_UNAVAILABLE)
    language = supported_language(request.query_params.get("lang", ""))
    practice = await in_thread(view_practice, nobody())
    say = partial(translate, language)
    title, *lines = _BLOCKED if await has_room(visitor_of(request.headers)) else _FULL
    text = [say(line) for line in (*lines, *([_CALL_US] if practice.phone else []))]
    return JSONResponse(
        {
            "title": say(title),
            "text": [*text, practice.hours.get(language, practice.hours.get("en", ""))],
            "phone": practice.phone,
            "call": say(gettext_noop("Call {phone}"), phone=practice.phone),
            "again": say(gettext_noop("Try again")),
        }
    )


def _nobody(request: Request) -> Principal:
    """Whoever asks, not signed in: an address, and a browser that may be known."""
    visitor = visitor_of(request.headers)
    return nobody(visitor.ip, device=visitor.device)


def _count_try(asker: Principal) -> None:
    count_attempt("try from", counted_by(asker))


def _side(request: Request) -> Side:
    return Side.STAFF if request.query_params.get("side") == Side.STAFF else Side.PATIENT


async def _word(request: Request, name: str) -> str:
    """One string of a small JSON object; "" when there is none."""
    return _text(await json_object(request, _LARGEST), name)


def _text(sent: dict[str, Any], name: str) -> str:
    found = sent.get(name)
    return found if isinstance(found, str) else ""


routes = [
    Route("/auth/session", begin, methods=["POST"]),
    Route("/auth/stay", stay, methods=["POST"]),
    Route("/auth/access-link", contact, methods=["POST"]),
    Route("/auth/help", help_without_socket, methods=["POST"]),
    Route("/auth/link", link, methods=["POST"]),
    Route("/auth/sign-out", end, methods=["POST"]),
]
