"""POST /staff/agreements/paper: who may send a scan, and what is refused."""

import asyncio

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from portal_app.db.scope import reading
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.visitor import Visitor
from portal_app.web.routes.agreement_scans import ADDRESS, routes
from tests.people import MARIA, People
from tests.services.agreements_helper import add_agreement, ask
from tests.web.routes.test_documents import signed_in

PDF = b"%PDF-1.7 scan"


@pytest.fixture
def request_id(sample_people: People) -> str:
    return ask(add_agreement(), MARIA)


def post(
    request: str, pdf: bytes = PDF, *, staff: str = "", patient: str = "", **query: str
) -> httpx.Response:
    who = {"authorization": Visitor(patient, staff, "127.0.0.1").header()}
    asked = {"request": request, "signed_on": "2026-06-01", "signed_by": "Maria Rivera", "lang": "en"} | query

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(ADDRESS, params=asked, content=pdf, headers=who)

    return asyncio.run(sent())


def kept() -> list[tuple[str, bytes]]:
    with reading(system_principal("test")) as tx:
        files = {file.copy_id: file.pdf for file in tx.exec(select(AgreementCopyFile))}
        return [(copy.signed_by, files[copy.id]) for copy in tx.exec(select(AgreementCopy))]


def test_who_manages_agreements_records_a_scan_once(request_id: str) -> None:
    olga = signed_in(staff=People.olga.staff_id)
    answer = post(request_id, staff=olga)
    assert (answer.status_code, answer.content) == (204, b"")
    assert kept() == [("Maria Rivera", PDF)]
    again = post(request_id, staff=olga)
    assert again.status_code == 422 and "signed on paper" in again.json()["error"]
    assert len(kept()) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"signed_on": "2026-06-16"}, "cannot be in the future"),
        ({"signed_on": ""}, "Enter the day of signing"),
        ({"signed_by": " "}, "full name"),
        ({"lang": "es", "signed_on": "x"}, "Escriba el día de la firma"),
    ],
)
def test_what_is_missing_is_refused_in_the_readers_language(
    request_id: str, query: dict[str, str], words: str
) -> None:
    answer = post(request_id, staff=signed_in(staff=People.olga.staff_id), **query)
    assert answer.status_code == 422 and words in answer.json()["error"]
    assert kept() == []


@pytest.mark.parametrize("pdf", [b"", b"<html>", PDF.ljust(SCAN_AT_MOST * 1024 * 1024 + 1)])
def test_what_is_no_pdf_or_too_large_is_refused(request_id: str, pdf: bytes) -> None:
    answer = post(request_id, pdf, staff=signed_in(staff=People.olga.staff_id))
    assert (answer.status_code, answer.json()["error"]) == (422, "Choose a PDF file of at most 10 MB.")
    assert kept() == []


def test_nobody_else_sends_one(request_id: str) -> None:
    assert post(request_id).status_code == 401
    assert post(request_id, patient=signed_in(patient=MARIA.id)).status_code == 401
    assert post(request_id, staff=signed_in(staff=People.dana.staff_id)).status_code == 403
    assert post("nonsense", staff=signed_in(staff=People.olga.staff_id)).status_code == 403
    assert kept() == []
