"""POST /verify/file: what the page /verify asks about a file. The file is read into memory, answered about, and gone."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from weakref import WeakKeyDictionary

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal_app.domain.access import nobody
from portal_app.domain.agreements.copy_files import LARGEST_MB
from portal_app.domain.errors import UserError
from portal_app.domain.ip import rate_limit_network
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
_AT_ONCE = 4  # files that are compared; further ones wait
_HELD_AT_MOST = (
    8 * LARGEST
)  # bytes in memory of files that come or wait, and one file of them from one address
_PIECE = 1_000_000  # bytes: the piece with which a file becomes too large is no sign of a second one
_HEADERS = {"Cache-Control": "no-store"}
_comparing: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class _Held:
    """What has come of files and is in memory. Counted in bytes, so that files that never come keep nobody out."""

    def __init__(self) -> None:
        self.total, self.of_address = 0, dict[str, int]()

    @contextmanager
    def by(self, address: str) -> Generator[Callable[[int], None]]:
        """Yields what counts another piece for as long as the block runs. It raises VerifyBusy where there is no room."""
        mine = 0

        def hold(length: int) -> None:
            nonlocal mine
            held = self.of_address.get(address, 0) + length
            if held > LARGEST + _PIECE or self.total + length > _HELD_AT_MOST:
                raise VerifyBusy
            self.of_address[address], self.total, mine = held, self.total + length, mine + length

        try:
            yield hold
        finally:
            self.total -= mine
            if (left := self.of_address.pop(address, 0) - mine) > 0:
                self.of_address[address] = left


_held = _Held()


async def verify(request: Request) -> Response:
    """Compare a file with the sealed copies: 200 {verdict, day}; 413, 422 or 429 {error} in the language of ?lang=."""
    language = supported_language(request.query_params.get("lang", ""))
    visitor = visitor_of(request.headers)
    asker = nobody(visitor.ip, language, visitor.device)
    try:
        await in_thread(count_upload, asker)
        with _held.by(rate_limit_network(visitor.ip)) as hold:
            content = await _content(request, hold)
            async with _comparing.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)):
                found = await in_thread(verify_upload, asker, content)
    except UserError as refusal:
        return JSONResponse(
            {"error": translate(language, refusal.message, **refusal.values)}, _status(refusal), _HEADERS
        )
    except ClientDisconnect:
        return Response(status_code=400)
    return JSONResponse(_answer(found, language), headers=_HEADERS)


async def _content(request: Request, hold: Callable[[int], None]) -> bytes:
    """The body, as long as it is no larger than a copy can be. Raises FileTooLarge, VerifyBusy before reading the rest."""
    content = await file_body(request, LARGEST, hold)
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
