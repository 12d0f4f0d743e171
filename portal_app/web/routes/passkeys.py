"""Passkeys over plain routes: the browser asks for a passkey only in a click, which a socket's answer is not.

`what`: "sign_in" by anybody; "prove" (re-authentication) and "add" by a patient who is signed in.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Permission, Principal, Side, nobody
from portal_app.domain.errors import NotSignedIn, UserError
from portal_app.i18n import translate
from portal_app.i18n_paths import supported_language
from portal_app.services.credentials import passkeys
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from portal_app.visitor import visitor_of
from portal_app.web.request_body import json_object
from portal_app.web.threads import in_thread

Answer = dict[str, Any]

_LARGEST = 30_000
_WHATS = ("sign_in", "prove", "add")


async def options(request: Request) -> Response:
    """POST {what, language}: the options for navigator.credentials."""

    def ask(principal: Principal, body: Answer) -> Answer:
        begin = passkeys.begin_passkey if body["what"] == "add" else passkeys.ask_passkey
        return json.loads(begin(principal))

    return await _answer(request, ask)


async def answer(request: Request) -> Response:
    """POST {what, language, answer, name}: {ticket} to sign in, {} when it was added or proven."""

    def take(principal: Principal, body: Answer) -> Answer:
        said = json.dumps(body.get("answer"))
        if body["what"] == "add":
            passkeys.finish_passkey(principal, said, str(body.get("name") or "")[:60])
            return {}
        return {"ticket": passkeys.passkey_sign_in(principal, said)}

    return await _answer(request, take)


async def _answer(request: Request, work: Callable[[Principal, Answer], Answer]) -> Response:
    body = await json_object(request, _LARGEST)
    language = supported_language(str(body.get("language") or ""))
    if body.get("what") not in _WHATS:
        return JSONResponse({"error": ""}, 400)
    try:
        principal = await in_thread(_who, request, body["what"], language)
        return JSONResponse(await in_thread(work, principal, body))
    except NotSignedIn:
        return JSONResponse({"error": ""}, 401)
    except UserError as refusal:
        words = translate(language, refusal.message, **refusal.values)
        return JSONResponse({"error": words, "proof": isinstance(refusal, ReauthRequired)}, 403)


def _who(request: Request, what: str, language: str) -> Principal:
    visitor = visitor_of(request.headers)
    if what == "sign_in":
        return nobody(visitor.ip, language, visitor.device)
    found = replace(
        principal_of(visitor.patient, Side.PATIENT),
        ip=visitor.ip,
        device=visitor.device,
        language=language,
    )
    keep_alive_soon(found)
    found.require(Permission.MY_ACCOUNT)
    return found


routes = [
    Route("/auth/passkey/options", options, methods=["POST"]),
    Route("/auth/passkey/answer", answer, methods=["POST"]),
]
