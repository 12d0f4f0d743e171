"""Tickets and sessions: how long they are valid, and what a session may see."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import DependentMark, Patient, Relation
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import EMBED_PERMISSIONS, Side
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import new_id
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.services import live
from portal_app.services.patients.access import families_changed
from portal_app.services.sign_in.errors import (
    WrongSignInBirthDate,
)
from portal_app.services.sign_in.sessions import (
    end_session,
    hash_token,
    keep_alive,
    principal_of,
    redeem,
    write_ticket,
)
from tests.people import EVA, LUIS, MARIA, NINA, ROSA, People
from tests.services.sign_in.code_steps import PORTAL, session_of, ticket_of


def test_code_4_marias_session_has_nothing_of_luis(sample_people: People):
    maria = principal_of(session_of(MARIA.birth_date), Side.PATIENT)
    with reading(maria) as tx:
        assert LUIS.id not in {p.id for p in tx.exec(select(Patient)).all()}


def test_a_sixteen_year_old_gets_her_own_session_and_sees_herself_only(sample_people: People):
    nina = principal_of(session_of(NINA.birth_date, "rosa@example.com"), Side.PATIENT)
    assert (nina.patients, nina.accounts) == ({NINA.id}, frozenset())


def test_a_ticket_is_valid_once_and_for_a_minute(sample_people: People):
    ticket = ticket_of(MARIA.birth_date)
    redeem(ticket)
    with pytest.raises(NotSignedIn):
        redeem(ticket)
    late = ticket_of(MARIA.birth_date)
    with clock.held_at(clock.now() + timedelta(seconds=61)), pytest.raises(NotSignedIn):
        redeem(late)


def test_only_the_hash_of_the_cookie_is_stored(sample_people: People):
    made = redeem(ticket_of(MARIA.birth_date), ip="203.0.113.7", device="Phone")
    with reading(PORTAL) as tx:
        kept = tx.exec(select(PortalSession)).one()
    assert made.value not in str(kept.model_dump())
    assert kept.ref == hash_token(made.value)


def test_a_session_ends_after_fifteen_idle_minutes(sample_people: People):
    ref, start = session_of(MARIA.birth_date), clock.now()
    with clock.held_at(start + timedelta(minutes=14, seconds=59)):
        principal_of(ref, Side.PATIENT)
    with clock.held_at(start + timedelta(minutes=15)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_asking_whose_a_session_is_is_no_activity(sample_people: People):
    ref, start = session_of(MARIA.birth_date), clock.now()
    with clock.held_at(start + timedelta(minutes=10)):
        principal_of(ref, Side.PATIENT)
    with clock.held_at(start + timedelta(minutes=16)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_activity_extends_a_session_up_to_twelve_hours(sample_people: People):
    ref, start = session_of(MARIA.birth_date), clock.now()
    for minutes in range(10, 720, 10):
        with clock.held_at(start + timedelta(minutes=minutes)):
            keep_alive(principal_of(ref, Side.PATIENT))
    with clock.held_at(start + timedelta(hours=12)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_signing_out_ends_the_session_and_is_announced(sample_people: People):
    ref = session_of(MARIA.birth_date)
    announced: list[str] = []
    live.listen(listener := lambda topic, key: announced.append(topic))
    end_session(principal_of(ref, Side.PATIENT))
    live.unlisten(listener)
    assert announced == [f"session:{ref}"]
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_a_new_sign_in_ends_the_browsers_former_session(sample_people: People):
    former = session_of(MARIA.birth_date)
    redeem(ticket_of(LUIS.birth_date), replaces=(former,))
    with pytest.raises(NotSignedIn):
        principal_of(former, Side.PATIENT)


def test_a_patient_session_is_refused_on_the_staff_side(sample_people: People):
    with pytest.raises(NotSignedIn):
        principal_of(session_of(MARIA.birth_date), Side.STAFF)


@pytest.mark.parametrize("ref", ["", "0" * 64, "' OR 1=1 --"])
def test_an_unknown_session_is_not_signed_in(sample_people: People, ref: str):
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


@pytest.mark.parametrize("status", [s for s in PatientStatus if s is not PatientStatus.ACTIVE])
def test_an_inactive_patient_is_signed_out_with_the_next_request(
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


def test_dep_10_nobody_sees_a_dependent_without_birth_date(sample_people: People):
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


def test_an_ended_relation_gives_no_access(sample_people: People):
    with transaction(PORTAL) as tx:
        for relation in tx.exec(select(Relation).where(Relation.adult_id == LUIS.id)).all():
            relation.until = clock.today() - timedelta(days=1)
        families_changed(tx)
    assert principal_of(session_of(LUIS.birth_date), Side.PATIENT).patients == {LUIS.id}


def test_a_changed_dependent_age_applies_at_once(sample_people: People):
    ref = session_of(ROSA.birth_date, "rosa@example.com")
    with transaction(PORTAL) as tx:
        tx.get_or_404(Practice, "practice").dependent_age = 18
        families_changed(tx)
    assert NINA.id in principal_of(ref, Side.PATIENT).patients  # type: ignore[operator]
