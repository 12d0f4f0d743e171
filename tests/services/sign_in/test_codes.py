"""Signing in by code (CODE-1 to 10): who gets in, who does not, and what nobody can tell from outside."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.families import ContactPoint, DependentMark, Patient, Relation
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession, SessionTicket, SignInCode
from portal_app.domain.access import EMBED_PERMISSIONS, Side, nobody, system_principal
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.domain.ids import new_id
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.services import live
from portal_app.services.patients.access import families_changed
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import (
    CodeRequest,
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
from portal_app.services.sign_in.sessions import end_session, hash_token, principal_of, redeem, write_ticket
from tests.people import EVA, LUIS, MARIA, NINA, ROSA, TIM, TOM, People

VISITOR = nobody("203.0.113.7", "en")
PORTAL = system_principal("test")


@pytest.fixture(autouse=True)
def fresh_throttle() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def newest_message() -> OutboxMessage:
    with reading(PORTAL) as tx:
        return tx.exec(select(OutboxMessage).order_by(OutboxMessage.created_at.desc())).all()[-1]  # type: ignore[attr-defined]


def code_in(message: OutboxMessage) -> str:
    found = re.search(r"\b(\d{6})\b", message.body)
    assert found
    return found[1]


def message_for(request: CodeRequest) -> OutboxMessage:
    with reading(PORTAL) as tx:
        return tx.exec(select(OutboxMessage).where(OutboxMessage.once == f"sign_in_code:{request.id}")).one()


def code_for(request: CodeRequest) -> str:
    return code_in(message_for(request))


def wrong_for(request: CodeRequest) -> str:
    return f"{(int(code_for(request)) + 1) % 10**6:06d}"


def past_the_code(contact: str = "maria@example.com") -> str:
    request = request_code(VISITOR, contact)
    check_code(VISITOR, request.id, code_for(request))
    return request.id


def ticket_of(born: date, first_name: str = "", contact: str = "maria@example.com") -> str:
    return check_birth_date(VISITOR, past_the_code(contact), born, first_name)


def session_of(born: date, contact: str = "maria@example.com") -> str:
    return hash_token(redeem(ticket_of(born, contact=contact)).value)


def actions() -> list[str]:
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
            check_code(VISITOR, request.id, wrong_for(request))


def test_code_1_what_is_written_for_an_unknown_contact_never_leaves(sample_people: People):
    request = request_code(VISITOR, "stranger@example.com")
    message = message_for(request)
    assert message.to == "" and message.expires_at is not None and message.expires_at <= clock.now()


def test_code_1_a_locked_contact_is_refused_in_the_words_of_an_unknown_one(sample_people: People):
    said = []
    for contact in ("maria@example.com", "stranger@example.com"):
        for _ in range(3):
            request_code(VISITOR, contact)
        with pytest.raises(TooManyAttempts) as refused:
            request_code(VISITOR, contact)
        said.append(refused.value.message)
    assert said[0] == said[1]


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


def test_code_3_the_birth_date_says_who_it_is(sample_people: People):
    maria = principal_of(session_of(MARIA.birth_date), Side.PATIENT)
    assert maria.patients == {MARIA.id, EVA.id, TIM.id, TOM.id}
    assert maria.accounts == {MARIA.account}
    luis = principal_of(session_of(LUIS.birth_date), Side.PATIENT)
    assert luis.patients == {LUIS.id, EVA.id, TIM.id, TOM.id}
    assert luis.accounts == {LUIS.account}


def test_code_4_marias_session_has_nothing_of_luis(sample_people: People):
    maria = principal_of(session_of(MARIA.birth_date), Side.PATIENT)
    with reading(maria) as tx:
        assert LUIS.id not in {p.id for p in tx.exec(select(Patient)).all()}


def test_code_5_a_child_is_told_to_ask_a_parent(sample_people: People):
    with pytest.raises(ChildCannotSignIn):
        ticket_of(EVA.birth_date)
    with reading(PORTAL) as tx:
        assert tx.exec(select(SessionTicket)).all() == []


def test_a_sixteen_year_old_gets_her_own_session_and_sees_herself_only(sample_people: People):
    nina = principal_of(session_of(NINA.birth_date, "rosa@example.com"), Side.PATIENT)
    assert (nina.patients, nina.accounts) == ({NINA.id}, frozenset())


def same_day_as_maria() -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, LUIS.id).birth_date = MARIA.birth_date


def test_code_6_two_born_the_same_day_are_asked_for_the_first_name(sample_people: People):
    same_day_as_maria()
    code_id = past_the_code()
    with pytest.raises(NeedsFirstName):
        check_birth_date(VISITOR, code_id, MARIA.birth_date)
    with pytest.raises(WrongBirthDateOrFirstName):  # the date was right: both are to be looked at
        check_birth_date(VISITOR, code_id, MARIA.birth_date, "Zed")
    ticket = check_birth_date(VISITOR, code_id, MARIA.birth_date, "  lUIS ")
    assert principal_of(hash_token(redeem(ticket).value), Side.PATIENT).patient_id == LUIS.id


def test_code_6_still_two_of_them_call_the_practice(sample_people: People):
    same_day_as_maria()
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, LUIS.id).given_name = "María José"
    with pytest.raises(AmbiguousPerson):
        ticket_of(MARIA.birth_date, "maria")


def test_code_7_five_wrong_codes_burn_it(sample_people: People):
    request = request_code(VISITOR, "maria@example.com")
    for _ in range(4):
        with pytest.raises(WrongSignInCode):
            check_code(VISITOR, request.id, wrong_for(request))
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, request.id, wrong_for(request))
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, request.id, code_for(request))
    assert actions().count("sign_in:code refused") == 5


def test_code_7_three_wrong_birth_dates_burn_it(sample_people: People):
    code_id = past_the_code()
    for error in (WrongSignInBirthDate, WrongSignInBirthDate, SignInCodeOver):
        with pytest.raises(error):
            check_birth_date(VISITOR, code_id, date(1990, 1, 1))
    with pytest.raises(SignInCodeOver):
        check_birth_date(VISITOR, code_id, MARIA.birth_date)
    assert actions().count("sign_in:wrong refused") == 3


def test_the_birth_date_is_of_no_use_before_the_code(sample_people: People):
    request = request_code(VISITOR, "maria@example.com")
    with pytest.raises(SignInCodeOver):
        check_birth_date(VISITOR, request.id, MARIA.birth_date)


def test_code_9_each_message_carries_the_reference_its_page_expects(sample_people: People):
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


def test_a_code_works_once_and_takes_its_sisters_along(sample_people: People):
    other = request_code(VISITOR, "maria@example.com")
    code_id = past_the_code()
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


def test_one_address_cannot_ask_for_ever(sample_people: People):
    for n in range(20):
        request_code(VISITOR, f"somebody{n}@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(VISITOR, "another@example.com")
    request_code(nobody("203.0.113.8"), "another@example.com")


def test_a_ticket_is_good_once_and_for_a_minute(sample_people: People):
    ticket = ticket_of(MARIA.birth_date)
    redeem(ticket)
    with pytest.raises(NotSignedIn):
        redeem(ticket)
    late = ticket_of(MARIA.birth_date)
    with clock.held_at(clock.now() + timedelta(seconds=61)), pytest.raises(NotSignedIn):
        redeem(late)


def test_only_the_hash_of_the_cookie_is_kept(sample_people: People):
    made = redeem(ticket_of(MARIA.birth_date), ip="203.0.113.7", device="Phone")
    with reading(PORTAL) as tx:
        kept = tx.exec(select(PortalSession)).one()
    assert made.value not in str(kept.model_dump())
    assert kept.ref == hash_token(made.value)


def test_a_session_ends_after_fifteen_quiet_minutes(sample_people: People):
    ref, began = session_of(MARIA.birth_date), clock.now()
    with clock.held_at(began + timedelta(minutes=14, seconds=59)):
        principal_of(ref, Side.PATIENT, touch=False)
    with clock.held_at(began + timedelta(minutes=15)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_what_the_server_pushes_is_no_activity(sample_people: People):
    ref, began = session_of(MARIA.birth_date), clock.now()
    with clock.held_at(began + timedelta(minutes=10)):
        principal_of(ref, Side.PATIENT, touch=False)
    with clock.held_at(began + timedelta(minutes=16)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_activity_keeps_a_session_for_twelve_hours_and_no_longer(sample_people: People):
    ref, began = session_of(MARIA.birth_date), clock.now()
    for minutes in range(10, 720, 10):
        with clock.held_at(began + timedelta(minutes=minutes)):
            principal_of(ref, Side.PATIENT)
    with clock.held_at(began + timedelta(hours=12)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_signing_out_ends_the_session_at_once_and_says_so_to_its_pages(sample_people: People):
    ref = session_of(MARIA.birth_date)
    told: list[str] = []
    live.listen(listener := lambda topic, key: told.append(topic))
    end_session(principal_of(ref, Side.PATIENT))
    live.unlisten(listener)
    assert told == [f"session:{ref}"]
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_a_new_sign_in_ends_the_browsers_former_session(sample_people: People):
    former = session_of(MARIA.birth_date)
    redeem(ticket_of(LUIS.birth_date), replaces=(former,))
    with pytest.raises(NotSignedIn):
        principal_of(former, Side.PATIENT)


def test_a_patients_session_is_none_of_staffs(sample_people: People):
    with pytest.raises(NotSignedIn):
        principal_of(session_of(MARIA.birth_date), Side.STAFF)


@pytest.mark.parametrize("ref", ["", "0" * 64, "' OR 1=1 --"])
def test_an_unknown_session_is_nobody(sample_people: People, ref: str):
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


@pytest.mark.parametrize("status", [s for s in PatientStatus if s is not PatientStatus.ACTIVE])
def test_who_is_no_patient_any_more_is_out_with_the_next_request(
    sample_people: People, status: PatientStatus
):
    ref = session_of(MARIA.birth_date)
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, MARIA.id).status = status
        families_changed(tx)
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)
    with pytest.raises(WrongSignInBirthDate):
        ticket_of(MARIA.birth_date)


def test_dep_6_access_ends_with_the_next_request_in_open_sessions_too(sample_people: People):
    mark = DependentMark(
        id=new_id("mrk"),
        patient_id=NINA.id,
        adult_id=ROSA.id,
        reason="ill",
        marked_by="test",
        created_at=clock.now(),
    )
    with transaction(PORTAL) as tx:
        tx.add(mark)
        families_changed(tx)
    ref = session_of(ROSA.birth_date, "rosa@example.com")
    assert NINA.id in principal_of(ref, Side.PATIENT).patients  # type: ignore[operator]
    with transaction(PORTAL) as tx:
        tx.get_or_404(DependentMark, mark.id).ended_at = clock.now()
        families_changed(tx)
    assert principal_of(ref, Side.PATIENT).patients == {ROSA.id}


def test_dep_1_access_ends_at_midnight_in_an_open_session(sample_people: People):
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, EVA.id).birth_date = date(2010, 6, 16)
        families_changed(tx)
    midnight = clock.now().replace(hour=4, minute=0) + timedelta(days=1)  # New York in June
    with clock.held_at(midnight - timedelta(minutes=1)):
        ref = session_of(MARIA.birth_date)
        assert EVA.id in principal_of(ref, Side.PATIENT).patients  # type: ignore[operator]
    with clock.held_at(midnight):
        principal = principal_of(ref, Side.PATIENT)
        assert EVA.id not in principal.patients  # type: ignore[operator]
        assert EVA.account in principal.accounts  # type: ignore[operator]  # DEP-4: payable, masked


def test_dep_10_without_a_birth_date_nobody_sees_and_nobody_comes_in(sample_people: People):
    with transaction(PORTAL) as tx:
        tx.get_or_404(Patient, EVA.id).birth_date = None
        families_changed(tx)
    assert EVA.id not in principal_of(session_of(MARIA.birth_date), Side.PATIENT).patients  # type: ignore[operator]


def test_an_embedded_session_may_pay_and_nothing_more(sample_people: People):
    with transaction(PORTAL) as tx:
        ticket = write_ticket(tx, way="code", patient_id=MARIA.id, scope=SessionScope.EMBED)
    value = redeem(ticket, scope=SessionScope.EMBED).value
    ref = session_ref(value, SessionScope.EMBED)
    assert principal_of(ref, Side.PATIENT).permissions == EMBED_PERMISSIONS


def test_every_way_in_is_in_the_trail(sample_people: People):
    session_of(MARIA.birth_date)
    said = actions()
    for action in ("sign_in:code_asked ok", "sign_in:come in ok", "sign_in ok"):
        assert action in said


def test_a_relation_that_has_run_out_shows_nothing(sample_people: People):
    with transaction(PORTAL) as tx:
        for relation in tx.exec(select(Relation).where(Relation.adult_id == LUIS.id)).all():
            relation.until = clock.today() - timedelta(days=1)
        families_changed(tx)
    assert principal_of(session_of(LUIS.birth_date), Side.PATIENT).patients == {LUIS.id}


def test_another_dependent_age_counts_at_once(sample_people: People):
    ref = session_of(ROSA.birth_date, "rosa@example.com")
    with transaction(PORTAL) as tx:
        tx.get_or_404(Practice, "practice").dependent_age = 18
        families_changed(tx)
    assert NINA.id in principal_of(ref, Side.PATIENT).patients  # type: ignore[operator]


def test_a_contact_of_two_families_reaches_both(sample_people: People):
    with transaction(PORTAL) as tx:
        tx.add(
            ContactPoint(
                id=new_id("con"), patient_id=ROSA.id, kind=ContactKind.EMAIL, value="maria@example.com"
            )
        )
    assert principal_of(session_of(ROSA.birth_date), Side.PATIENT).patient_id == ROSA.id
