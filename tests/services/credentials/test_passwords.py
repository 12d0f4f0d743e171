"""Username, password and the second factor."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.credentials import PatientLogin, RecoveryCode
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side
from portal_app.domain.credentials import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    Proof,
)
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.services.credentials import devices, passwords, second_factor
from portal_app.services.credentials.errors import (
    ChallengeOver,
    ReauthRequired,
    UsernameTaken,
    WrongCode,
    WrongPassword,
)
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import TooManyAttempts
from portal_app.services.sign_in.password_hashes import hash_password, verify_password
from portal_app.services.sign_in.sessions import principal_of, redeem, write_ticket
from tests.people import KIM, MARIA, ROSA, People
from tests.services.credentials_helper import (
    NOBODY,
    PASSWORD,
    TEST,
    code_sent,
    new_session,
    next_code,
    outbox,
    sign_in_as,
    signed_in_by_password,
    told,
    trail,
    with_app,
    with_password,
)

EMAIL, PHONE = "maria@example.com", "+12125550142"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def login() -> PatientLogin:
    with reading(TEST) as tx:
        return tx.get_or_404(PatientLogin, MARIA.id)


def test_a_password_alone_signs_nobody_in(sample_people: People):
    with_password(MARIA, "Maria")
    asked = passwords.password_sign_in(NOBODY, "  mARIA ", PASSWORD)
    assert asked.ways == (Proof.EMAIL, Proof.SMS)
    assert dict(asked.shown) == {Proof.EMAIL: "m•••@example.com", Proof.SMS: "••• 0142"}
    second_factor.send_second_code(NOBODY, asked.id, Proof.SMS)
    ticket = second_factor.answer_challenge(NOBODY, asked.id, Proof.SMS, code_sent("second_code", PHONE))
    assert sign_in_as(ticket).patient_id == MARIA.id


def test_the_real_hash_costs_what_owasp_asks_for_at_least(real_passwords: None):
    """Its password storage cheat sheet: argon2id with 19 MiB and two turns, or more."""
    kept = hash_password(PASSWORD)
    memory, turns = (int(found) for found in re.findall(r"[mt]=(\d+)", kept))
    assert kept.startswith("$argon2id$v=19$") and memory >= 19 * 1024 and turns >= 2
    assert verify_password(PASSWORD, kept) == (True, None)
    assert (
        not verify_password(PASSWORD + "!", kept)[0]
        and not verify_password(PASSWORD[:-1], kept)[0]
        and not verify_password("", "")[0]
    )


def test_a_password_fits_whole_or_not_at_all():
    assert not verify_password("x" * 201, hash_password("x" * 200))[0]


def test_the_password_is_kept_as_argon2id_and_nowhere_else(sample_people: People):
    with_password(MARIA)
    assert login().password_hash.startswith("$argon2id$")
    assert PASSWORD not in str([entry.details for entry in trail()])


def test_setting_it_again_needs_to_show_who_one_is(sample_people: People):
    maria = with_password(MARIA)
    with pytest.raises(ReauthRequired):
        passwords.set_password(maria, "maria", "eleven quiet hedgehogs")
    with pytest.raises(WrongPassword):
        passwords.reauthenticate_by_password(maria, "not the one at all")
    passwords.reauthenticate_by_password(maria, PASSWORD)
    passwords.set_password(maria, "maria", "eleven quiet hedgehogs")
    with pytest.raises(WrongPassword):
        passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    assert passwords.password_sign_in(NOBODY, "maria", "eleven quiet hedgehogs").ways


def test_a_proof_lasts_ten_minutes(sample_people: People):
    maria = with_password(MARIA)
    passwords.reauthenticate_by_password(maria, PASSWORD)
    with clock.held_at(clock.now() + timedelta(minutes=10)), pytest.raises(ReauthRequired):
        passwords.remove_password(maria)


def test_a_stale_session_with_nothing_set_up_confirms_by_a_code(sample_people: People):
    maria = new_session(MARIA)
    with clock.held_at(clock.now() + timedelta(minutes=12)):
        with pytest.raises(ReauthRequired):
            passwords.set_password(maria, "maria", PASSWORD)
        asked = second_factor.start_reauth(maria)
        second_factor.send_second_code(maria, asked.id, Proof.EMAIL)
        code = code_sent("second_code", EMAIL)
        assert second_factor.answer_challenge(maria, asked.id, Proof.EMAIL, code) == ""
        passwords.set_password(maria, "maria", PASSWORD)


def test_a_forgotten_password_does_not_get_past_the_second_factor(sample_people: People):
    app, _ = with_app(with_password(MARIA))
    maria = new_session(MARIA)  # by a code to her email
    with pytest.raises(ReauthRequired):
        passwords.set_password(maria, "maria", "eleven quiet hedgehogs")
    asked = second_factor.start_reauth(maria)
    second_factor.send_second_code(maria, asked.id, Proof.EMAIL)
    second_factor.answer_challenge(maria, asked.id, Proof.EMAIL, code_sent("second_code", EMAIL))
    with pytest.raises(ReauthRequired):  # the email again is not a second factor
        passwords.set_password(maria, "maria", "eleven quiet hedgehogs")
    asked = second_factor.start_reauth(maria)
    second_factor.answer_challenge(maria, asked.id, Proof.TOTP, next_code(app))
    passwords.set_password(maria, "maria", "eleven quiet hedgehogs")


def test_usernames_are_unique_whatever_the_case(sample_people: People):
    with_password(MARIA, "Sunny.Day")
    with pytest.raises(UsernameTaken):
        with_password(KIM, "ＳUNNY.day")


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("too short", PasswordTooShort),
        ("password1234", PasswordTooCommon),
        ("Maria-Rivera-1981", PasswordHasOwnName),
        ("x" * 201, PasswordTooLong),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(
    sample_people: People, password: str, error: type[UserError]
):
    with pytest.raises(error):
        with_password(MARIA, "maria", password)


def test_a_changed_password_signs_out_elsewhere_and_tells_every_address(sample_people: People):
    other = new_session(MARIA)
    maria = with_password(MARIA)
    with pytest.raises(NotSignedIn):
        principal_of(other.session_ref, Side.PATIENT)
    assert principal_of(maria.session_ref, Side.PATIENT)
    assert told("password_changed") == {EMAIL, PHONE}
    changed = [entry for entry in trail() if entry.action == "change:password"]
    assert [(entry.actor, entry.patient_id) for entry in changed] == [(f"patient:{MARIA.id}", MARIA.id)]


def test_unknown_wrong_waiting_and_locked_get_the_same_words(sample_people: People):
    with_password(MARIA, "maria")
    said = set()
    for username, password in [("nobody-here", PASSWORD), *[("maria", "wrong, wrong, wrong")] * 4]:
        with pytest.raises(WrongPassword) as refused:
            passwords.password_sign_in(NOBODY, username, password)
        said.add(str(refused.value))
    with pytest.raises(WrongPassword) as refused:  # the right one, too early
        passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    assert said == {str(refused.value)}
    with clock.held_at(clock.now() + timedelta(minutes=3)):
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_twenty_mistakes_lock_and_only_the_desk_opens(sample_people: People):
    with_password(MARIA, "maria")
    for attempt in range(20):
        rate_limits.forget_all()
        with clock.held_at(clock.now() + timedelta(hours=2 * attempt)), pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "maria", "wrong, wrong, wrong")
    assert login().locked
    assert told("sign_in_locked") == {EMAIL, PHONE}
    rate_limits.forget_all()
    with clock.held_at(clock.now() + timedelta(days=30)):
        with pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "maria", PASSWORD)
        with pytest.raises(PermissionDenied):
            passwords.unlock_sign_in(sample_people.nora, MARIA.id, "seen her passport")
        passwords.unlock_sign_in(sample_people.dana, MARIA.id, "seen her passport")
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_the_twentieth_try_with_the_right_password_locks_nobody_out(sample_people: People):
    with_password(MARIA, "maria")
    with transaction(TEST) as tx:
        tx.get_or_404(PatientLogin, MARIA.id, lock=True).failures = 19
    assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways
    assert not login().locked


def test_the_throttle_counts_names_that_do_not_exist_too(sample_people: People):
    for _ in range(10):
        with pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "nobody-here", PASSWORD)
    with pytest.raises(TooManyAttempts):
        passwords.password_sign_in(NOBODY, "nobody-here", PASSWORD)


def test_unknown_and_known_names_take_the_same_time(sqlite_db: str, real_passwords: None):
    People.create()
    with_password(MARIA, "maria")
    took: dict[str, list[float]] = {"maria": [], "nobody-here": []}
    for _ in range(12):
        for name, times in took.items():
            rate_limits.forget_all()
            with transaction(TEST) as tx:
                row = tx.get_or_404(PatientLogin, MARIA.id, lock=True)
                row.failures, row.locked_until = 0, None
                tx.add(row)
            began = time.perf_counter()
            with pytest.raises(WrongPassword):
                passwords.password_sign_in(NOBODY, name, "wrong, wrong, wrong")
            times.append(time.perf_counter() - began)
    known, unknown = (sorted(times)[5] for times in took.values())
    assert abs(known - unknown) < 0.3 * max(known, unknown)


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
    with pytest.raises(WrongCode):  # it confirmed the set-up
        second_factor.answer_challenge(NOBODY, asked.id, Proof.TOTP, used)
    code = next_code(app)
    assert second_factor.answer_challenge(NOBODY, asked.id, Proof.TOTP, code)
    again = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    with pytest.raises(WrongCode):
        second_factor.answer_challenge(NOBODY, again.id, Proof.TOTP, code)


def test_five_wrong_codes_burn_the_challenge(sample_people: People):
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    for attempt in range(5):
        ended = ChallengeOver if attempt == 4 else WrongCode
        with clock.held_at(clock.now() + timedelta(minutes=2 * attempt)), pytest.raises(ended):
            second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, "000000")
    with pytest.raises(ChallengeOver):
        second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code_sent("second_code", EMAIL))


def test_a_second_code_lives_fifteen_minutes(sample_people: People):
    with_password(MARIA, "maria")
    asked = passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    second_factor.send_second_code(NOBODY, asked.id, Proof.EMAIL)
    code = code_sent("second_code", EMAIL)
    with clock.held_at(clock.now() + timedelta(minutes=15)), pytest.raises(ChallengeOver):
        second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code)
    with clock.held_at(clock.now() + timedelta(minutes=9, seconds=47)):
        assert second_factor.answer_challenge(NOBODY, asked.id, Proof.EMAIL, code)


def test_recovery_codes_work_once_each_and_new_ones_kill_the_old(sample_people: People):
    maria = with_password(MARIA, "maria")
    passwords.reauthenticate_by_password(maria, PASSWORD)
    first, second, *_ = old = second_factor.new_recovery_codes(maria)
    assert (
        signed_in_by_password("maria", Proof.RECOVERY, first.lower().replace("-", "")).patient_id == MARIA.id
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


def test_somebody_elses_recovery_code_is_of_no_use(sample_people: People):
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
    """The tickets that came of it."""
    tickets: list[str] = []
    together = threading.Barrier(len(answers))

    def try_it(id_: str, way: Proof, code: str) -> None:
        together.wait()
        try:
            with clock.held_at(clock.now()):
                tickets.append(second_factor.answer_challenge(NOBODY, id_, way, code))
        except (ChallengeOver, WrongCode):
            return

    threads = [threading.Thread(target=try_it, args=answer) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tickets


def test_one_sees_ones_devices_and_signs_out_there(sample_people: People):
    here = new_session(MARIA, device="Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36")
    there = new_session(MARIA, device="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1")
    new_session(ROSA)
    shown = devices.list_devices(here)
    assert [(d.words, d.here) for d in shown] == [("Chrome on Android", True), ("Safari on iPhone", False)]
    devices.end_device(here, shown[1].id)
    with pytest.raises(NotSignedIn):
        principal_of(there.session_ref, Side.PATIENT)
    with pytest.raises(NotFound):
        devices.end_device(here, shown[1].id)


def test_nobody_ends_another_persons_session(sample_people: People):
    rosa, kim = new_session(ROSA), new_session(KIM)
    hers = devices.list_devices(rosa)[0].id
    with pytest.raises(NotFound):
        devices.end_device(kim, hers)
    new_session(ROSA)
    new_session(ROSA)
    assert devices.end_other_devices(rosa) == 2
    with reading(TEST) as tx:
        ended = tx.exec(select(PortalSession).where(col(PortalSession.revoked_at).is_not(None))).all()
    assert {session.patient_id for session in ended} == {ROSA.id}
    (line,) = (line for line in trail() if line.action == "end_other_sessions")
    assert (line.actor, line.patient_id, line.details) == (rosa.name, ROSA.id, {"count": 2})


def test_staff_see_their_sessions_too(sample_people: People):
    with transaction(TEST) as tx:
        ticket = write_ticket(tx, way="password", staff_id=sample_people.dana.staff_id)
    from portal_app.services.sign_in.sessions import hash_token  # noqa: PLC0415

    dana = principal_of(hash_token(redeem(ticket).value), Side.STAFF)
    assert [device.here for device in devices.list_devices(dana)] == [True]
