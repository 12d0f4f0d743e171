"""Requests: who has not signed, and what staff do about it; sending; a new version asked only of those chosen."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.families import Relation
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.errors import SecondSignerMissing, SignersEqual
from portal_app.domain.agreements.types import AgreementKind
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId
from portal_app.domain.practice_settings import NumberOutOfRange
from portal_app.services.agreements.errors import AlreadySigned, NobodyFound, ValueMissing
from portal_app.services.agreements.requests.listing import RequestFilter, RequestRow, list_requests
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.services.agreements.requests.tell import tell_signers
from portal_app.services.agreements.signing.decline import decline_request
from portal_app.services.agreements.signing.view import open_request
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.state.staff.agreements.requests import AgreementRequestsState
from portal_app.state.staff.agreements.send import AgreementSendState
from portal_app.state.staff.errors import AudienceMissing
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, KIM, LUIS, MARIA, NINA, PARK, ROSA, TIM, People
from tests.services.agreements_helper import add_agreement, ask, sign, write_text
from tests.state_helper import happens, on_screen, shows_refusal

PATH = "/staff/agreements"


async def opened(agreement: AgreementId, query: str = "") -> AgreementRequestsState:
    page = on_screen(AgreementRequestsState, f"{PATH}/requests/{agreement}{query}")
    await happens(page.load)
    assert page.ready and not page.missing
    return page


async def sending(agreement: AgreementId) -> AgreementSendState:
    page = on_screen(AgreementSendState, f"{PATH}/send/{agreement}")
    await happens(page.load)
    assert page.ready and not page.missing
    return page


def stored(agreement: AgreementId) -> tuple[RequestRow, ...]:
    return list_requests(People.olga, agreement).rows


def publish_another(agreement: AgreementId) -> None:
    changed = write_text(agreement, "For {{patient}}, as it is now.")
    publish_draft(People.olga, agreement, changed=changed)


async def send_to(page: AgreementSendState, name: str, form: dict[str, str] | None = None) -> None:
    await happens(page.find, form={"q": name})
    await happens(page.choose_patient, patient=page.found[0].id)
    await happens(page.ask_send, form=form or {})


# The list


async def test_it_says_who_has_signed_opened_and_whose_message_is_on_its_way(people: People):
    agreement = add_agreement(second_guardian=True)
    ask(agreement, EVA)
    tell_signers(people.olga)
    page = await opened(agreement)
    (row,) = page.rows
    assert (row.patient, row.version, row.status, row.waiting) == (
        "Eva Rivera",
        "Version 1",
        "Not signed yet",
        True,
    )
    assert "until July 15" in row.when
    assert [(s.who, s.status, s.details) for s in row.signers] == [
        ("Responsible adult", "Waiting", "Not opened · Message sent"),
        ("Second responsible adult", "Waiting", "Not opened · Message sent"),
    ]
    open_request(people.maria, row.id)  # type: ignore[arg-type]
    await happens(page.refresh)
    assert page.rows[0].signers[0].details.startswith("Opened June 15")
    sign(people.maria, row.id)  # type: ignore[arg-type]
    await happens(page.refresh)
    assert [s.status for s in page.rows[0].signers] == ["Signed", "Waiting"]


async def test_declining_is_shown_with_its_reason_and_filters_are_addresses(people: People):
    agreement = add_agreement()
    decline_request(people.kim, ask(agreement, KIM), "Not for me")
    ask(agreement, MARIA)
    page = await opened(agreement)
    assert len(page.filters) == len(RequestFilter) and page.count == "2 requests"
    declined = next(chip for chip in page.filters if chip.label == "Declined to sign")
    page = await opened(agreement, "?" + declined.href.partition("?")[2])
    (row,) = page.rows
    assert (row.patient, row.status, row.signers[0].details) == (
        "Kim Okafor",
        "Declined to sign",
        "Reason: Not for me",
    )
    assert [chip.label for chip in page.filters if chip.active] == ["Declined to sign"]
    assert len((await opened(agreement, "?show=nonsense")).rows) == 2


async def test_it_is_sent_again_with_and_without_a_link_and_withdrawn_after_a_question(people: People):
    agreement = add_agreement()
    request = ask(agreement, MARIA)
    page = await opened(agreement)
    await happens(page.send_again, request=request, by_link=False)
    assert page.message == "2 messages are on their way."
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        await happens(page.send_again, request=request, by_link=True)
    assert page.message == "2 messages are on their way."
    await happens(page.ask_withdraw, request=request)
    assert "Maria Rivera" in page.question
    await happens(page.keep)
    await happens(page.confirm)
    assert stored(agreement)[0].status == "waiting"
    await happens(page.ask_withdraw, request=request)
    await happens(page.confirm)
    assert stored(agreement)[0].status == "withdrawn"
    assert page.rows[0].status == "Request withdrawn" and not page.rows[0].waiting
    assert "?page=1" not in page.editor_href


async def test_what_was_signed_meanwhile_is_not_withdrawn(people: People):
    agreement = add_agreement()
    request = ask(agreement, MARIA)
    page = await opened(agreement)
    await happens(page.ask_withdraw, request=request)
    sign(people.maria, request)
    await happens(page.confirm)
    assert shows_refusal(page, AlreadySigned)
    assert stored(agreement)[0].status == "complete"


async def test_a_request_of_another_page_is_not_there(people: People):
    other = ask(add_agreement(), KIM)
    page = await opened(add_agreement())
    await happens(page.ask_withdraw, request=other)
    assert page.question == ""
    await happens(page.open_paper, request=other)
    assert page.paper == ""


async def test_a_new_version_asks_only_those_who_were_chosen(people: People):
    agreement = add_agreement()
    for who, principal in ((MARIA, people.maria), (KIM, people.kim), (ROSA, people.rosa)):
        sign(principal, ask(agreement, who))
    page = await opened(agreement)
    assert not any(row.again for row in page.rows)
    publish_another(agreement)
    page = await opened(agreement, "?show=signed")
    assert all(row.again for row in page.rows)
    by_name = {row.patient: row.id for row in page.rows}
    for name in ("Maria Rivera", "Kim Okafor", "Rosa Park"):
        await happens(page.toggle_chosen, request=by_name[name])
    await happens(page.toggle_chosen, request=by_name["Rosa Park"])
    assert page.chosen == "Ask 2 patients for version 2…"
    await happens(page.ask_chosen)
    assert page.question == "Ask 2 patients for version 2?"
    await happens(page.confirm)
    assert page.message == "2 patients are asked. Messages go out by day."
    asked = [row.patient for row in stored(agreement) if row.version == 2]
    assert sorted(asked) == ["Kim Okafor", "Maria Rivera"]
    assert page.chosen == ""


async def test_a_recorded_paper_closes_its_form(people: People):
    agreement = add_agreement()
    request = ask(agreement, MARIA)
    page = await opened(agreement)
    await happens(page.open_paper, request=request)
    assert (page.paper, page.paper_person) == (request, "Maria Rivera")
    await happens(page.refresh)
    assert page.paper == request  # nothing has come yet
    record_paper(people.olga, request, PaperForm(b"%PDF-1.7", date(2026, 6, 1), "Maria Rivera"))
    await happens(page.refresh)
    assert (page.paper, page.message) == ("", "The paper of Maria Rivera is recorded.")
    assert page.rows[0].status == "Signed on paper"


# Sending


async def test_one_patient_is_asked_after_a_question(people: People):
    agreement = add_agreement()
    page = await sending(agreement)
    await happens(page.ask_send, form={})
    assert shows_refusal(page, AudienceMissing, "who")
    await send_to(page, "maria", {"expires_days": "10"})
    assert page.question == "Ask 1 patient to sign?"
    await happens(page.keep)
    await happens(page.confirm)
    assert stored(agreement) == ()
    await happens(page.ask_send, form={"expires_days": "10"})
    await happens(page.confirm)
    (row,) = stored(agreement)
    assert (row.patient, row.expires_on) == ("Maria Rivera", date(2026, 6, 25))
    assert page.message == "1 patient is asked. Messages go out by day."
    await happens(page.ask_send, form={})
    assert page.question_lines == ["1 is asked already."]
    await happens(page.confirm)
    assert shows_refusal(page, NobodyFound)


async def test_days_out_of_range_are_refused_at_their_field(people: People):
    page = await sending(add_agreement())
    await send_to(page, "maria", {"expires_days": "366"})
    await happens(page.confirm)
    assert shows_refusal(page, NumberOutOfRange, "expires_days")


async def test_staff_name_the_signers_where_one_adult_is_on_file(people: People):
    agreement = add_agreement(second_guardian=True)
    page = await sending(agreement)
    await happens(page.find, form={"q": "nina"})
    await happens(page.choose_patient, patient=page.found[0].id)
    await happens(page.forget_patient)
    await send_to(page, "eva")
    assert page.question == "Ask 1 patient to sign?"  # two adults are on file
    await happens(page.find, form={"q": "kim"})
    await happens(page.name_signer, patient=KIM.id, part="second_guardian")
    assert page.question == "" and [(one.who, one.name) for one in page.named] == [
        ("Second responsible adult", "Kim Okafor")
    ]
    await happens(page.ask_send, form={})
    await happens(page.confirm)
    (row,) = stored(agreement)
    assert [signer.name for signer in row.signers] == ["", "Kim Okafor"]


async def test_two_equal_signers_and_a_missing_second_one_are_refused_at_their_place(people: People):
    with transaction(system_principal("test")) as tx:
        for relation in tx.exec(select(Relation).where(Relation.patient_id == TIM.id)):
            tx.delete(relation)
    page = await sending(add_agreement(second_guardian=True))
    await send_to(page, "tim")
    assert shows_refusal(page, SecondSignerMissing, "second_guardian")
    for part in ("guardian", "second_guardian"):
        await happens(page.find, form={"q": "luis"})
        await happens(page.name_signer, patient=LUIS.id, part=part)
    await happens(page.ask_send, form={})
    assert shows_refusal(page, SignersEqual, "second_guardian")
    await happens(page.forget_signer, part="guardian")
    await happens(page.ask_send, form={})
    assert page.question == "Ask 1 patient to sign?"


async def test_a_plan_a_status_and_earlier_signers_are_asked_as_a_whole(people: People):
    plan = add_plan(name="Care plus")
    add_membership(PARK, plan, [ROSA.id, NINA.id])
    agreement = add_agreement()
    page = await sending(agreement)
    assert [plan.name for plan in page.plans] == ["Care plus"] and not page.signed_before
    await happens(page.choose_who, who="plan")
    await happens(page.ask_send, form={"plan": plan})
    assert page.question == "Ask 2 patients to sign?"
    await happens(page.confirm)
    await happens(page.choose_who, who="active")
    await happens(page.ask_send, form={})
    assert page.question == "Ask 8 patients to sign?"
    assert page.question_lines == ["2 are asked already."]
    sign(people.rosa, next(row.id for row in stored(agreement) if row.patient == "Rosa Park"))
    publish_another(agreement)
    page = await sending(agreement)
    assert page.signed_before
    await happens(page.choose_who, who="before")
    await happens(page.ask_send, form={})
    assert page.question == "Ask 1 patient to sign?"
    await happens(page.choose_who, who="nonsense")
    await happens(page.ask_send, form={})
    assert shows_refusal(page, NotFound)


async def test_who_has_no_membership_to_name_is_set_aside_with_the_reason(people: People):
    agreement = add_agreement("For {{patient}}: {{plan}}", kind=AgreementKind.MEMBERSHIP)
    page = await sending(agreement)
    await happens(page.choose_who, who="active")
    await happens(page.ask_send, form={})
    assert page.question == "Ask 0 patients to sign?"
    assert page.question_lines == ["10 cannot be asked:"]
    assert "there is none for this patient" in page.aside[0].why
    await happens(page.choose_who, who="patient")
    await send_to(page, "kim")
    assert shows_refusal(page, ValueMissing)


@pytest.mark.parametrize("kind", [AgreementRequestsState, AgreementSendState])
async def test_another_address_is_not_there(people: People, kind: type[AgreementSendState]):
    part = "send" if kind is AgreementSendState else "requests"
    page = on_screen(kind, f"{PATH}/{part}/agr_{'0' * 32}")
    await happens(page.load)
    assert page.ready and page.missing
