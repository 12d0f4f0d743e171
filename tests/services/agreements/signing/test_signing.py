"""Signing: what is read, what is refused with nothing written, several signers, the trail."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import (
    AgreementCopy,
    AgreementRequest,
    AgreementSigner,
    ElectronicConsent,
    Signature,
)
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.agreements.errors import (
    AnswerMissing,
    DrawingMissing,
    NameDiffers,
    RelationshipMissing,
)
from portal_app.domain.agreements.signing import SignatureForm
from portal_app.domain.agreements.types import (
    CopyStatus,
    RequestStatus,
    SignatureWay,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.services.agreements.errors import (
    AlreadySigned,
    CannotOpenCopy,
    ConsentNeeded,
    IntentMissing,
    RequestExpired,
    RequestWithdrawn,
    TextChanged,
    TextUnread,
)
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.agreements.signing.consent import (
    ask_for_paper,
    give_consent,
    view_consent,
    withdraw_consent,
)
from portal_app.services.agreements.signing.sign import check_before_signing, sign_request
from portal_app.services.agreements.signing.view import open_request, view_changes
from portal_app.services.agreements.texts.publish import publish_draft
from tests.people import EVA, LUIS, MARIA, TIM, TOM, People
from tests.services.agreements_helper import TEXT, TEXT_ES, add_agreement, ask, sign, sign_form, write_text

SYSTEM = system_principal("test")
DRAWN = SignatureForm(SignatureWay.DRAWN, strokes=[[[10, 10], [200, 120.25]], [[5, 5]]])


@pytest.fixture(autouse=True)
def _people(sample_people: People) -> None:
    pass


def all_of(table: Any) -> list[Any]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(table)).all())


def refused(who: Principal, form: Any, error: type[UserError]) -> None:
    """The signature is refused for this reason, and nothing at all is written."""
    before = (all_of(AgreementRequest), all_of(AgreementSigner), len(all_of(AuditEntry)))
    with pytest.raises(error):
        sign_request(who, form)
    assert all_of(Signature) == [] and all_of(AgreementCopy) == []
    after = (all_of(AgreementRequest), all_of(AgreementSigner), len(all_of(AuditEntry)))
    assert [[row.model_dump() for row in rows] for rows in after[:2]] == [
        [row.model_dump() for row in rows] for rows in before[:2]
    ]
    assert after[2] == before[2]


def test_a_typed_signature_is_kept_with_all_that_was_shown():
    request = ask(add_agreement(), MARIA)
    maria = replace(People.maria, ip="203.0.113.9")
    result = sign(maria, request)
    (row,) = all_of(Signature)
    assert result.complete and (row.id, row.signed_at) == (result.signature_id, clock.now())
    assert (row.part, row.signer_id, row.name_on_file) == (SignerPart.PATIENT, MARIA.id, "Maria Rivera")
    assert (row.way, row.typed_name, row.strokes) == (SignatureWay.TYPED, "Maria Rivera", [])
    assert (row.zone, row.language, row.ip) == ("America/New_York", "en", "203.0.113.9")
    assert row.values["patient"] == "Maria Rivera" and row.values["date"] == "June 15, 2026"
    assert (row.consent_version, row.consent_at) == ("2026-12", clock.now())
    (copy,) = all_of(AgreementCopy)
    assert (copy.id, copy.request_id, copy.status) == (result.copy_id, request, CopyStatus.WAITING)
    (line,) = [entry for entry in all_of(AuditEntry) if entry.action == "sign:agreement"]
    assert (line.details["text"], line.details["answers"]) == (row.text_sha256, row.answers_sha256)
    assert (line.patient_id, line.actor) == (MARIA.id, maria.name)


def test_a_signature_is_never_changed():
    sign(People.maria, ask(add_agreement(), MARIA))
    with pytest.raises(RuntimeError), transaction(SYSTEM) as tx:
        tx.exec(select(Signature)).one().typed_name = "Somebody else"


def test_a_drawn_signature_is_kept_as_numbers():
    sign(People.maria, ask(add_agreement(drawn_only=True), MARIA), signature=DRAWN)
    assert all_of(Signature)[0].strokes == [[[10.0, 10.0], [200.0, 120.2]], [[5.0, 5.0]]]


def test_what_is_refused_writes_nothing():
    request = ask(add_agreement(TEXT + "\n\n{{initials: I know}}"), MARIA)
    view = open_request(People.maria, request)
    good = {"answers": {"initials-1": "MR"}}
    refused(People.maria, sign_form(view, **good), ConsentNeeded)
    give_consent(People.maria, "en", can_open=True)
    refused(People.maria, sign_form(view), AnswerMissing)
    refused(People.maria, sign_form(view, intent=False, **good), IntentMissing)
    refused(People.maria, sign_form(view, "Mary R", **good), NameDiffers)
    dot = SignatureForm(SignatureWay.DRAWN, strokes=[[[1, 1]]])
    refused(People.maria, sign_form(view, signature=dot, **good), DrawingMissing)
    refused(People.maria, replace(sign_form(view, **good), text_sha256="0" * 64), TextChanged)
    refused(People.kim, sign_form(view, **good), NotFound)
    refused(People.luis, sign_form(view, **good), NotFound)
    confirmed = SignatureForm(SignatureWay.TYPED, "Mary R", name_confirmed=True)
    assert (
        check_before_signing(People.maria, sign_form(view, signature=confirmed, **good)).typed_name
        == "Mary R"
    )
    assert sign_request(People.maria, sign_form(view, signature=confirmed, **good)).complete


def test_an_unread_text_is_not_signed():
    agreement = add_agreement()
    ask(agreement, MARIA)
    view = open_request(People.maria, ask(agreement, EVA))
    give_consent(People.luis, "en", can_open=True)
    with transaction(SYSTEM) as tx:
        tx.exec(
            select(AgreementSigner).where(AgreementSigner.request_id == view.request_id)
        ).one().opened_at = None
    refused(People.luis, sign_form(view), TextUnread)


def test_a_second_submit_is_refused_and_signs_once():
    request = ask(add_agreement(), MARIA)
    view = open_request(People.maria, request)
    give_consent(People.maria, "en", can_open=True)
    sign_request(People.maria, sign_form(view))
    with pytest.raises(AlreadySigned):
        sign_request(People.maria, sign_form(view))
    assert len(all_of(Signature)) == len(all_of(AgreementCopy)) == 1


def test_two_submits_at_the_same_moment_sign_once():
    view = open_request(People.maria, ask(add_agreement(), MARIA))
    give_consent(People.maria, "en", can_open=True)

    def submit(_: int) -> str:
        try:
            sign_request(People.maria, sign_form(view))
        except UserError as error:
            return error.code
        return "signed"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(submit, range(4)))
    assert answers == ["request.already_signed"] * 3 + ["signed"]
    assert len(all_of(Signature)) == len(all_of(AgreementCopy)) == 1


def test_withdrawn_and_expired_requests_are_refused():
    first, second = ask(add_agreement(), MARIA), ask(add_agreement(), MARIA, expires_days=3)
    views = [open_request(People.maria, first), open_request(People.maria, second)]
    give_consent(People.maria, "en", can_open=True)
    withdraw_request(People.olga, first)
    refused(People.maria, sign_form(views[0]), RequestWithdrawn)
    with clock.held_at(clock.now() + timedelta(days=4)):
        refused(People.maria, sign_form(views[1]), RequestExpired)
        assert isinstance(open_request(People.maria, second).refusal, RequestExpired)


def test_a_parent_signs_for_two_children_and_says_how_they_are_related():
    agreement = add_agreement()
    requests = {who.id: ask(agreement, who) for who in (TIM, TOM)}
    view = open_request(People.luis, requests[TIM.id])
    assert (view.patient, view.for_another, view.part) == ("Tim Rivera", True, SignerPart.GUARDIAN)
    give_consent(People.luis, "en", can_open=True)
    refused(People.luis, sign_form(view, relationship=""), RelationshipMissing)
    sign(People.luis, requests[TIM.id])
    sign(People.luis, requests[TOM.id], relationship="other", relationship_words=" step  father ")
    rows = sorted(all_of(Signature), key=lambda row: row.on_behalf_of)
    assert [(row.on_behalf_of, row.relationship) for row in rows] == [
        ("Tim Rivera", "parent"),
        ("Tom Rivera", "other: step father"),
    ]
    assert {row.signer_id for row in rows} == {LUIS.id}
    assert isinstance(open_request(People.maria, requests[TIM.id]).refusal, UserError)


def test_sign_1_two_parents_sign_in_the_same_second():
    request = ask(add_agreement(second_guardian=True), EVA)
    views = {}
    for who in (People.maria, People.luis):
        give_consent(who, "en", can_open=True)
        views[who.name] = open_request(who, request)

    def submit(who: Principal) -> bool:
        return sign_request(who, sign_form(views[who.name])).complete

    with ThreadPoolExecutor(2) as pool:
        complete = sorted(pool.map(submit, (People.maria, People.luis)))
    assert complete == [False, True]
    rows = all_of(Signature)
    assert {row.signer_id for row in rows} == {MARIA.id, LUIS.id}
    assert {row.part for row in rows} == {SignerPart.GUARDIAN, SignerPart.SECOND_GUARDIAN}
    assert len({row.text_sha256 for row in rows}) == 1
    assert len(all_of(AgreementCopy)) == 1
    (row,) = all_of(AgreementRequest)
    assert (row.status, row.signatures) == (RequestStatus.COMPLETE, 2)


def test_one_of_two_parents_does_not_sign_twice():
    request = ask(add_agreement(second_guardian=True), EVA)
    assert not sign(People.maria, request).complete
    with pytest.raises(AlreadySigned):
        sign(People.maria, request)
    view = open_request(People.maria, request)
    assert view.part is None
    assert [(s.status, s.name, s.me) for s in view.signers] == [
        (SignerStatus.SIGNED, "Maria Rivera", True),
        (SignerStatus.WAITING, "", False),
    ]


def test_the_second_signer_reads_what_the_first_signed():
    request = ask(add_agreement(second_guardian=True), EVA)
    sign(People.maria, request)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, EVA.id).given_name = "{{practice}}"
    assert sign(People.luis, request).complete
    assert {row.values["patient"] for row in all_of(Signature)} == {"Eva Rivera"}


def test_sign_3_a_new_version_while_the_old_is_open():
    agreement = add_agreement()
    request = ask(agreement, MARIA)
    view = open_request(People.maria, request)
    give_consent(People.maria, "en", can_open=True)
    publish_draft(People.olga, agreement, changed=write_text(agreement, TEXT + "\n\nAnd 5 more."))
    refused(People.maria, sign_form(view), TextChanged)
    changes = view_changes(People.maria, request, view.version_id, "en")
    assert [block.pieces[0].text for block in changes if block.changed] == ["And 5 more."]
    refused(People.maria, replace(sign_form(view), text_sha256=view.text_sha256), TextChanged)
    now_open = open_request(People.maria, request)
    assert now_open.version == 2
    assert sign_request(People.maria, sign_form(now_open)).complete


def test_sign_3_what_one_has_signed_stays_at_its_version_for_the_other():
    agreement = add_agreement(second_guardian=True)
    request = ask(agreement, EVA)
    sign(People.maria, request)
    publish_draft(People.olga, agreement, changed=write_text(agreement, TEXT + "\n\nMore."))
    assert open_request(People.luis, request).version == 1
    assert sign(People.luis, request).complete


def test_a_name_corrected_while_the_page_was_open_is_read_anew():
    view = open_request(People.maria, ask(add_agreement(), MARIA))
    give_consent(People.maria, "en", can_open=True)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Patient, MARIA.id).given_name = "**Ana**"
    refused(People.maria, sign_form(view), TextChanged)
    assert open_request(People.maria, view.request_id).blocks[0].text.startswith("For **Ana** Rivera,")


def test_the_language_that_was_signed_is_recorded():
    request = ask(add_agreement(TEXT, TEXT_ES), MARIA)
    view = open_request(People.maria, request, "es")
    assert (view.language, view.languages, view.title) == ("es", ("en", "es"), "Política")
    give_consent(People.maria, "es", can_open=True)
    refused(People.maria, replace(sign_form(view), language="en"), TextChanged)
    sign_request(People.maria, sign_form(view))
    assert all_of(Signature)[0].language == "es"
    assert open_request(People.maria, request, "fr").language == "en"


def test_consent_is_given_once_and_needs_a_copy_that_was_opened():
    with pytest.raises(CannotOpenCopy):
        give_consent(People.maria, "en", can_open=False)
    for _ in range(2):
        give_consent(People.maria, "en", can_open=True)
    assert len(all_of(ElectronicConsent)) == 1
    assert view_consent(People.maria).given_at == clock.now()
    assert view_consent(People.luis).given_at is None


def test_consent_can_be_withdrawn_and_what_was_signed_stays():
    agreement = add_agreement()
    sign(People.maria, ask(agreement, MARIA))
    second = ask(add_agreement(), MARIA)
    view = open_request(People.maria, second)
    assert withdraw_consent(People.maria)
    assert not withdraw_consent(People.maria)
    with pytest.raises(ConsentNeeded):
        sign_request(People.maria, sign_form(view))
    assert len(all_of(Signature)) == 1


def test_paper_instead_is_a_task_once_and_keeps_the_request_open():
    request = ask(add_agreement(), MARIA)
    for _ in range(2):
        ask_for_paper(People.maria, request)
    assert open_request(People.maria, request).paper_asked
    with pytest.raises(NotFound):
        ask_for_paper(People.kim, request)
    assert sign(People.maria, request).complete


def test_staff_and_frames_sign_nothing():
    request = ask(add_agreement(), MARIA)
    for who in (People.olga, People.dana, replace(People.maria, permissions=frozenset())):
        with pytest.raises(PermissionDenied):
            open_request(who, request)
