"""Papers to keep, as downloads: only for who may see what they say; for anybody else they do not exist."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Principal, Side
from portal_app.domain.embedding import FRAME
from portal_app.domain.errors import NotSignedIn, Refused
from portal_app.domain.ids import given_id
from portal_app.services.documents import Paper, invoice_paper, receipt_paper
from portal_app.services.sign_in import principal_of
from portal_app.settings import settings
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.threads import in_thread

_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


def _download(prefix: str, paper: Callable[[Principal, Any, str], Paper]) -> Any:
    async def answer(request: Request) -> Response:
        """200 the PDF, 401 nobody is signed in, 404 absent or not theirs. ?lang= overrides their language."""
        visitor = visitor_of(request.headers)
        id_, language = request.path_params["id"], request.query_params.get("lang", "")
        made = await in_thread(_seen_by, visitor, prefix, id_, language, paper)
        return made if isinstance(made, Response) else _sent(made)

    return answer


def _seen_by(
    visitor: Visitor, prefix: str, id_: str, language: str, paper: Callable[[Principal, Any, str], Paper]
) -> Paper | Response:
    """Patient and staff may be signed in in one browser: the first of them who may see it, does."""
    signed_in = False
    for side in (Side.PATIENT, Side.STAFF):
        try:
            principal = principal_of(visitor.ref(side), side)
            signed_in = True
            spoken = language if language in settings().languages else principal.language
            return paper(principal, given_id(prefix, id_), spoken)
        except (NotSignedIn, Refused):
            continue
    if signed_in:
        return PlainTextResponse("Not Found", 404, _HEADERS)
    if visitor.embedded:  # the frame itself went there: it must not be left with a word and no way on
        spoken = f"/{language}" if language in settings().languages[1:] else ""
        return RedirectResponse(f"{spoken}{FRAME}", 303, _HEADERS)
    return PlainTextResponse("Sign in first", 401, _HEADERS)


def _sent(paper: Paper) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{paper.file_name}"'}
    return Response(paper.content, media_type="application/pdf", headers=_HEADERS | named)


routes = [
    Route("/documents/invoice/{id}.pdf", _download("inv", invoice_paper)),
    Route("/documents/receipt/{id}.pdf", _download("pay", receipt_paper)),
]
