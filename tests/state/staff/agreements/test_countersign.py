"""Countersigning: many at once, after password and code; each stands for itself."""

from dataclasses import dataclass

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import Signature
from portal_app.db.tables.credentials import SessionProof
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.errors import NameDiffers, NameMissing
from portal_app.domain.agreements.types import SignerPart
from portal_app.domain.credentials.types import Proof
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.sign_in.errors import WrongStaffProof
from portal_app.state.staff.agreements import countersign
from portal_app.state.staff.agreements.countersign import CountersignState
from portal_app.state.staff.errors import NothingChosen, PasswordOrCodeMissing
from tests.people import KIM, MARIA, People
from tests.services.agreements_helper import add_agreement, ask, sign
from tests.state_helper import happens, on_screen, shows_refusal

SYSTEM = system_principal("test")


@dataclass
class Two:
    """Two requests that wait for the practice: Maria has signed hers."""

    maria: str
    kim: str


@pytest.fixture
def two(people: People) -> Two:
    agreement = add_agreement(countersigned=True, drawn_only=False)
    found = Two(ask(agreement, MARIA), ask(agreement, KIM))
    sign(people.maria, found.maria)  # type: ignore[arg-type]
    return found


def prove() -> None:
    with transaction(SYSTEM) as tx:
        for proof in (Proof.PASSWORD, Proof.TOTP):
            tx.add(SessionProof(session_ref=People.olga.session_ref, proof=proof, at=clock.now()))


def signed() -> list[Signature]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(Signature).where(Signature.part == SignerPart.PRACTICE)))


async def opened() -> CountersignState:
    page = on_screen(CountersignState, "/staff/agreements/countersign")
    await happens(page.load)
    assert page.ready
    return page


async def test_what_waits_is_listed_with_who_has_signed(two: Two):
    page = await opened()
    assert {(row.patient, row.agreement) for row in page.rows} == {
        ("Maria Rivera", "Policy"),
        ("Kim Okafor", "Policy"),
    }
    assert {row.details.rpartition(" · ")[2] for row in page.rows} == {"1 has signed", "0 have signed"}
    assert page.me_name == "Olga Novak"
    assert all(row.text_href.endswith("?before=1&after=1") for row in page.rows)


async def test_nothing_is_signed_before_password_and_code(
    two: Two, people: People, monkeypatch: pytest.MonkeyPatch
):
    page = await opened()
    await happens(page.toggle_all)
    assert page.label == "Sign 2 agreements"
    await happens(page.sign, form={"signature": "Olga Novak", "title": "Owner"})
    assert page.needs_reauth and signed() == []
    await happens(page.reauthenticate, form={"password": "x", "code": " "})
    assert shows_refusal(page, PasswordOrCodeMissing)

    def check(principal: object, password: str, code: str) -> None:
        if (password, code) != ("right", "123456"):
            raise WrongStaffProof
        prove()

    monkeypatch.setattr(countersign, "reauthenticate_staff", check)
    await happens(page.reauthenticate, form={"password": "wrong", "code": "123456"})
    assert shows_refusal(page, WrongStaffProof) and page.needs_reauth
    await happens(page.reauthenticate, form={"password": "right", "code": "123456"})
    assert not page.needs_reauth and page.message == "2 agreements are signed."
    assert {(row.name_on_file, row.relationship) for row in signed()} == {("Olga Novak", "Owner")}
    assert page.rows == []


async def test_only_the_chosen_are_signed(two: Two):
    prove()
    page = await opened()
    await happens(page.sign, form={"signature": "Olga Novak", "title": ""})
    assert shows_refusal(page, NothingChosen, "chosen")
    await happens(page.toggle, request=two.kim)
    await happens(page.toggle, request=two.maria)
    await happens(page.toggle, request=two.kim)
    await happens(page.sign, form={"signature": "Olga Novak", "title": ""})
    assert [row.request_id for row in signed()] == [two.maria]
    assert [row.id for row in page.rows] == [two.kim] and page.count == 0


async def test_another_name_is_asked_about_once(two: Two):
    prove()
    page = await opened()
    await happens(page.toggle_all)
    await happens(page.sign, form={"signature": " ", "title": ""})
    assert shows_refusal(page, NameMissing, "signature")
    await happens(page.sign, form={"signature": "O. Novak", "title": ""})
    assert shows_refusal(page, NameDiffers, "signature")
    await happens(page.sign, form={"signature": "Someone Else", "title": ""})
    assert shows_refusal(page, NameDiffers, "signature") and signed() == []
    await happens(page.sign, form={"signature": "Someone Else", "title": ""})
    assert {row.typed_name for row in signed()} == {"Someone Else"}


async def test_one_that_was_withdrawn_meanwhile_does_not_stop_the_others(two: Two, people: People):
    prove()
    page = await opened()
    await happens(page.toggle_all)
    withdraw_request(people.olga, two.kim)  # type: ignore[arg-type]
    await happens(page.sign, form={"signature": "Olga Novak", "title": ""})
    assert page.message == "1 agreement is signed. 1 could not be signed: see the list."
    assert [row.request_id for row in signed()] == [two.maria]


async def test_drawn_only_is_about_patients(people: People):
    ask(add_agreement(countersigned=True, drawn_only=True), MARIA)
    prove()
    page = await opened()
    await happens(page.toggle_all)
    await happens(page.sign, form={"signature": "Olga Novak", "title": ""})
    assert page.message == "1 agreement is signed."


async def test_cancelling_keeps_what_was_chosen_and_typed(two: Two):
    page = await opened()
    await happens(page.toggle, request=two.kim)
    await happens(page.sign, form={"signature": "Olga Novak", "title": "Owner"})
    await happens(page.cancel)
    assert not page.needs_reauth
    assert page.typed == {"signature": "Olga Novak", "title": "Owner"}
    assert [row.id for row in page.rows if row.chosen] == [two.kim]
