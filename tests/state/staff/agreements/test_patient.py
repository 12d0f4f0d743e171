"""On the page of a patient: their agreements, read only when somebody wants to."""

from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.state.staff.agreements.patient import PatientAgreementsState
from tests.people import KIM, MARIA, People
from tests.services.agreements_helper import add_agreement, ask
from tests.state_helper import happens, is_text_of, look_from, on_screen


def reads() -> int:
    with reading(system_principal("test")) as tx:
        return len(tx.exec(select(AuditEntry).where(AuditEntry.action == "read:agreements")).all())


async def opened(patient: str) -> PatientAgreementsState:
    page = on_screen(PatientAgreementsState, f"/staff/patients/{patient}")
    await happens(page.load)
    return page


async def test_they_are_read_with_their_copies_when_asked_for(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    paper = ask(add_agreement(), MARIA)
    record_paper(people.olga, paper, PaperForm(b"%PDF-1.7", date(2026, 6, 1), "Maria Rivera"))
    ask(add_agreement(), MARIA)
    ask(add_agreement(), KIM)
    look_from(monkeypatch, people.dana)
    page = await opened(MARIA.id)
    assert page.may_read and not page.shown and reads() == 0
    await happens(page.show)
    assert page.shown and reads() == 1
    rows = {row.key: row for row in page.rows}
    assert len(rows) == 2
    assert rows[paper].details == "Signed on June 1 by Maria Rivera · Scan"
    assert rows[paper].copy_href.startswith("/documents/agreements/agc_")
    (other,) = (row for key, row in rows.items() if key != paper)
    assert (other.status, other.details, other.copy_href) == ("Not signed yet", "", "")


async def test_who_may_not_view_patients_reads_none(people: People, monkeypatch: pytest.MonkeyPatch):
    ask(add_agreement(), MARIA)
    look_from(monkeypatch, people.nora)
    page = await opened(MARIA.id)
    assert not page.may_read
    await happens(page.show)
    assert not page.shown and is_text_of(PermissionDenied, page.notice)


async def test_another_address_shows_nothing(people: People):
    page = await opened("nonsense")
    await happens(page.show)
    assert not page.shown
