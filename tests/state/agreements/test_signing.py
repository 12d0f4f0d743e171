"""Signing one agreement on its page: form, check page, signature; what is refused, and what is kept."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.agreements import ElectronicConsent, Signature
from portal_app.db.tables.drafts import Draft
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.errors import (
    AnswerInvalid,
    AnswerMissing,
    DrawingInvalid,
    DrawingMissing,
    NameDiffers,
    RelationshipMissing,
)
from portal_app.domain.agreements.types import SignatureWay
from portal_app.domain.errors import ReasonMissing
from portal_app.domain.ids import AgreementRequestId, new_id
from portal_app.gateways.signing.pades import PadesSealer
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.errors import (
    CannotOpenCopy,
    ConsentNeeded,
    IntentMissing,
    RequestWithdrawn,
    TextChanged,
)
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.agreements.signing.consent import give_consent
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.state.agreements.agreement import AgreementState
from tests.people import EVA, KIM, MARIA, TIM, People
from tests.services.agreements_helper import add_agreement, ask, sign, write_text
from tests.state.agreements.conftest import SeenBy
from tests.state_helper import happens, is_text_of, on_screen, shows_refusal

SYSTEM = system_principal("test")
CONSENT = {"consent": "on", "can_open": "on"}
MARIA_TYPES = CONSENT | {"way": "typed", "typed_name": "Maria Rivera"}
PLACES = "{{initials: I read the fees}}\n\n{{choice: email | paper}}\n\nFor {{patient}}"
LINE = [[10, 10], [200.5, 90], [400, 20]]


def rows_of(table):
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)).all())


async def opened(request: AgreementRequestId) -> AgreementState:
    page = on_screen(AgreementState, f"/agreements/{request}")
    await happens(page.load)
    return page


async def test_maria_types_checks_signs_and_sees_her_copy(seen_by: SeenBy, watched: list[str]):
    request = ask(add_agreement(PLACES), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    assert (page.step, page.title, page.patient, page.consented_on) == ("sign", "Policy", "Maria Rivera", "")
    assert [row.kind for row in page.text] == ["initials", "choice", "paragraph"]
    assert page.text_pdf == f"/documents/agreement-texts/{request}.pdf?lang=en"
    assert watched == [f"agreement:{request}"]
    await happens(
        page.continue_to_check, form=MARIA_TYPES | {"initials-1": "MR", "choice-1": "paper", "more": "x"}
    )
    assert (page.message, page.field_errors, page.step) == ("", {}, "check")
    assert page.check.typed == "Maria Rivera" and page.check.relationship == ""
    assert [(row.label, row.answer) for row in page.check.answers] == [
        ("I read the fees", "MR"),
        ("Choice", "paper"),
    ]
    await happens(page.sign, form={})
    assert shows_refusal(page, IntentMissing, "intent") and rows_of(Signature) == []
    await happens(page.sign, form={"intent": "on"})
    await happens(page.sign, form={"intent": "on"})  # pressed twice
    await happens(page.save_draft_field, field="typed_name", value="late")  # a field left after the press
    (signature,) = rows_of(Signature)
    assert signature.answers == {"initials-1": "MR", "choice-1": "paper"}
    assert (page.step, page.signed_now, page.copy_is_made, page.copy_pdf) == ("closed", True, True, "")
    assert rows_of(Draft) == [] and page.explanation == "" and not page.drawing_over
    await asyncio.to_thread(make_copies, SYSTEM, PadesSealer())
    await happens(page.refresh)
    assert page.copy_pdf.startswith("/documents/agreements/agc_") and not page.copy_is_made
    assert page.signers == "Signed by you on June 15" and page.signed_now


async def test_a_drawing_arrives_as_numbers_and_stands_on_the_check_page(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    drawn = CONSENT | {"way": "drawn"}
    for strokes, refusal in (
        ("", DrawingMissing),
        ("[[[5, 5]]]", DrawingMissing),
        ("<svg/>", DrawingInvalid),
        ('{"a": 1}', DrawingInvalid),
        ("[" * 100_000, DrawingInvalid),
        ("[[[1, 900]]]", DrawingInvalid),
        (json.dumps([[[1, 1]] * 10_001]), DrawingInvalid),
        ("1" * 250_001, DrawingInvalid),
    ):
        await happens(page.continue_to_check, form=drawn | {"strokes": strokes})
        assert shows_refusal(page, refusal, "signature"), strokes[:20]
    await happens(page.continue_to_check, form=drawn | {"strokes": json.dumps([LINE, [[3, 4]]])})
    assert page.check.drawing == "M10 10L200.5 90L400 20 M3 4L3 4"
    assert page.drawing_key == f"patient:{MARIA.id}.{request}"
    await happens(page.sign, form={"intent": "on"})
    (signature,) = rows_of(Signature)
    assert (signature.way, signature.strokes) == (SignatureWay.DRAWN, [LINE, [[3, 4]]])
    assert page.drawing_over


async def test_consent_comes_before_the_first_signature_and_can_be_taken_back(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria, "es")
    page = await opened(request)
    name = {"way": "typed", "typed_name": "Maria Rivera"}
    await happens(page.continue_to_check, form=name)
    assert shows_refusal(page, ConsentNeeded, "consent")
    await happens(page.continue_to_check, form=name | {"consent": "on"})
    assert shows_refusal(page, CannotOpenCopy, "can_open") and rows_of(ElectronicConsent) == []
    await happens(page.continue_to_check, form=name | CONSENT)
    (consent,) = rows_of(ElectronicConsent)
    assert page.step == "check" and consent.language == "es"
    again = await opened(request)
    assert again.consented_on == "15 de junio de 2026"
    await happens(again.withdraw_consent)
    assert again.consented_on == "" and again.tone == "paid"
    assert "electronic_consent_withdrawn" in [task.kind for task in rows_of(Task)]


async def test_a_name_that_differs_is_asked_about_once(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    mary = MARIA_TYPES | {"typed_name": "Mary Rivera"}
    await happens(page.continue_to_check, form=mary)
    assert shows_refusal(page, NameDiffers, "signature")
    await happens(page.continue_to_check, form=mary | {"typed_name": "Mary R."})
    assert shows_refusal(page, NameDiffers, "signature")  # another one is asked about anew
    await happens(page.continue_to_check, form=mary | {"typed_name": "Mary R."})
    assert page.step == "check" and page.check.typed == "Mary R."


async def test_the_places_in_the_text_have_errors_of_their_own(seen_by: SeenBy):
    request = ask(add_agreement(PLACES), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    await happens(page.continue_to_check, form=MARIA_TYPES)
    assert shows_refusal(page, AnswerMissing, "initials-1")
    await happens(page.continue_to_check, form=MARIA_TYPES | {"initials-1": "42"})
    assert shows_refusal(page, AnswerInvalid, "initials-1") or shows_refusal(page, AnswerMissing, "choice-1")
    await happens(page.continue_to_check, form=MARIA_TYPES | {"initials-1": "MR", "choice-1": "fax"})
    assert shows_refusal(page, AnswerMissing, "choice-1")


async def test_a_mother_signs_for_two_children_and_each_page_names_the_child(seen_by: SeenBy):
    agreement = add_agreement()
    requests = {EVA.id: ask(agreement, EVA), TIM.id: ask(agreement, TIM)}
    seen_by(People.maria)
    page = await opened(requests[EVA.id])
    assert (page.patient, page.for_another, page.same_for) == ("Eva Rivera", True, ["Tim Rivera"])
    await happens(page.continue_to_check, form=MARIA_TYPES)
    assert shows_refusal(page, RelationshipMissing, "relationship")
    own = MARIA_TYPES | {"relationship": "other", "relationship_words": "  foster  mother "}
    await happens(page.continue_to_check, form=own)
    assert page.check.relationship == "foster mother"
    await happens(page.sign, form={"intent": "on"})
    assert page.next_href == f"/agreements/{requests[TIM.id]}" and page.next_patient == "Tim Rivera"
    second = await opened(requests[TIM.id])
    assert second.patient == "Tim Rivera" and second.consented_on and second.same_for == []
    await happens(
        second.continue_to_check,
        form={"way": "typed", "typed_name": "Maria Rivera", "relationship": "parent"},
    )
    assert second.check.relationship == "Parent"
    await happens(second.sign, form={"intent": "on"})
    assert {row.on_behalf_of for row in rows_of(Signature)} == {"Eva Rivera", "Tim Rivera"}
    assert second.next_href == ""


async def test_the_first_of_two_signers_reads_who_is_waited_for(seen_by: SeenBy):
    request = ask(add_agreement(second_guardian=True), EVA)
    sign(People.maria, request)
    seen_by(People.maria)
    page = await opened(request)
    assert page.step == "closed" and page.explanation == "" and page.copy_pdf == ""
    assert page.signers == "Signed by you on June 15, waiting for another responsible adult"
    sign(People.luis, request)
    await happens(page.refresh)
    assert page.signers == "Signed by you on June 15, signed by Luis Rivera on June 15"
    assert page.copy_is_made


async def test_what_was_typed_is_there_again_on_the_next_visit_and_after_a_step_back(seen_by: SeenBy):
    request = ask(add_agreement(PLACES), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    for name, value in (("typed_name", "Maria R"), ("initials-1", "MR"), ("way", "drawn"), ("hack", "x")):
        await happens(page.save_draft_field, field=name, value=value)
    again = await opened(request)
    assert again.typed == {"typed_name": "Maria R", "initials-1": "MR", "way": "drawn"}
    assert again.text[0].answer == "MR"
    await happens(again.continue_to_check, form=MARIA_TYPES | {"initials-1": "M", "choice-1": "email"})
    assert again.step == "check"
    await happens(again.back_to_form)
    assert again.step == "sign" and again.typed["typed_name"] == "Maria Rivera"
    assert [row.answer for row in again.text] == ["M", "email", ""]
    await happens(again.load)  # the line was cut: what is on the screen stays
    assert again.step == "sign" and again.typed["typed_name"] == "Maria Rivera"


async def test_sign_3_a_new_version_while_the_old_one_is_open(seen_by: SeenBy):
    agreement = add_agreement("The fee is 20 dollars.")
    request = ask(agreement, MARIA)
    seen_by(People.maria)
    page = await opened(request)
    await happens(page.continue_to_check, form=MARIA_TYPES)
    changed = write_text(agreement, "The fee is 30 dollars.")
    publish_draft(People.olga, agreement, changed=changed)
    await happens(page.sign, form={"intent": "on"})
    assert is_text_of(TextChanged, page.message) and page.step == "sign" and rows_of(Signature) == []
    (row,) = page.changes
    assert [(one.text, one.change) for one in row.pieces if one.change != "same"] == [
        ("20", "removed"),
        ("30", "added"),
    ]
    await happens(page.continue_to_check, form=MARIA_TYPES)
    await happens(page.sign, form={"intent": "on"})
    assert page.signed_now and page.changes == [] and page.version == "2"


async def test_declining_needs_a_reason_and_ends_it(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    await happens(page.start_declining)
    assert page.step == "decline"
    await happens(page.decline, form={"reason": " "})
    assert shows_refusal(page, ReasonMissing, "reason") and page.step == "decline"
    await happens(page.decline, form={"reason": "Too dear"})
    assert page.step == "closed" and page.status == "Declined" and page.status_tone == "late"
    assert [task.values["reason"] for task in rows_of(Task)] == ["Too dear"]


async def test_paper_can_be_asked_for_and_signing_here_stays_possible(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    await happens(page.ask_for_paper)
    assert page.paper_asked and page.step == "sign"
    assert [task.kind for task in rows_of(Task)] == ["agreement_on_paper"]


async def test_what_was_withdrawn_while_it_was_open_is_explained(seen_by: SeenBy):
    request = ask(add_agreement(), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    withdraw_request(People.olga, request)
    await happens(page.continue_to_check, form=MARIA_TYPES)
    assert is_text_of(RequestWithdrawn, page.message)
    assert page.step == "closed" and is_text_of(RequestWithdrawn, page.explanation)
    assert rows_of(Signature) == []


@pytest.mark.parametrize("which", ["another's", "absent", "no id"])
async def test_anothers_and_absent_ones_look_the_same(seen_by: SeenBy, which: str):
    request = ask(add_agreement(), MARIA)
    named = {"another's": request, "absent": new_id("agq"), "no id": "1"}[which]
    seen_by(People.kim)
    page = await opened(AgreementRequestId(named))
    assert page.missing and not page.ready and page.title == ""
    await happens(page.continue_to_check, form=MARIA_TYPES)
    await happens(page.sign, form={"intent": "on"})
    assert rows_of(Signature) == []


async def test_an_expired_one_says_so_and_can_be_read(seen_by: SeenBy):
    request = ask(add_agreement(), KIM, expires_days=1)
    give_consent(People.kim, "en", can_open=True)
    seen_by(People.kim)
    with clock.held_at(clock.now() + timedelta(days=3)):
        page = await opened(request)
    assert page.step == "closed" and page.explanation.startswith("The time to sign this is over")
    assert page.text


async def test_the_text_is_read_and_signed_in_its_other_language(seen_by: SeenBy):
    request = ask(add_agreement("Pay on time.", "Pague a tiempo."), MARIA)
    seen_by(People.maria)
    page = await opened(request)
    assert [one.code for one in page.other_languages] == ["es"]
    await happens(page.choose_language, code="es")
    assert page.text_language == "es" and page.text[0].runs[0].text == "Pague a tiempo."
    await happens(page.continue_to_check, form=MARIA_TYPES)
    await happens(page.sign, form={"intent": "on"})
    assert [row.language for row in rows_of(Signature)] == ["es"]
