"""Asking for signatures: whom, who is told, and how requests end."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementRequest, AgreementSigner
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.errors import AdultSignerMissing, SecondSignerMissing, SignersEqual
from portal_app.domain.agreements.types import AgreementKind, RequestStatus, SignerPart
from portal_app.domain.errors import NotFound
from portal_app.domain.families import PatientStatus
from portal_app.services.agreements.errors import (
    AgreementRetired,
    NobodyFound,
    NothingPublished,
    RequestSuperseded,
    ValueMissing,
)
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign, preview_asking
from portal_app.services.agreements.requests.end import (
    expire_requests,
    hand_over_to_patients,
    withdraw_request,
)
from portal_app.services.agreements.requests.listing import Delivery, RequestFilter, list_requests
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.requests.tell import send_again, tell_signers
from portal_app.services.agreements.signing.view import open_request
from portal_app.services.agreements.texts.draft import create_agreement, retire_agreement
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.services.links.errors import NoContactOnFile
from portal_app.services.practice.settings import change_setting
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, IVY, KIM, LUIS, MARIA, NINA, OSCAR, RIVERA, ROSA, TIM, TOM, People
from tests.services.agreements_helper import TEXT, add_agreement, ask, sign, write_text

SYSTEM = system_principal("test")
MEMBERSHIP = "{{guarantor}} pays {{price}} for {{plan}}."


@pytest.fixture(autouse=True)
def _people(sample_people: People) -> None:
    pass


def all_of(table: Any) -> list[Any]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)).all())


def messages() -> list[tuple[str, str, str]]:
    """Whom, what and where each message opens."""
    rows = sorted(all_of(OutboxMessage), key=lambda row: (row.patient_id, row.channel))
    return [(row.patient_id, row.kind, row.channel) for row in rows]


def test_a_child_is_asked_for_through_its_responsible_adults_and_an_adult_for_themself():
    agreement = add_agreement(countersigned=True)
    for who, part in ((EVA, SignerPart.GUARDIAN), (NINA, SignerPart.PATIENT), (IVY, SignerPart.PATIENT)):
        request = ask(agreement, who)
        rows = [row for row in all_of(AgreementSigner) if row.request_id == request]
        assert [(row.part, row.signer_id) for row in rows] == [(part, None), (SignerPart.PRACTICE, None)]


def test_everyone_of_a_status_is_asked_once_however_often_it_is_pressed():
    agreement = add_agreement()
    form = AskForm(Audience(status=PatientStatus.ACTIVE))
    assert preview_asking(People.olga, agreement, form).asked == 10
    assert ask_to_sign(People.olga, agreement, form).asked == 10
    with pytest.raises(NobodyFound):
        ask_to_sign(People.olga, agreement, form)
    assert len({row.patient_id for row in all_of(AgreementRequest)}) == 10


def test_inactive_patients_and_those_who_have_signed_are_not_asked():
    agreement = add_agreement()
    sign(People.kim, ask(agreement, KIM))
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, IVY.id).status = PatientStatus.INACTIVE
    result = ask_to_sign(People.olga, agreement, AskForm(Audience(patients=(KIM.id, IVY.id, ROSA.id))))
    assert (result.asked, result.signed) == (1, 1)


def test_the_members_of_a_plan_are_asked_and_of_its_contract_the_owner():
    plan = add_plan()
    membership = add_membership(RIVERA, plan, [MARIA.id, EVA.id])
    policy = ask_to_sign(People.olga, add_agreement(), AskForm(Audience(plan_id=plan)))
    contract = ask_to_sign(
        People.olga, add_agreement(MEMBERSHIP, kind=AgreementKind.MEMBERSHIP), AskForm(Audience(plan_id=plan))
    )
    rows = all_of(AgreementRequest)
    assert {r.patient_id for r in rows if r.id in policy.request_ids} == {MARIA.id, EVA.id}
    assert [(r.patient_id, r.membership_id) for r in rows if r.id in contract.request_ids] == [
        (MARIA.id, membership)
    ]
    view = open_request(People.maria, contract.request_ids[0])
    assert view.blocks[0].text == "Maria Rivera pays $110.00 for Family plan."


def test_a_contract_without_a_membership_is_refused_and_in_bulk_set_aside():
    agreement = add_agreement(MEMBERSHIP, kind=AgreementKind.MEMBERSHIP)
    add_membership(RIVERA, add_plan(), [MARIA.id])
    with pytest.raises(ValueMissing):
        ask(agreement, KIM)
    result = ask_to_sign(People.olga, agreement, AskForm(Audience(patients=(KIM.id, MARIA.id))))
    assert result.asked == 1
    assert [(each.name, type(each.error)) for each in result.set_aside] == [("Kim Okafor", ValueMissing)]


def test_a_second_signature_is_asked_of_whom_staff_name():
    agreement = add_agreement(second_guardian=True)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, NINA.id).birth_date = date(2015, 1, 1)
    with pytest.raises(SecondSignerMissing):
        ask(agreement, NINA)
    both = {SignerPart.GUARDIAN: ROSA, SignerPart.SECOND_GUARDIAN: ROSA}
    with pytest.raises(SignersEqual):
        ask(agreement, NINA, named=both)
    request = ask(agreement, NINA, named={SignerPart.SECOND_GUARDIAN: OSCAR})
    assert open_request(People.oscar, request).part is SignerPart.SECOND_GUARDIAN
    with pytest.raises(NotFound):
        open_request(People.kim, request)


def test_an_adults_signature_until_18_is_asked_beside_the_patients():
    agreement = add_agreement(adult_until_18=True)
    request = ask(agreement, NINA)
    rows = [(row.part, row.signer_id) for row in all_of(AgreementSigner)]
    assert rows == [(SignerPart.PATIENT, None), (SignerPart.GUARDIAN, ROSA.id)]
    assert open_request(People.rosa, request).part is SignerPart.GUARDIAN
    assert not sign(People.nina, request).complete
    assert sign(People.rosa, request).complete
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, KIM.id).birth_date = date(2009, 1, 1)  # her own guarantor
    with pytest.raises(AdultSignerMissing):
        ask(agreement, KIM)


def test_what_is_not_published_or_retired_is_asked_of_nobody():
    with pytest.raises(NothingPublished):
        ask(create_agreement(People.olga, "New", AgreementKind.OTHER), MARIA)
    agreement = add_agreement()
    retire_agreement(People.olga, agreement)
    with pytest.raises(AgreementRetired):
        ask(agreement, MARIA)


def test_a_new_version_asks_only_whom_staff_choose():
    agreement = add_agreement()
    sign(People.maria, ask(agreement, MARIA))
    sign(People.kim, ask(agreement, KIM))
    publish_draft(People.olga, agreement, changed=write_text(agreement, TEXT + "\n\nMore."))
    assert {row.status for row in all_of(AgreementRequest)} == {RequestStatus.COMPLETE}
    result = ask_to_sign(People.olga, agreement, AskForm(Audience(signed_before=True)))
    assert result.asked == 2
    sign(People.maria, result.request_ids[0])


def test_signers_are_told_once_by_day_and_then_reminded():
    agreement = add_agreement()
    ask(agreement, KIM)
    with clock.held_at(clock.now() + timedelta(hours=10)):  # ten in the evening
        assert tell_signers(SYSTEM) == 0
    assert tell_signers(SYSTEM) == 2  # by email and by text
    assert tell_signers(SYSTEM) == 0
    assert [kind for _, kind, _ in messages()] == ["agreement_to_sign"] * 2
    with clock.held_at(clock.now() + timedelta(days=22)):  # three reminders were missed
        assert tell_signers(SYSTEM) == 2
        assert tell_signers(SYSTEM) == 0
    assert [kind for _, kind, _ in messages()].count("agreement_reminder") == 2
    (row,) = all_of(AgreementRequest)
    assert row.reminders == 1


def test_a_parent_of_two_gets_one_message_about_both():
    agreement = add_agreement()
    ask_to_sign(People.olga, agreement, AskForm(Audience(patients=(TIM.id, TOM.id))))
    tell_signers(SYSTEM)
    assert {(who, kind) for who, kind, _ in messages()} == {
        (MARIA.id, "agreements_to_sign"),
        (LUIS.id, "agreements_to_sign"),
    }
    assert "2" in all_of(OutboxMessage)[0].body and "Tim" not in all_of(OutboxMessage)[0].body


def test_who_signs_beside_a_patient_comes_by_a_sign_link():
    ask(add_agreement(adult_until_18=True), NINA)
    tell_signers(SYSTEM)
    (link,) = [row for row in all_of(ActionLink) if row.patient_id == ROSA.id][:1]
    bodies = {row.patient_id: row.body for row in all_of(OutboxMessage)}
    assert "/links#" in bodies[ROSA.id] and "/links#" not in bodies[NINA.id]
    assert link.subject_id in {row.id for row in all_of(AgreementSigner) if row.signer_id == ROSA.id}


def test_send_again_is_written_at_once_and_says_when_nobody_can_be_reached():
    request = ask(add_agreement(), KIM)
    assert send_again(People.olga, request, by_link=True) == 2
    assert all("/links#" in row.body for row in all_of(OutboxMessage))
    with transaction(SYSTEM) as tx:
        for point in tx.exec(select(ContactPoint).where(ContactPoint.patient_id == KIM.id)):
            tx.delete(point)
    with pytest.raises(NoContactOnFile):
        send_again(People.olga, request)


def test_staff_see_who_has_not_opened_and_whose_message_came_back():
    agreement = add_agreement()
    for who in (MARIA, KIM, IVY):
        ask(agreement, who)
    assert list_requests(People.olga, agreement).rows[0].signers[0].delivery is Delivery.NOT_YET
    tell_signers(SYSTEM)
    with transaction(SYSTEM) as tx:
        for row in tx.exec(select(OutboxMessage).where(OutboxMessage.patient_id == KIM.id)):
            row.failed = "no such address"
    open_request(People.maria, list_of(agreement, RequestFilter.ALL, "Maria Rivera"))
    sign(People.ivy, list_of(agreement, RequestFilter.ALL, "Ivy Hill"))
    assert names(agreement, RequestFilter.WAITING) == {"Maria Rivera", "Kim Okafor"}
    assert names(agreement, RequestFilter.NOT_OPENED) == {"Kim Okafor"}
    assert names(agreement, RequestFilter.CAME_BACK) == {"Kim Okafor"}
    assert names(agreement, RequestFilter.SIGNED) == {"Ivy Hill"}
    assert names(agreement, RequestFilter.PAPER_ASKED) == names(agreement, RequestFilter.DECLINED) == set()


def names(agreement: Any, shown: RequestFilter) -> set[str]:
    return {row.patient for row in list_requests(People.olga, agreement, shown=shown).rows}


def list_of(agreement: Any, shown: RequestFilter, name: str) -> Any:
    rows = list_requests(People.olga, agreement, shown=shown).rows
    return next(row.id for row in rows if row.patient == name)


def test_requests_expire_by_the_setting_and_links_end_with_them():
    change_setting(People.olga, "agreement_expires_days", 5)
    agreement = add_agreement()
    request = ask(agreement, KIM)
    send_again(People.olga, request, by_link=True)
    with clock.held_at(clock.now() + timedelta(days=5)):
        assert expire_requests(SYSTEM) == 0
    with clock.held_at(clock.now() + timedelta(days=6)):
        assert names(agreement, RequestFilter.WAITING) == {"Kim Okafor"}
        assert list_requests(People.olga, agreement).rows[0].status is RequestStatus.EXPIRED
        assert expire_requests(SYSTEM) == 1
    assert all(row.revoked_at for row in all_of(ActionLink))
    ask(agreement, KIM)


def test_withdrawing_ends_the_links_too():
    request = ask(add_agreement(), KIM)
    send_again(People.olga, request, by_link=True)
    withdraw_request(People.olga, request)
    assert all(row.revoked_at for row in all_of(ActionLink))
    assert all_of(AgreementRequest)[0].status is RequestStatus.WITHDRAWN


def test_the_patient_is_asked_when_the_child_reaches_dependent_age():
    agreement = add_agreement()
    request = ask(agreement, TIM, expires_days=365)
    assert hand_over_to_patients(SYSTEM) == 0
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, TIM.id).birth_date = date(2010, 6, 15)  # sixteen today
    assert isinstance(open_request(People.luis, request).refusal, RequestSuperseded)
    assert hand_over_to_patients(SYSTEM) == 1
    assert hand_over_to_patients(SYSTEM) == 0
    rows = {row.status: row for row in all_of(AgreementRequest)}
    assert rows.keys() == {RequestStatus.SUPERSEDED, RequestStatus.WAITING}
    parts = [row.part for row in all_of(AgreementSigner) if row.request_id == rows[RequestStatus.WAITING].id]
    assert parts == [SignerPart.PATIENT]
