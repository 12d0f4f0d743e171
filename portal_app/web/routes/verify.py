"""POST /verify/file: what the page /verify asks about a file. The file is read into memory, answered about, and gone."""

import asyncio
from datetime import date

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal_app.domain.access import nobody
from portal_app.domain.agreements.copy_files import LARGEST_MB
from portal_app.domain.errors import UserError
from portal_app.i18n import full_date_text, translate
from portal_app.i18n_paths import supported_language
from portal_app.services.agreements.copies.errors import FileTooLarge, VerifyBusy
from portal_app.services.agreements.copies.verify import (
    LARGEST,
    Verification,
    count_upload,
    verify_upload,
)
from portal_app.services.sign_in.errors import TooManyAttempts
from portal_app.visitor import visitor_of
from portal_app.web.request_body import file_body
from portal_app.web.threads import in_thread

ADDRESS = "/verify/file"
_AT_ONCE = 4  # each holds a file in memory
_HEADERS = {"Cache-Control": "no-store"}
_reading = asyncio.Semaphore(_AT_ONCE)


async def verify(request: Request) -> Response:
    """Compare a file with the sealed copies: 200 {verdict, day}; 413, 422 or 429 {error} in the language of ?lang=."""
    language = supported_language(request.query_params.get("lang", ""))
    visitor = visitor_of(request.headers)
    asker = nobody(visitor.ip, language, visitor.device)
    try:
        await in_thread(count_upload, asker)
        if _reading.locked():
            raise VerifyBusy
        async with _reading:
            content = await _content(request)
            found = await in_thread(verify_upload, asker, content)
    except UserError as refusal:
        return JSONResponse(
            {"error": translate(language, refusal.message, **refusal.values)}, _status(refusal), _HEADERS
        )
    except ClientDisconnect:
        return Response(status_code=400)
    return JSONResponse(_answer(found, language), headers=_HEADERS)


async def _content(request: Request) -> bytes:
    """The body, as long as it is no larger than a copy can be. Raises FileTooLarge before reading the rest."""
    content = await file_body(request, LARGEST)
    if content is None:
        raise FileTooLarge(most=LARGEST_MB)
    return content


def _answer(found: Verification, language: str) -> dict[str, str]:
    return {"verdict": found.verdict.value, "day": _day(found.sealed_on, language)}


def _day(day: date | None, language: str) -> str:
    return full_date_text(language, day) if day else ""


def _status(refusal: UserError) -> int:
    if isinstance(refusal, FileTooLarge):
        return 413
    return 429 if isinstance(refusal, (TooManyAttempts, VerifyBusy)) else 422


routes = [Route(ADDRESS, verify, methods=["POST"])]
