"""The second factor of patients: authenticator app, codes to a contact, recovery codes."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.credentials import PatientLogin, RecoveryCode
from portal_app.domain.credentials.types import Proof
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.credentials.errors import (
    ChallengeOver,
    WrongCode,
)
from tests.people import KIM, MARIA, People
from tests.services.credentials_helper import (
    NOBODY,
    PASSWORD,
    TEST,
    code_sent,
    new_session,
    next_code,
    outbox,
    signed_in_by_password,
    with_app,
    with_password,
)

EMAIL, PHONE = "maria@example.com", "+12125550142"


def login() -> PatientLogin:
    with reading(TEST) as tx:
        return tx.get_or_404(PatientLogin, MARIA.id)


def test_an_app_is_set_up_in_two_steps(sample_people: People):
    maria = with_password(MARIA, "maria")
    passwords.reauthenticate_by_password(maria, PASSWORD)
    shown = second_factor.begin_app(maria)
    assert shown.qr_svg.startswith("<svg")
    assert len(shown.secret.replace(" ", "")) == 32
    assert not passwords.view_sign_in(maria).has_app
    with pytest.raises(WrongCode):
        second_factor.confirm_app(maria, "000000")
    assert shown.secret.replace(" ", "") not in login().totp_waiting


def test_a_code_of_the_app_works_once(sample_people: People):
    app, codes = with_app(with_password(MARIA, "maria"))
    assert len(set(codes)) == 10
    used = app.at(clock.real_now())
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    assert asked.ways == (Proof.TOTP, Proof.RECOVERY)  # codes by email and SMS are replaced
    with pytest.raises(WrongCode):  # this code was used at set-up
        second_factor.answer_challenge(NOBODY, asked.id, Proof.TOTP, used)
    code = next_code(app)
    assert second_factor.answer_challenge(NOBODY, asked.id, Proof.TOTP, code)
    again = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    with pytest.raises(WrongCode):
        second_factor.answer_challenge(NOBODY, again.id, Proof.TOTP, code)


def test_five_wrong_codes_end_the_challenge(sample_people: People):
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    for attempt in range(5):
        ended = ChallengeOver if attempt == 4 else WrongCode
        with clock.held_at(clock.now() + timedelta(minutes=2 * attempt)), pytest.raises(ended):
            second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, "000000")
    with pytest.raises(ChallengeOver):
        second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code_sent("second_code", EMAIL))


def test_a_second_factor_code_is_valid_for_fifteen_minutes(sample_people: People):
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    code = code_sent("second_code", EMAIL)
    with clock.held_at(clock.now() + timedelta(minutes=15)), pytest.raises(ChallengeOver):
        second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code)
    with clock.held_at(clock.now() + timedelta(minutes=9, seconds=47)):
        assert second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code)


def test_recovery_codes_work_once_each_and_new_ones_replace_them(sample_people: People):
    maria = with_password(MARIA, "maria")
    passwords.reauthenticate_by_password(maria, PASSWORD)
    first, second, *_ = old = second_factor.new_recovery_codes(maria)
    assert (
        signed_in_by_password("maria", Proof.RECOVERY, first.lower().replace("-", "—")).patient_id == MARIA.id
    )
    assert "9 are left" in outbox("recovery_code_used")[0].body
    with pytest.raises(WrongCode):
        signed_in_by_password("maria", Proof.RECOVERY, first)
    second_factor.new_recovery_codes(maria)
    with pytest.raises(WrongCode):
        signed_in_by_password("maria", Proof.RECOVERY, second)
    with reading(TEST) as tx:
        kept = tx.exec(select(RecoveryCode.hash)).all()
    assert len(kept) == 10
    assert not set(kept) & set(old)


def test_a_recovery_code_of_another_patient_is_refused(sample_people: People):
    kims = second_factor.new_recovery_codes(new_session(KIM))
    with_password(MARIA, "maria")
    with pytest.raises(WrongCode):
        signed_in_by_password("maria", Proof.RECOVERY, kims[0])


@pytest.mark.postgres
def test_two_parallel_uses_of_one_recovery_code_make_one_session(postgres_db: str):
    People.create()
    maria = with_password(MARIA, "maria")
    passwords.reauthenticate_by_password(maria, PASSWORD)
    code = second_factor.new_recovery_codes(maria)[0]
    asked = [passwords.password_sign_in(NOBODY, "maria", PASSWORD) for _ in range(6)]
    assert len(in_parallel([(a.id, Proof.RECOVERY, code) for a in asked])) == 1


def test_two_parallel_uses_of_one_code_make_one_session(db: str):
    People.create()
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    code = code_sent("second_code", EMAIL)
    assert len(in_parallel([(asked.id, Proof.EMAIL, code)] * 6)) == 1


def in_parallel(answers: list[tuple[str, Proof, str]]) -> list[str]:
    """Answer challenges in parallel threads; returns the tickets."""
    tickets: list[str] = []
    barrier = threading.Barrier(len(answers))

    def answer(id_: str, way: Proof, code: str) -> None:
        barrier.wait()
        try:
            with clock.held_at(clock.now()):
                tickets.append(second_factor.answer_challenge(NOBODY, id_, way, code))
        except (ChallengeOver, WrongCode):
            return

    threads = [threading.Thread(target=answer, args=arguments) for arguments in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tickets
