"""Declining, the practice's countersignature, sign links, scans of paper, and the lists."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementRequest, AgreementSigner, Signature
from portal_app.db.tables.credentials import SessionProof
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.agreements.errors import NameDiffers
from portal_app.domain.agreements.signing import SignatureForm
from portal_app.domain.agreements.types import (
    CopyOrigin,
    IdentityCheck,
    RequestStatus,
    SignatureWay,
    SignerPart,
)
from portal_app.domain.credentials.types import Proof, Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, ReasonMissing, TextTooLong
from portal_app.domain.ids import new_id
from portal_app.services.agreements.errors import AlreadySigned, RequestDeclined, ScanInvalid, SignedOnPaper
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.services.agreements.signing.countersign import (
    CountersignForm,
    countersign_requests,
    list_to_countersign,
)
from portal_app.services.agreements.signing.decline import decline_request
from portal_app.services.agreements.signing.lists import (
    count_to_sign,
    list_agreements_of_patient,
    list_my_agreements,
)
from portal_app.services.agreements.signing.sign import sign_request
from portal_app.services.agreements.signing.view import open_request
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.links import action_links
from portal_app.services.links.errors import WrongBirthDate
from tests.people import EVA, KIM, MARIA, NINA, ROSA, TIM, People, Person
from tests.services.agreements_helper import add_agreement, ask, sign, sign_form
from tests.services.credentials_helper import sign_in_as

SYSTEM = system_principal("test")
OLGA = CountersignForm(SignatureForm(SignatureWay.TYPED, "Olga Novak"), "Owner")
SCAN = PaperForm(b"%PDF-1.7 scan", date(2026, 6, 1), "Maria Rivera")


@pytest.fixture(autouse=True)
def _people(sample_people: People) -> None:
    pass


def all_of(table):
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)).all())


def by_link(who: Person, subject: str) -> Principal:
    """The session of a sign link that this person opened."""
    with transaction(SYSTEM) as tx:
        made = action_links.create_link(tx, Purpose.SIGN, subject, patient_id=who.id)
    token = made.address.partition("#")[2]
    visitor = replace(People.kim, permissions=frozenset(), session_ref="")
    return sign_in_as(action_links.open_link(visitor, token, who.birth_date))


def proven() -> Principal:
    with transaction(SYSTEM) as tx:
        for proof in (Proof.PASSWORD, Proof.TOTP):
            tx.add(SessionProof(session_ref=People.olga.session_ref, proof=proof, at=clock.now()))
    return People.olga


def test_declining_ends_it_and_tells_staff_and_the_other_signer():
    request = ask(add_agreement(second_guardian=True), EVA)
    sign(People.maria, request)
    with pytest.raises(ReasonMissing):
        decline_request(People.luis, request, "  ")
    with pytest.raises(TextTooLong):
        decline_request(People.luis, request, "x" * 501)
    decline_request(People.luis, request, "The fee is wrong")
    (row,) = all_of(AgreementRequest)
    assert row.status is RequestStatus.DECLINED and all_of(AgreementCopy) == []
    assert [task.values["reason"] for task in all_of(Task)] == ["The fee is wrong"]
    assert {message.patient_id for message in all_of(OutboxMessage)} == {MARIA.id}
    assert len(all_of(Signature)) == 1  # what Maria did stays recorded
    with pytest.raises(RequestDeclined):
        decline_request(People.luis, request, "again")
    assert [item.status for item in list_my_agreements(People.maria).not_in_force] == [RequestStatus.DECLINED]


def test_the_practice_countersigns_many_after_showing_who_signs():
    agreement = add_agreement(countersigned=True)
    first, second = ask(agreement, MARIA), ask(agreement, KIM)
    assert not sign(People.maria, first).complete
    with pytest.raises(ReauthRequired):
        countersign_requests(People.olga, [first, second], OLGA)
    olga = proven()
    listed = {(row.patient, row.signed) for row in list_to_countersign(olga)}
    assert listed == {("Kim Okafor", 0), ("Maria Rivera", 1)}
    wrong = CountersignForm(SignatureForm(SignatureWay.TYPED, "Somebody"))
    with pytest.raises(NameDiffers):
        countersign_requests(olga, [first], wrong)
    result = countersign_requests(olga, [first, second, second, new_id("agq")], OLGA)
    assert result.signed == (first, second)
    assert [type(each.error) for each in result.refused] == [NotFound]
    again = countersign_requests(olga, [first, second], OLGA)
    assert [type(each.error) for each in again.refused] == [AlreadySigned, AlreadySigned]
    assert list_to_countersign(olga) == ()
    assert sign(People.kim, second).complete  # in any order
    rows = [row for row in all_of(Signature) if row.part is SignerPart.PRACTICE]
    assert {(row.name_on_file, row.relationship, row.identity_check) for row in rows} == {
        ("Olga Novak", "Owner", IdentityCheck.STAFF)
    }
    assert len(all_of(AgreementCopy)) == 2


def test_a_sign_link_opens_one_signature_and_nothing_else():
    request, other = ask(add_agreement(adult_until_18=True), NINA), ask(add_agreement(), ROSA)
    row = next(row for row in all_of(AgreementSigner) if row.signer_id == ROSA.id)
    assert row.opened_at is None
    rosa = by_link(ROSA, row.id)
    assert (
        next(r for r in all_of(AgreementSigner) if r.id == row.id).opened_at is None
    )  # not by opening the link
    view = open_request(rosa)
    assert (view.request_id, view.patient, view.part) == (request, "Nina Park", SignerPart.GUARDIAN)
    with pytest.raises(NotFound):
        open_request(rosa, other)
    with pytest.raises(PermissionDenied):
        list_my_agreements(rosa)
    sign(rosa)
    (signature,) = all_of(Signature)
    assert (signature.signer_id, signature.identity_check) == (ROSA.id, IdentityCheck.LINK)
    assert open_request(rosa).part is None  # it can be read again, not signed again
    with pytest.raises(AlreadySigned):
        sign(rosa)


def test_sign_2_a_mail_scanner_opens_nothing_and_uses_up_nothing():
    """With a browser, which loads the page and asks what the link is for, but without the date of birth."""
    ask(add_agreement(), KIM)
    (signer,) = all_of(AgreementSigner)
    with transaction(SYSTEM) as tx:
        made = action_links.create_link(tx, Purpose.SIGN, signer.id, patient_id=KIM.id)
    token = made.address.partition("#")[2]
    scanner = replace(People.kim, permissions=frozenset(), session_ref="", ip="203.0.113.200")
    for _ in range(5):
        assert action_links.is_link_open(scanner, token)
    with pytest.raises(WrongBirthDate):
        action_links.open_link(scanner, token, date(1900, 1, 1))
    assert all_of(AgreementSigner)[0].opened_at is None
    kim = sign_in_as(action_links.open_link(replace(scanner, ip="198.51.100.9"), token, KIM.birth_date))
    assert all_of(AgreementSigner)[0].opened_at is None
    open_request(kim)
    assert all_of(AgreementSigner)[0].opened_at is not None


def test_a_link_after_withdrawal_opens_nothing():
    request = ask(add_agreement(), KIM)
    kim = by_link(KIM, all_of(AgreementSigner)[0].id)
    view = open_request(kim)
    withdraw_request(People.olga, request)
    with pytest.raises(NotSignedIn):
        sign_request(kim, sign_form(view))
    with pytest.raises(NotSignedIn):
        open_request(kim)
    assert all_of(Signature) == []


def test_a_link_for_paying_signs_nothing():
    ask(add_agreement(), KIM)
    with transaction(SYSTEM) as tx:
        made = action_links.create_link(tx, Purpose.CARD, KIM.account)
    visitor = replace(People.kim, permissions=frozenset(), session_ref="")
    payer = sign_in_as(action_links.open_link(visitor, made.address.partition("#")[2], KIM.birth_date))
    assert payer.may(Permission.ACTION_LINK)
    with pytest.raises(NotFound):
        open_request(payer)


def test_a_scan_of_paper_ends_the_request():
    request = ask(add_agreement(), MARIA)
    view = open_request(People.maria, request)
    for pdf in (b"", b"<html>", b"%PDF-" + bytes(10 * 1024 * 1024)):
        with pytest.raises(ScanInvalid):
            record_paper(People.olga, request, replace(SCAN, pdf=pdf))
    copy = record_paper(People.olga, request, SCAN)
    with pytest.raises(SignedOnPaper):
        sign_request(People.maria, sign_form(view))
    (item,) = list_my_agreements(People.maria).signed
    assert item.copy is not None
    assert (item.copy.id, item.copy.is_scan, item.signed_on, item.signed_by) == (
        copy,
        True,
        date(2026, 6, 1),
        ("Maria Rivera",),
    )


def test_the_list_has_what_to_sign_first_with_the_children():
    agreement = add_agreement()
    later, sooner = ask(agreement, MARIA, expires_days=20), ask(agreement, TIM, expires_days=2)
    ask(agreement, KIM)
    mine = list_my_agreements(People.maria)
    assert [item.request_id for item in mine.to_sign] == [sooner, later]
    assert [item.patient for item in mine.to_sign] == ["Tim Rivera", "Maria Rivera"]
    assert count_to_sign(People.luis) == 1
    sign(People.luis, sooner)
    mine = list_my_agreements(People.maria)
    assert [item.request_id for item in mine.to_sign] == [later]
    assert [(item.patient, item.signed_by) for item in mine.signed] == [("Tim Rivera", ("Luis Rivera",))]


def test_who_waits_for_others_reads_whom():
    request = ask(add_agreement(second_guardian=True), EVA)
    sign(People.maria, request)
    (item,) = list_my_agreements(People.maria).waiting_for_others
    assert [(signer.name, signer.me) for signer in item.signers] == [("Maria Rivera", True), ("", False)]
    assert count_to_sign(People.luis) == 1


def test_who_signed_keeps_it_when_the_child_is_theirs_no_longer():
    request = ask(add_agreement(), EVA)
    sign(People.luis, request)
    luis = replace(People.luis, patients=frozenset({People.luis.patient_id}))
    assert [item.patient for item in list_my_agreements(luis).signed] == ["Eva Rivera"]
    assert open_request(luis, request).title == "Policy"
    assert list_my_agreements(People.kim).signed == ()


def test_an_imported_scan_is_in_the_list():
    with transaction(SYSTEM) as tx:
        tx.add(
            AgreementCopy(
                id=new_id("agc"),
                patient_id=MARIA.id,
                origin=CopyOrigin.IMPORT,
                status="scan",
                title="Old contract",
                signed_on=date(2020, 1, 2),
                signed_by="Maria Rivera",
                created_at=clock.now(),
            )
        )
    (item,) = list_my_agreements(People.maria).signed
    assert (item.title, item.request_id, item.signed_on) == ("Old contract", None, date(2020, 1, 2))
    assert [each.title for each in list_agreements_of_patient(People.olga, MARIA.id)] == ["Old contract"]
    assert list_my_agreements(People.luis).signed == ()
