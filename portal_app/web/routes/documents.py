"""PDF documents as downloads, only for those who may see their contents; for anybody else they do not exist."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import NotFound, NotSignedIn, UserError
from portal_app.domain.ids import AccountId, PatientId, parse_id
from portal_app.domain.sites.embedding import FRAME
from portal_app.i18n_paths import localised_path, supported_language
from portal_app.services.audit import note_refusal
from portal_app.services.background_writes import write_within
from portal_app.services.documents.account_documents import (
    itemised_document,
    itemised_period_document,
    statement_document,
    tax_document,
)
from portal_app.services.documents.agreement_documents import agreement_copy_paper, agreement_text_paper
from portal_app.services.documents.document import Document
from portal_app.services.documents.membership_documents import membership_year_paper
from portal_app.services.documents.payment_documents import invoice_document, receipt_document
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from portal_app.settings import settings
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.threads import in_thread

_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
Asked = Mapping[str, str]  # path and query parameters
Make = Callable[[Principal, Asked, str], Document]


def _download(make: Make) -> Any:
    async def answer(request: Request) -> Response:
        """A document as a PDF: 200, 401 nobody is signed in, 404 absent or not theirs. ?lang= overrides their language."""
        asked = {**request.query_params, **request.path_params}
        made = await in_thread(_make_for_first_allowed, visitor_of(request.headers), asked, make)
        return made if isinstance(made, Response) else _sent(made)

    return answer


def _make_for_first_allowed(visitor: Visitor, asked: Asked, make: Make) -> Document | Response:
    """Makes the document as the patient, else as the staff member who is signed in in this browser."""
    asker: Principal | None = None
    language = asked.get("lang", "")
    for side in (Side.PATIENT, Side.STAFF):
        try:
            principal = replace(principal_of(visitor.ref(side), side), ip=visitor.ip, device=visitor.device)
        except (NotSignedIn, UserError):
            continue
        try:
            keep_alive_soon(principal)
            spoken = language if language in settings().languages else principal.language
            return make(principal, asked, supported_language(spoken))
        except NotSignedIn:  # by a link that is over
            continue
        except UserError:
            asker = asker or principal
    if asker:
        write_within(
            asker, 0.25, note_refusal, f"paper:{asked.get('id') or asked.get('account', '')}", "NotFound"
        )
        return PlainTextResponse("Not Found", 404, _HEADERS)
    if visitor.embedded:  # the frame itself navigated here: it must not end on a page without links
        return RedirectResponse(localised_path(language, FRAME), 303, _HEADERS)
    return PlainTextResponse("Sign in first", 401, _HEADERS)


def _sent(document: Document) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{document.file_name}"'}
    return Response(document.content, media_type="application/pdf", headers=_HEADERS | named)


def _of_one(prefix: str, document: Callable[[Principal, Any, str], Document]) -> Make:
    return lambda principal, asked, language: document(principal, parse_id(prefix, asked["id"]), language)


def _of_period(document: Callable[..., Document]) -> Make:
    """?from= and ?to= are its first and last day; ?person= narrows it, staff name the ?account=."""

    def make(principal: Principal, asked: Asked, language: str) -> Document:
        return document(
            principal,
            _day(asked.get("from", "")),
            _day(asked.get("to", "")),
            language,
            account_id=_account(asked),
            patient_id=_person(asked),
        )

    return make


def _taxes(principal: Principal, asked: Asked, language: str) -> Document:
    return tax_document(principal, _year(asked["year"]), language, account_id=_account(asked))


def _memberships(principal: Principal, asked: Asked, language: str) -> Document:
    """Of everybody, or of one ?person=."""
    year, account, person = _year(asked["year"]), _account(asked), _person(asked)
    return membership_year_paper(principal, year, language, account_id=account, patient_id=person)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and int(text)):
        raise NotFound
    return int(text)


def _person(asked: Asked) -> PatientId | None:
    person = asked.get("person", "")
    return PatientId(parse_id("pat", person)) if person else None


def _account(asked: Asked) -> AccountId | None:
    account = asked.get("account", "")
    return AccountId(parse_id("acc", account)) if account else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None


routes = [
    Route("/documents/invoice/{id}.pdf", _download(_of_one("inv", invoice_document))),
    Route("/documents/receipt/{id}.pdf", _download(_of_one("pay", receipt_document))),
    Route("/documents/itemised/{id}.pdf", _download(_of_one("inv", itemised_document))),
    Route("/documents/itemised.pdf", _download(_of_period(itemised_period_document))),
    Route("/documents/statement.pdf", _download(_of_period(statement_document))),
    Route("/documents/payments/{year}.pdf", _download(_taxes)),
    Route("/documents/memberships/{year}.pdf", _download(_memberships)),
    Route("/documents/agreements/{id}.pdf", _download(_of_one("agc", agreement_copy_paper))),
    Route("/documents/agreement-texts/{id}.pdf", _download(_of_one("agq", agreement_text_paper))),
]
