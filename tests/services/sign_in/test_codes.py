"""Sign-in by code (CODE-1 to 10): who is signed in, who is refused, and that unknown contacts look like known ones."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.sign_in import SessionTicket, SignInCode
from portal_app.domain.access import Side, nobody
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.services.sign_in.codes import (
    check_birth_date,
    check_code,
    request_code,
)
from portal_app.services.sign_in.errors import (
    AmbiguousPerson,
    ChildCannotSignIn,
    InvalidContact,
    NeedsFirstName,
    SignInCodeOver,
    TooManyAttempts,
    WrongBirthDateOrFirstName,
    WrongSignInBirthDate,
    WrongSignInCode,
)
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from tests.people import EVA, LUIS, MARIA, ROSA, TIM, TOM, People
from tests.services.sign_in.code_steps import (
    PORTAL,
    VISITOR,
    code_accepted,
    code_for,
    message_for,
    session_of,
    ticket_of,
    wrong_code_for,
)


def newest_message() -> OutboxMessage:
    with reading(PORTAL) as tx:
        return tx.exec(select(OutboxMessage).order_by(OutboxMessage.created_at.desc())).all()[-1]  # type: ignore[attr-defined]


def actions() -> list[str]:
    """Action and outcome of each entry of the audit trail."""
    with reading(PORTAL) as tx:
        return [f"{e.action} {e.outcome}" for e in tx.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()]  # type: ignore[arg-type]


def test_code_1_nobody_can_tell_from_the_answer_whether_a_contact_is_known(sample_people: People):
    known = request_code(VISITOR, "maria@example.com")
    unknown = request_code(VISITOR, "stranger@example.com")
    assert (known.channel, len(known.reference)) == (unknown.channel, len(unknown.reference))
    with reading(PORTAL) as tx:
        assert len(tx.exec(select(SignInCode)).all()) == 2
        assert {m.to for m in tx.exec(select(OutboxMessage)).all()} == {"maria@example.com", ""}
    for request in (known, unknown):
        with pytest.raises(WrongSignInCode):
            check_code(VISITOR, request.id, wrong_code_for(request))


def test_code_1_the_message_for_an_unknown_contact_is_never_sent(sample_people: People):
    request = request_code(VISITOR, "stranger@example.com")
    message = message_for(request)
    assert message.to == "" and message.expires_at is not None and message.expires_at <= clock.now()


def test_code_1_a_rate_limited_contact_is_refused_as_an_unknown_one(sample_people: People):
    errors = []
    for contact in ("maria@example.com", "stranger@example.com"):
        for _ in range(3):
            request_code(VISITOR, contact)
        with pytest.raises(TooManyAttempts) as refused:
            request_code(VISITOR, contact)
        errors.append((refused.value.code, refused.value.message, refused.value.values))
    assert errors[0] == errors[1]


def test_code_2_one_message_for_the_household_names_nobody(sample_people: People):
    request = request_code(VISITOR, "Maria@Example.com ")
    with reading(PORTAL) as tx:
        (message,) = tx.exec(select(OutboxMessage)).all()
    assert "household" in message.body
    for person in (MARIA, LUIS, EVA, TIM, TOM):
        assert person.given_name not in message.body.replace("maria@example.com", "")
    assert request.reference in message.body


@pytest.mark.parametrize("typed", ["(212) 555-0142", "+1 212 555 0142", "212.555.0142"])
def test_a_phone_may_be_typed_as_people_type_it(sample_people: People, typed: str):
    request = request_code(VISITOR, typed)
    assert request.channel is ContactKind.PHONE
    assert message_for(request).to == "+12125550142"


@pytest.mark.parametrize(
    "typed", ["", "maria", "maria@", "@example.com", "12", "a@b@c", "x" * 400 + "@example.com"]
)
def test_what_is_neither_email_nor_phone_is_refused(sample_people: People, typed: str):
    with pytest.raises(InvalidContact):
        request_code(VISITOR, typed)


def test_code_3_the_birth_date_decides_who_is_signed_in(sample_people: People):
    maria = principal_of(session_of(MARIA.birth_date), Side.PATIENT)
    assert maria.patients == {MARIA.id, EVA.id, TIM.id, TOM.id}
    assert maria.accounts == {MARIA.account}
    luis = principal_of(session_of(LUIS.birth_date), Side.PATIENT)
    assert luis.patients == {LUIS.id, EVA.id, TIM.id, TOM.id}
    assert luis.accounts == {LUIS.account}


def test_code_5_a_child_is_told_to_ask_a_parent(sample_people: People):
    with pytest.raises(ChildCannotSignIn):
        ticket_of(EVA.birth_date)
    with reading(PORTAL) as tx:
        assert tx.exec(select(SessionTicket)).all() == []


def set_luis_birth_date_to_marias() -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, LUIS.id).birth_date = MARIA.birth_date


def test_code_6_two_born_the_same_day_are_asked_for_the_first_name(sample_people: People):
    set_luis_birth_date_to_marias()
    code_id = code_accepted()
    with pytest.raises(NeedsFirstName):
        check_birth_date(VISITOR, code_id, MARIA.birth_date)
    with pytest.raises(WrongBirthDateOrFirstName):
        check_birth_date(VISITOR, code_id, MARIA.birth_date, "Zed")
    ticket = check_birth_date(VISITOR, code_id, MARIA.birth_date, "  lUIS ")
    assert principal_of(hash_token(redeem(ticket).value), Side.PATIENT).patient_id == LUIS.id


def test_code_6_two_with_the_same_first_name_call_the_practice(sample_people: People):
    set_luis_birth_date_to_marias()
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, LUIS.id).given_name = "María José"
    with pytest.raises(AmbiguousPerson):
        ticket_of(MARIA.birth_date, "maria")


def test_code_7_five_wrong_codes_end_the_code(sample_people: People):
    request = request_code(VISITOR, "maria@example.com")
    for _ in range(4):
        with pytest.raises(WrongSignInCode):
            check_code(VISITOR, request.id, wrong_code_for(request))
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, request.id, wrong_code_for(request))
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, request.id, code_for(request))
    assert actions().count("sign_in:code refused") == 5


def test_code_7_three_wrong_birth_dates_end_the_code(sample_people: People):
    code_id = code_accepted()
    for error in (WrongSignInBirthDate, WrongSignInBirthDate, SignInCodeOver):
        with pytest.raises(error):
            check_birth_date(VISITOR, code_id, date(1990, 1, 1))
    with pytest.raises(SignInCodeOver):
        check_birth_date(VISITOR, code_id, MARIA.birth_date)
    assert actions().count("sign_in:wrong refused") == 3


def test_the_birth_date_is_refused_before_the_code(sample_people: People):
    request = request_code(VISITOR, "maria@example.com")
    with pytest.raises(SignInCodeOver):
        check_birth_date(VISITOR, request.id, MARIA.birth_date)


def test_code_9_message_and_page_show_the_same_reference(sample_people: People):
    first = request_code(VISITOR, "maria@example.com")
    second = request_code(VISITOR, "maria@example.com")
    assert first.reference in message_for(first).body
    with pytest.raises(WrongSignInCode) as refused:
        check_code(VISITOR, second.id, code_for(first))
    assert refused.value.values == {"reference": second.reference}
    check_code(VISITOR, second.id, code_for(second))


def test_code_10_a_code_is_good_after_ten_minutes_and_not_after_fifteen(sample_people: People):
    asked = clock.now()
    request = request_code(VISITOR, "maria@example.com")
    with clock.held_at(asked + timedelta(minutes=9, seconds=47)):
        check_code(VISITOR, request.id, code_for(request))
    late = request_code(VISITOR, "maria@example.com")
    with clock.held_at(asked + timedelta(minutes=15)), pytest.raises(SignInCodeOver):
        check_code(VISITOR, late.id, code_for(late))


def test_a_used_code_ends_all_codes_of_its_contact(sample_people: People):
    other = request_code(VISITOR, "maria@example.com")
    code_id = code_accepted()
    check_birth_date(VISITOR, code_id, MARIA.birth_date)
    for used in (code_id, other.id):
        with pytest.raises(SignInCodeOver):
            check_birth_date(VISITOR, used, MARIA.birth_date)
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, other.id, code_for(other))


def test_neither_the_code_nor_the_contact_can_be_read_in_the_table_of_codes(sample_people: People):
    request = request_code(VISITOR, "maria@example.com")
    with reading(PORTAL) as tx:
        kept = str(tx.get_or_404(SignInCode, request.id).model_dump())
    assert "maria@" not in kept
    assert f"'{code_for(request)}'" not in kept


def test_one_network_gets_twenty_codes_in_five_minutes(sample_people: People):
    for n in range(20):
        request_code(VISITOR, f"somebody{n}@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(VISITOR, "another@example.com")
    request_code(nobody("203.0.113.8"), "another@example.com")


def test_each_step_of_a_sign_in_is_in_the_audit_trail(sample_people: People):
    session_of(MARIA.birth_date)
    recorded = actions()
    for action in ("sign_in:code_asked ok", "sign_in:come in ok", "sign_in ok"):
        assert action in recorded


def test_a_contact_of_two_families_signs_in_people_of_both(sample_people: People):
    with transaction(PORTAL) as tx:
        tx.add(
            ContactPoint(
                id=new_id("con"), patient_id=ROSA.id, kind=ContactKind.EMAIL, value="maria@example.com"
            )
        )
    assert principal_of(session_of(ROSA.birth_date), Side.PATIENT).patient_id == ROSA.id
