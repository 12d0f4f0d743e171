"""Username, password and re-authentication of patients."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import delete, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.credentials import PatientLogin
from portal_app.db.tables.sign_in import SignInLock
from portal_app.domain.access import Side
from portal_app.domain.credentials.errors import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
)
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import NotSignedIn, PermissionDenied, UserError
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.credentials.errors import (
    ReauthRequired,
    UsernameTaken,
    WrongPassword,
)
from portal_app.services.credentials.logins import find_patient, password_account
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import TooManyAttempts
from portal_app.services.sign_in.lockouts import begin_try
from portal_app.services.sign_in.password_hashes import hash_password, verify_password
from portal_app.services.sign_in.sessions import principal_of
from tests.people import KIM, MARIA, People
from tests.services.credentials_helper import (
    NOBODY,
    PASSWORD,
    TEST,
    code_sent,
    new_session,
    next_code,
    recipients_of,
    sign_in_as,
    trail,
    with_app,
    with_password,
)

EMAIL, PHONE = "maria@example.com", "+12125550142"


def login() -> PatientLogin:
    with reading(TEST) as tx:
        return tx.get_or_404(PatientLogin, MARIA.id)


def test_a_password_without_second_factor_signs_nobody_in(sample_people: People):
    with_password(MARIA, "Maria")
    asked = passwords.password_sign_in(NOBODY, "  mARIA ", PASSWORD)
    assert asked.ways == (Proof.EMAIL, Proof.SMS)
    assert dict(asked.shown) == {Proof.EMAIL: "m•••@example.com", Proof.SMS: "••• 0142"}
    second_factor.send_second_code(NOBODY, asked.id, Proof.SMS)
    ticket = second_factor.answer_challenge(NOBODY, asked.id, Proof.SMS, code_sent("second_code", PHONE))
    assert sign_in_as(ticket).patient_id == MARIA.id


def test_the_real_hash_costs_what_owasp_asks_for_at_least(real_passwords: None):
    """Its password storage cheat sheet: argon2id with 19 MiB and two passes, or more."""
    kept = hash_password(PASSWORD)
    memory, passes = (int(found) for found in re.findall(r"[mt]=(\d+)", kept))
    assert kept.startswith("$argon2id$v=19$") and memory >= 19 * 1024 and passes >= 2
    assert verify_password(PASSWORD, kept) == (True, None)
    assert (
        not verify_password(PASSWORD + "!", kept)[0]
        and not verify_password(PASSWORD[:-1], kept)[0]
        and not verify_password("", "")[0]
    )


def test_the_start_of_a_password_does_not_match():
    assert not verify_password("x" * 201, hash_password("x" * 200))[0]


def test_the_password_is_stored_as_argon2id_and_nowhere_else(sample_people: People):
    with_password(MARIA)
    assert login().password_hash.startswith("$argon2id$")
    assert PASSWORD not in str([entry.details for entry in trail()])


def test_changing_a_password_needs_reauthentication(sample_people: People):
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


def test_an_older_session_without_credentials_reauthenticates_by_a_code(sample_people: People):
    maria = new_session(MARIA)
    with clock.held_at(clock.now() + timedelta(minutes=12)):
        with pytest.raises(ReauthRequired):
            passwords.set_password(maria, "maria", PASSWORD)
        asked = second_factor.start_reauth(maria)
        second_factor.send_second_code(maria, asked.id, Proof.EMAIL)
        code = code_sent("second_code", EMAIL)
        assert second_factor.answer_challenge(maria, asked.id, Proof.EMAIL, code) == ""
        passwords.set_password(maria, "maria", PASSWORD)


def test_a_new_password_needs_the_second_factor_that_is_set_up(sample_people: People):
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


def test_a_changed_password_ends_other_sessions_and_notifies_all_contacts(sample_people: People):
    other = new_session(MARIA)
    maria = with_password(MARIA)
    with pytest.raises(NotSignedIn):
        principal_of(other.session_ref, Side.PATIENT)
    assert principal_of(maria.session_ref, Side.PATIENT)
    assert recipients_of("password_changed") == {EMAIL, PHONE}
    changed = [entry for entry in trail() if entry.action == "change:password"]
    assert [(entry.actor, entry.patient_id) for entry in changed] == [(f"patient:{MARIA.id}", MARIA.id)]


def test_unknown_wrong_delayed_and_locked_get_the_same_error(sample_people: People):
    with_password(MARIA, "maria")
    messages = set()
    for username, password in [("nobody-here", PASSWORD), *[("maria", "wrong, wrong, wrong")] * 5]:
        with pytest.raises(WrongPassword) as refused:
            passwords.password_sign_in(NOBODY, username, password)
        messages.add(str(refused.value))
    with pytest.raises(WrongPassword) as refused:  # the right password, before the delay is over
        passwords.password_sign_in(NOBODY, "maria", PASSWORD)
    assert messages == {str(refused.value)}
    with time_machine.travel(clock.real_now() + timedelta(minutes=3)):
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_twenty_failures_lock_a_sign_in_for_a_day_or_until_staff_unlock_it(sample_people: People):
    maria = with_password(MARIA, "maria")
    began = clock.real_now()
    with time_machine.travel(began) as traveller:
        for _ in range(20):
            rate_limits.forget_all()
            with pytest.raises(WrongPassword):
                passwords.password_sign_in(NOBODY, "maria", "wrong, wrong, wrong")
            traveller.shift(3_601)
        rate_limits.forget_all()
        traveller.shift(timedelta(hours=20))
        assert passwords.view_sign_in(maria).locked
        with pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "maria", PASSWORD)
        with pytest.raises(PermissionDenied):
            passwords.unlock_sign_in(sample_people.nora, MARIA.id, "seen her passport")
        passwords.unlock_sign_in(sample_people.dana, MARIA.id, "seen her passport")
        assert not passwords.view_sign_in(maria).locked
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_the_day_ends_by_itself(sample_people: People):
    with_password(MARIA, "maria")
    _fail(20)
    with time_machine.travel(clock.real_now() + timedelta(days=1, minutes=1)):
        assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways


def test_the_twentieth_try_with_the_right_password_locks_nobody_out(sample_people: People):
    maria = with_password(MARIA, "maria")
    _fail(19)
    assert passwords.password_sign_in(NOBODY, "maria", PASSWORD).ways
    assert not passwords.view_sign_in(maria).locked


def _fail(times: int) -> None:
    """So many failures from NOBODY's network, the lock of the last one over unless it is of a day."""
    with transaction(TEST) as tx:
        asker = find_patient(tx, NOBODY, MARIA.id)
        for _ in range(times):
            begin_try(tx, "password", password_account("maria"), asker)
            row = tx.exec(select(SignInLock)).one()
            if row.failures < 20:
                row.locked_until = None


def test_unknown_usernames_have_a_rate_limit_too(sample_people: People):
    for _ in range(20):
        with pytest.raises(WrongPassword):
            passwords.password_sign_in(NOBODY, "nobody-here", PASSWORD)
    with pytest.raises(TooManyAttempts):
        passwords.password_sign_in(NOBODY, "nobody-here", PASSWORD)


def test_unknown_and_known_names_take_the_same_time(sqlite_db: str, real_passwords: None):
    People.create()
    with_password(MARIA, "maria")
    durations: dict[str, list[float]] = {"maria": [], "nobody-here": []}
    for _ in range(12):
        for name, times in durations.items():
            rate_limits.forget_all()
            with transaction(TEST) as tx:
                tx.exec(delete(SignInLock))
            start = time.perf_counter()
            with pytest.raises(WrongPassword):
                passwords.password_sign_in(NOBODY, name, "wrong, wrong, wrong")
            times.append(time.perf_counter() - start)
    known, unknown = (sorted(times)[5] for times in durations.values())
    assert abs(known - unknown) < 0.3 * max(known, unknown)
