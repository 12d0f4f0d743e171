"""POST /staff/agreements/paper: the scan of an agreement that was signed on paper (assets/scan.js)."""

from dataclasses import replace
from datetime import date

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.domain.errors import NotFound, NotSignedIn, UserError
from portal_app.domain.ids import AgreementRequestId, parse_id
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import translate
from portal_app.i18n_paths import supported_language
from portal_app.services.agreements.errors import PaperDateInvalid, ScanInvalid
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.services.audit import note_refusal
from portal_app.services.background_writes import write_within
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from portal_app.visitor import visitor_of
from portal_app.web.request_body import file_body
from portal_app.web.threads import in_thread

ADDRESS = "/staff/agreements/paper"
_LARGEST = SCAN_AT_MOST * 1024 * 1024
_HEADERS = {"Cache-Control": "no-store"}


async def paper(request: Request) -> Response:
    """Records the scan for ?request=, ?signed_on= and ?signed_by=: 204; 401, 403 or 422 {error} in ?lang=."""
    language = supported_language(request.query_params.get("lang", ""))
    try:
        principal = await in_thread(_staff, request, language)
        pdf = await file_body(request, _LARGEST)
        if pdf is None:
            raise ScanInvalid(most=SCAN_AT_MOST)
        await in_thread(_record, principal, dict(request.query_params), pdf)
    except NotSignedIn:
        return JSONResponse({"error": ""}, 401, _HEADERS)
    except UserError as refusal:
        said = translate(language, refusal.message, **refusal.values)
        return JSONResponse({"error": said}, 403 if isinstance(refusal, NotFound) else 422, _HEADERS)
    except ClientDisconnect:
        return Response(status_code=400)
    return Response(status_code=204, headers=_HEADERS)


def _staff(request: Request, language: str) -> Principal:
    """Who sends it, asked before the file is read. Raises NotSignedIn, NotFound."""
    visitor = visitor_of(request.headers)
    found = principal_of(visitor.ref(Side.STAFF), Side.STAFF)
    principal = replace(found, ip=visitor.ip, device=visitor.device, language=language)
    keep_alive_soon(principal)
    if not principal.may(Permission.MANAGE_AGREEMENTS):
        write_within(principal, 0.25, note_refusal, "paper:agreement_scan", "PermissionDenied")
        raise NotFound
    return principal


def _record(principal: Principal, asked: dict[str, str], pdf: bytes) -> None:
    request_id = AgreementRequestId(parse_id("agq", asked.get("request")))
    try:
        signed_on = date.fromisoformat(asked.get("signed_on", ""))
    except ValueError:
        raise PaperDateInvalid from None
    record_paper(
        principal, request_id, PaperForm(pdf, signed_on, strip_unstorable(asked.get("signed_by", "")))
    )


routes = [Route(ADDRESS, paper, methods=["POST"])]
