"""The list of a patient's agreements: what is signed first, who is waited for, copies, scans, and what came to nothing."""

import asyncio
from datetime import date, timedelta

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus
from portal_app.domain.ids import AgreementCopyId, new_id
from portal_app.gateways.signing.pades import PadesSealer
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.services.agreements.signing.decline import decline_request
from portal_app.state.agreements.agreements import AgreementsState
from tests.people import EVA, KIM, MARIA, TIM, People, Person
from tests.services.agreements_helper import add_agreement, ask, sign
from tests.state.agreements.conftest import SeenBy
from tests.state_helper import happens, on_screen

SYSTEM = system_principal("test")


async def listed() -> AgreementsState:
    page = on_screen(AgreementsState, "/agreements")
    await happens(page.load)
    return page


def import_scan(who: Person) -> AgreementCopyId:
    """A scan without a request, as an import leaves it."""
    copy = AgreementCopyId(new_id("agc"))
    with transaction(SYSTEM) as tx:
        tx.add(
            AgreementCopy(
                id=copy,
                patient_id=who.id,
                origin=CopyOrigin.IMPORT,
                status=CopyStatus.SCAN,
                title="Membership contract",
                signed_on=date(2024, 1, 5),
                signed_by="Maria Rivera",
                created_at=clock.now(),
            )
        )
        tx.flush()
        tx.add(AgreementCopyFile(copy_id=copy, pdf=b"%PDF-1.7 scan"))
    return copy


async def test_nothing_yet_is_an_empty_page(seen_by: SeenBy):
    seen_by(People.kim)
    page = await listed()
    assert page.ready and not (page.to_sign or page.waiting or page.signed or page.ended)
    assert page.consented_on == ""


async def test_own_and_the_childrens_come_first_and_what_expires_first_is_on_top(seen_by: SeenBy):
    ask(add_agreement(), MARIA, expires_days=20)
    eva = ask(add_agreement(), EVA, expires_days=5)
    ask(add_agreement(), KIM)
    seen_by(People.maria)
    page = await listed()
    assert [row.whose for row in page.to_sign] == ["For Eva Rivera", "For Maria Rivera"]
    first = page.to_sign[0]
    assert (first.title, first.status, first.href) == ("Policy", "To sign", f"/agreements/{eva}")
    assert first.facts == ["Sign by June 20", "Version 1"]


async def test_signed_by_you_waiting_for_luis_and_then_the_copy(seen_by: SeenBy, watched: list[str]):
    with clock.held_at(clock.now() - timedelta(minutes=1)):
        request = ask(add_agreement(second_guardian=True), EVA)
        sign(People.maria, request)
    seen_by(People.maria)
    page = await listed()
    (row,) = page.waiting
    assert row.facts[0] == "Signed by you on June 15, waiting for another responsible adult"
    assert row.tone == "info" and not row.copy
    assert f"agreements:{EVA.id}" in watched and f"agreements:{MARIA.id}" in watched
    assert not [topic for topic in watched if topic == "agreements"]
    sign(People.luis, request)
    await happens(page.refresh)
    (row,) = page.signed
    assert row.is_made and row.facts == [
        "Signed on June 15, 2026 by Maria Rivera and Luis Rivera",
        "Version 1",
    ]
    await asyncio.to_thread(make_copies, SYSTEM, PadesSealer())
    await happens(page.refresh)
    (row,) = page.signed
    assert row.copy.startswith("/documents/agreements/agc_") and not (row.is_made or row.is_scan)
    assert page.consented_on == "June 15, 2026"
    await happens(page.withdraw_consent)
    assert page.consented_on == "" and page.tone == "paid"


async def test_scans_are_marked_as_scans(seen_by: SeenBy):
    request = ask(add_agreement(), TIM)
    record_paper(People.olga, request, PaperForm(b"%PDF-1.7", date(2026, 6, 1), "Luis Rivera"))
    copy = import_scan(EVA)
    seen_by(People.maria)
    page = await listed()
    assert [(row.title, row.is_scan, row.facts) for row in page.signed] == [
        ("Policy", True, ["Signed on June 1, 2026 by Luis Rivera", "Version 1"]),
        ("Membership contract", True, ["Signed on January 5, 2024 by Maria Rivera"]),
    ]
    assert page.signed[1].href == "" and copy in page.signed[1].copy


async def test_what_came_to_nothing_says_why(seen_by: SeenBy):
    declined, withdrawn = ask(add_agreement(), MARIA), ask(add_agreement(), EVA)
    expired = ask(add_agreement(), TIM, expires_days=1)
    decline_request(People.maria, declined, "no")
    withdraw_request(People.olga, withdrawn)
    seen_by(People.maria, "es")
    with clock.held_at(clock.now() + timedelta(days=3)):
        page = await listed()
    assert {row.status for row in page.ended} == {"Rechazado", "Retirado por el consultorio", "Vencido"}
    assert {row.href for row in page.ended} == {
        f"/es/agreements/{id_}" for id_ in (declined, withdrawn, expired)
    }
