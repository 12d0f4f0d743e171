"""Downloads over HTTP: whose they are, and what else the answer says."""

import asyncio
import io
import secrets
from datetime import date, timedelta

import httpx
import pytest
from pypdf import PdfReader
from sqlmodel import select
from starlette.applications import Starlette

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile, AgreementSigner
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side, system_principal
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.ids import AgreementCopyId, PatientId, StaffId, new_id
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.money import Money
from portal_app.gateways.signing.pades import PadesSealer
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import principal_of
from portal_app.visitor import Visitor
from portal_app.web.routes import documents
from tests.memberships_helper import add_membership, add_plan
from tests.people import (
    EVA,
    INVOICE,
    KIM,
    LUIS,
    MARIA,
    NINA,
    RIVERA,
    ROSA,
    People,
    Person,
    add_invoice,
    add_payment,
)
from tests.services.agreements_helper import add_agreement, ask, sign
from tests.services.credentials_helper import NOBODY, sign_in_as


def signed_in(patient: PatientId | None = None, staff: StaffId | None = None) -> str:
    ref = secrets.token_hex(32)
    with transaction(system_principal("test")) as tx:
        tx.add(
            PortalSession(
                ref=ref,
                side=Side.STAFF if staff else Side.PATIENT,
                patient_id=patient,
                staff_id=staff,
                created_at=clock.now(),
                seen_at=clock.now(),
                language="es" if patient == MARIA.id else "en",
            )
        )
    return ref


def get(path: str, *, patient: str = "", staff: str = "", linked: bool = False) -> httpx.Response:
    who = {"authorization": Visitor(patient, staff, "127.0.0.1", linked=linked).header()}

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=documents.routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers=who)

    return asyncio.run(asked())


PATH = f"/documents/invoice/{INVOICE}.pdf"


def test_the_owner_gets_a_download_that_is_kept_nowhere(sample_people: People) -> None:
    answer = get(PATH, patient=signed_in(MARIA.id))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    headers = answer.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == 'attachment; filename="invoice-INV-1001.pdf"'
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [PATH, f"/documents/receipt/pay_{'9' * 32}.pdf"])
@pytest.mark.parametrize("ref", ["", "0" * 64, "nonsense"])
def test_anybody_else_is_told_to_sign_in(sample_people: People, path: str, ref: str) -> None:
    assert get(path, patient=ref, staff=ref).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        f"/documents/invoice/inv_{'9' * 32}.pdf",
        "/documents/invoice/1.pdf",
        "/documents/invoice/%27%20or%201=1.pdf",
        "/documents/invoice/%00.pdf",
        f"/documents/receipt/{INVOICE}.pdf",
    ],
)
def test_not_theirs_and_not_there_look_the_same(sample_people: People, path: str) -> None:
    answer = get(path, patient=signed_in(KIM.id))
    assert (answer.status_code, answer.text) == (404, "Not Found")


def test_a_patients_reference_opens_nothing_as_staff(sample_people: People) -> None:
    ref = signed_in(MARIA.id)
    assert get(PATH, staff=ref).status_code == 401


def test_staff_get_it_and_a_stranger_signed_in_beside_them_does_not_stand_in_the_way(
    sample_people: People,
) -> None:
    assert sample_people.nora.staff_id
    nora = signed_in(staff=sample_people.nora.staff_id)
    assert get(PATH, staff=nora).status_code == 200
    assert get(PATH, patient=signed_in(KIM.id), staff=nora).status_code == 200


def test_a_child_of_hers_is_on_marias_paper(sample_people: People) -> None:
    invoice = add_invoice(RIVERA, (EVA, "Cleaning", 10_00))
    answer = get(f"/documents/invoice/{invoice}.pdf?lang=en", patient=signed_in(MARIA.id))
    assert answer.status_code == 200


def test_a_receipt_of_a_payment_that_is_not_hers_does_not_exist(sample_people: People) -> None:
    payment = add_payment(INVOICE, 50_00)
    answer = get(f"/documents/receipt/{payment}.pdf", patient=signed_in(KIM.id))
    assert answer.status_code == 404


PERIOD = "?from=2026-06-01&to=2026-06-30"
PAPERS = [
    f"/documents/statement.pdf{PERIOD}",
    f"/documents/itemised.pdf{PERIOD}",
    f"/documents/itemised/{INVOICE}.pdf",
    "/documents/payments/2026.pdf",
    "/documents/memberships/2026.pdf",
]


def words(answer: httpx.Response) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def membership_payment() -> None:
    """50.00 of an invoice for the period of a membership of Maria and Eva."""
    add_payment(INVOICE, 50_00)
    membership = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=date(2026, 6, 1))
    with transaction(system_principal("test")) as tx:
        tx.add(
            MembershipInvoice(
                id=new_id("miv"),
                account_id=RIVERA,
                membership_id=membership,
                kind=InvoiceKind.PERIOD,
                period_start=date(2026, 6, 1),
                period_end=date(2026, 6, 30),
                due_day=date(2026, 6, 1),
                invoice_id=INVOICE,
                amount=Money(120_00),
            )
        )


@pytest.mark.parametrize("path", PAPERS)
def test_stmt_8_papers_of_the_account_are_tagged_in_her_language_and_nobody_elses(
    sample_people: People, path: str
) -> None:
    membership_payment()
    answer = get(path, patient=signed_in(MARIA.id))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert b"pdfuaid" in answer.content
    assert "$50.00" in words(answer)
    assert get(path).status_code == 401
    kims = get(path, patient=signed_in(KIM.id))
    assert kims.status_code == 404 or "$50.00" not in words(kims)


@pytest.mark.parametrize(
    "path",
    [
        "/documents/statement.pdf",
        "/documents/statement.pdf?from=2026-06-30&to=2026-06-01",
        "/documents/statement.pdf?from=2026-02-31&to=2026-06-01",
        f"/documents/statement.pdf{PERIOD}&person=pat_{'9' * 32}",
        f"/documents/statement.pdf{PERIOD}&account=acc_{'9' * 32}",
        f"/documents/itemised.pdf{PERIOD}&person=x",
        "/documents/payments/20 6.pdf",
        "/documents/payments/0000.pdf",
        "/documents/memberships/0000.pdf",
        f"/documents/memberships/2026.pdf?person={LUIS.id}",
    ],
)
def test_stmt_7_a_paper_of_nothing_is_not_there_and_never_an_error(sample_people: People, path: str) -> None:
    assert get(path, patient=signed_in(MARIA.id)).status_code == 404


def test_staff_who_read_a_statement_name_the_account_and_leave_a_line_in_the_trail(
    sample_people: People,
) -> None:
    nora = signed_in(staff=sample_people.nora.staff_id)
    assert get(f"/documents/statement.pdf{PERIOD}", staff=nora).status_code == 404
    assert get(f"/documents/statement.pdf{PERIOD}&account={RIVERA}", staff=nora).status_code == 200
    with reading(system_principal("test")) as tx:
        lines = tx.exec(select(AuditEntry).where(AuditEntry.action == "read:statement")).all()
    assert [(line.actor, line.subject) for line in lines] == [(sample_people.nora.name, RIVERA)]


# Agreements: the copy as it is stored, and the text to read.
NOT_THERE = (404, "Not Found")


def signed_agreement() -> tuple[str, str]:
    """Of Eva, signed by Maria and sealed: the paths of its copy and of its text."""
    request = ask(add_agreement("For {{patient}}\n\n{{initials}}"), EVA)
    sign(People.maria, request, answers={"initials-1": "MR"})
    make_copies(system_principal("test"), PadesSealer())
    with reading(system_principal("test")) as tx:
        copy = tx.exec(select(AgreementCopy)).one().id
    return f"/documents/agreements/{copy}.pdf", f"/documents/agreement-texts/{request}.pdf"


def test_a_sealed_copy_is_downloaded_byte_for_byte_in_any_language(sample_people: People) -> None:
    copy, _ = signed_agreement()
    with reading(system_principal("test")) as tx:
        kept = tx.exec(select(AgreementCopyFile)).one().pdf
        number = tx.exec(select(AgreementCopy)).one().number
    for who in (MARIA, LUIS):  # both act for Eva
        answer = get(f"{copy}?lang=es", patient=signed_in(who.id))
        assert (answer.status_code, answer.content) == (200, kept)
    assert answer.headers["content-disposition"] == f'attachment; filename="agreement-{number}.pdf"'
    assert answer.headers["cache-control"] == "private, no-store"


def test_the_text_of_an_agreement_is_a_tagged_pdf_in_the_readers_language_and_opens_nothing(
    sample_people: People,
) -> None:
    request = ask(add_agreement("Pay {{patient}} on time.", "Pague por {{patient}}."), MARIA)
    path = f"/documents/agreement-texts/{request}.pdf"
    answer = get(path, patient=signed_in(MARIA.id))  # she reads Spanish
    assert answer.status_code == 200 and b"pdfuaid" in answer.content
    assert "Pague por Maria Rivera." in words(answer)
    assert "Pay Maria Rivera on time." in words(get(f"{path}?lang=en", patient=signed_in(MARIA.id)))
    with reading(system_principal("test")) as tx:
        assert tx.exec(select(AgreementSigner.opened_at)).all() == [None]


@pytest.mark.parametrize("which", [0, 1])
def test_agreements_of_others_and_absent_ones_look_the_same(sample_people: People, which: int) -> None:
    path = signed_agreement()[which]
    absent = path[: path.rindex("_")] + f"_{'9' * 32}.pdf"
    kim = signed_in(KIM.id)
    for asked in (path, absent, path.replace("agc_", "agq_").replace("/agq_", "/x")):
        answer = get(asked, patient=kim)
        assert (answer.status_code, answer.text) == NOT_THERE
        assert get(asked).status_code == 401
        assert get(asked, patient="0" * 64).status_code == 401


def test_staff_who_see_patients_read_a_copy_and_leave_a_line(sample_people: People) -> None:
    copy, text = signed_agreement()
    olga, nora = (signed_in(staff=who.staff_id) for who in (sample_people.olga, sample_people.nora))
    assert get(copy, staff=olga).status_code == 200
    assert get(copy, staff=nora).status_code == 404  # billing sees no patients
    assert get(text, staff=olga).status_code == 404  # it is the signer's to read
    with reading(system_principal("test")) as tx:
        lines = tx.exec(select(AuditEntry).where(AuditEntry.action == "read:agreement")).all()
    assert [line.actor for line in lines] == [sample_people.olga.name]


def link_session(who: Person, subject: str) -> tuple[str, str]:
    """The session that a sign link opened, and the link's id."""
    with transaction(system_principal("test")) as tx:
        made = action_links.create_link(tx, Purpose.SIGN, subject, patient_id=who.id)
    session = sign_in_as(action_links.open_link(NOBODY, made.address.partition("#")[2], who.birth_date))
    return session.session_ref, made.id


def test_a_sign_link_reads_its_own_text_and_copy_and_no_other_until_it_ends(sample_people: People) -> None:
    other = signed_agreement()
    request = ask(add_agreement(adult_until_18=True), NINA)
    with reading(system_principal("test")) as tx:
        signer = tx.exec(select(AgreementSigner).where(AgreementSigner.signer_id == ROSA.id)).one()
    text = f"/documents/agreement-texts/{request}.pdf"
    rosa, link = link_session(ROSA, signer.id)
    assert get(text, patient=rosa, linked=True).status_code == 200
    for path in other:
        answer = get(path, patient=rosa, linked=True)
        assert (answer.status_code, answer.text) == NOT_THERE
    sign(sample_people.nina, request)
    sign(principal_of(rosa, Side.PATIENT), request)
    make_copies(system_principal("test"), PadesSealer())
    with reading(system_principal("test")) as tx:
        mine = tx.exec(select(AgreementCopy).where(AgreementCopy.request_id == request)).one().id
    copy = f"/documents/agreements/{mine}.pdf"
    assert get(copy, patient=rosa, linked=True).status_code == 200
    with clock.held_at(clock.now() + timedelta(days=15)):
        assert get(copy, patient=rosa, linked=True).status_code == 401
    action_links.revoke_link(sample_people.olga, link)
    for path in (copy, text, *other):
        assert (answer := get(path, patient=rosa, linked=True)).status_code == 401, path
        assert answer.text == "Sign in first"


def test_an_expired_link_reads_nothing_while_its_session_lasts(sample_people: People) -> None:
    request = ask(add_agreement(adult_until_18=True), NINA)
    with reading(system_principal("test")) as tx:
        signer = tx.exec(select(AgreementSigner).where(AgreementSigner.signer_id == ROSA.id)).one()
    rosa, link = link_session(ROSA, signer.id)
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(ActionLink, link).expires_at = clock.now()
    for id_ in (request, new_id("agq")):
        assert get(f"/documents/agreement-texts/{id_}.pdf", patient=rosa, linked=True).status_code == 401


def test_a_scan_is_read_by_who_acts_for_its_patient(sample_people: People) -> None:
    copy = AgreementCopyId(new_id("agc"))
    with transaction(system_principal("test")) as tx:
        tx.add(
            AgreementCopy(
                id=copy,
                patient_id=EVA.id,
                origin=CopyOrigin.IMPORT,
                status=CopyStatus.SCAN,
                title="Contract",
                signed_on=date(2024, 1, 5),
                signed_by="Maria Rivera",
                created_at=clock.now(),
            )
        )
        tx.flush()
        tx.add(AgreementCopyFile(copy_id=copy, pdf=b"%PDF-1.7 scan"))
    path = f"/documents/agreements/{copy}.pdf"
    answer = get(path, patient=signed_in(LUIS.id))
    assert answer.content == b"%PDF-1.7 scan"
    assert answer.headers["content-disposition"] == 'attachment; filename="agreement-2024-01-05.pdf"'
    assert get(path, patient=signed_in(KIM.id)).status_code == 404
