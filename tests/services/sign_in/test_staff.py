"""Sign-in of staff: password and authenticator app, always both."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from pyotp.totp import TOTP
from sqlmodel import select, update

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.sign_in import SignInLock, StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import EVERYONE, Permission, Role, Side, nobody, system_principal
from portal_app.domain.credentials.errors import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
)
from portal_app.domain.errors import NotSignedIn, PermissionDenied, UserError
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import StaffSignInExpired, WrongStaffCode, WrongStaffPassword
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password, check_staff_totp
from tests.people import People
from tests.services.credentials_helper import trail

VISITOR = nobody("203.0.113.7", "en")
PORTAL = system_principal("test")
EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"
# The second factor of staff uses the real clock, which is stopped here.
NOW = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def real_time() -> Iterator[time_machine.Traveller]:
    rate_limits.forget_all()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nora(sample_people: People) -> str:
    return add_staff_member(sample_people.olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)


def set_up() -> TOTP:
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    app = pyotp.parse_uri(challenge.secret_uri)
    assert isinstance(app, TOTP)
    redeem(check_staff_totp(VISITOR, challenge.id, app.now()))
    return app


def test_the_first_time_they_set_up_the_app_by_scanning_a_code(nora: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    assert challenge.set_up
    assert challenge.qr_svg.startswith("<svg")
    assert "Riverside" in challenge.secret_uri
    app = pyotp.parse_uri(challenge.secret_uri)
    ticket = check_staff_totp(VISITOR, challenge.id, app.now())  # type: ignore[union-attr]
    principal = principal_of(hash_token(redeem(ticket).value), Side.STAFF)
    assert principal.staff_id == nora
    assert principal.may(Permission.REFUND) and not principal.may(Permission.VIEW_PATIENTS)
    assert principal.accounts is EVERYONE and principal.patients == frozenset()


def test_the_second_staff_sign_in_shows_no_secret(nora: str):
    set_up()
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    assert (challenge.set_up, challenge.secret_uri, challenge.qr_svg, challenge.secret) == (False, "", "", "")


@pytest.mark.parametrize("shape", ["{}–{}", "{}—{}", "{}‑{}", "{}−{}", "{} {}", "{}.{}"])
def test_b50_a_staff_code_is_read_with_any_dash(nora: str, shape: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    code = TOTP(challenge.secret.replace(" ", "")).now()
    assert check_staff_totp(VISITOR, challenge.id, shape.format(code[:3], code[3:]))


def test_b50_a_staff_code_is_read_in_the_digits_of_any_script(nora: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    code = TOTP(challenge.secret.replace(" ", "")).now()
    assert check_staff_totp(VISITOR, challenge.id, code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))


def test_a_code_works_once(nora: str, real_time: time_machine.Traveller):
    app = set_up()
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    with pytest.raises(WrongStaffCode):
        check_staff_totp(VISITOR, challenge.id, app.now())
    real_time.shift(30)
    assert check_staff_totp(VISITOR, challenge.id, app.now())


def test_a_clock_30_seconds_off_is_accepted_90_seconds_is_not(nora: str, real_time: time_machine.Traveller):
    app = set_up()
    real_time.shift(300)
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    with pytest.raises(WrongStaffCode):
        check_staff_totp(VISITOR, challenge.id, app.at(datetime.now(UTC) - timedelta(seconds=90)))
    assert check_staff_totp(VISITOR, challenge.id, app.at(datetime.now(UTC) - timedelta(seconds=30)))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        ("nobody@riverside.example", PASSWORD),
        ("", ""),
        (EMAIL.upper(), "x" * 500),
    ],
)
def test_every_wrong_staff_sign_in_gets_the_same_error(nora: str, email: str, password: str):
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, email, password)


def test_five_failures_lock_a_staff_sign_in_for_that_network_and_the_lock_doubles(
    nora: str, real_time: time_machine.Traveller
):
    for _ in range(5):
        with pytest.raises(WrongStaffPassword):
            check_staff_password(VISITOR, EMAIL, "wrong")
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, EMAIL, PASSWORD)
    assert check_staff_password(nobody("198.51.100.9"), EMAIL, PASSWORD).id
    real_time.shift(61)
    assert check_staff_password(VISITOR, EMAIL, PASSWORD).id
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, EMAIL, "wrong")
    with reading(PORTAL) as tx:
        [row] = tx.exec(select(SignInLock).where(SignInLock.failures > 0)).all()
    assert (row.failures, row.locked_until) == (6, datetime.now(UTC) + timedelta(minutes=2))


@pytest.mark.parametrize("failures", [45, 1_023])
@pytest.mark.parametrize("email", [EMAIL, "nobody@riverside.example"])
def test_however_many_failures_there_are_the_answer_and_the_trail_stay(
    nora: str, real_time: time_machine.Traveller, email: str, failures: int
):
    """From the 46th on the length of the lock could not be computed: no lock, no trail, for those who exist only."""
    before = len(trail())
    for n in range(5):
        rate_limits.forget_all()
        real_time.shift(3_601)
        with pytest.raises(WrongStaffPassword):
            check_staff_password(VISITOR, email, "wrong")
        if not n:
            with transaction(PORTAL) as tx:
                tx.exec(update(SignInLock).values(failures=failures, locked_until=None))
    assert len(trail()) - before == 5
    with reading(PORTAL) as tx:
        [row] = tx.exec(select(SignInLock)).all()
    # A lock of a day, so that the tries after the first hour are not counted.
    assert (row.failures, row.locked_until) == (failures + 1, row.last_failure_at + timedelta(days=1))


def test_five_wrong_staff_codes_end_the_step(nora: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    for _ in range(5):
        with pytest.raises(WrongStaffCode):
            check_staff_totp(VISITOR, challenge.id, "000000")
    with pytest.raises(StaffSignInExpired):
        check_staff_totp(VISITOR, challenge.id, "000000")


def test_a_staff_step_is_valid_for_ten_minutes(nora: str, real_time: time_machine.Traveller):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    real_time.shift(600)
    app = pyotp.parse_uri(challenge.secret_uri)
    with pytest.raises(StaffSignInExpired):
        check_staff_totp(VISITOR, challenge.id, app.now())  # type: ignore[union-attr]


def test_the_secret_of_an_app_is_stored_encrypted(nora: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    with reading(PORTAL) as tx:
        assert challenge.secret.replace(" ", "") not in tx.get_or_404(StaffStep, challenge.id).totp_secret
    app = TOTP(challenge.secret.replace(" ", ""))
    check_staff_totp(VISITOR, challenge.id, app.now())
    with reading(PORTAL) as tx:
        member = tx.get_or_404(StaffMember, nora)
    assert challenge.secret.replace(" ", "") not in member.totp_secret
    assert PASSWORD not in member.password_hash and member.password_hash.startswith("$argon2id$")


def test_an_inactive_staff_member_is_signed_out_at_once(nora: str):
    challenge = check_staff_password(VISITOR, EMAIL, PASSWORD)
    ref = hash_token(
        redeem(check_staff_totp(VISITOR, challenge.id, TOTP(challenge.secret.replace(" ", "")).now())).value
    )
    with transaction(PORTAL) as tx:
        tx.get_or_404(StaffMember, nora).active = False
    with pytest.raises(NotSignedIn):
        principal_of(ref, Side.STAFF)
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, EMAIL, PASSWORD)


def test_adding_staff_needs_the_permission_to_manage_staff(sample_people: People):
    with pytest.raises(PermissionDenied):
        add_staff_member(sample_people.dana, EMAIL, "Nora", Role.OWNER, PASSWORD)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("short", PasswordTooShort),
        ("aaaaaaaaaaaaaaaa", PasswordTooCommon),
        ("nora.cohen is me", PasswordHasOwnName),
        ("x" * 201, PasswordTooLong),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(
    sample_people: People, password: str, error: type[UserError]
):
    with pytest.raises(error):
        add_staff_member(sample_people.olga, EMAIL, "Nora Cohen", Role.BILLING, password)
