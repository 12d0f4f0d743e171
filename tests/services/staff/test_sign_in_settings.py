"""A member of staff changes their own password and app: it is shown who asks, others end, they are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pyotp.totp import TOTP
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Principal, Role, Side, nobody
from portal_app.domain.credentials.errors import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
)
from portal_app.domain.errors import NotSignedIn, PermissionDenied, UserError
from portal_app.services.credentials.errors import ReauthRequired, WrongCode
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import (
    StaffEmailUnknown,
    StaffSignInExpired,
    WrongStaffCode,
    WrongStaffPassword,
    WrongStaffProof,
)
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password, check_staff_totp
from portal_app.services.staff import sign_in_settings
from tests.people import People
from tests.services.credentials_helper import TEST, outbox, trail

VISITOR = nobody("203.0.113.7", "en")
EMAIL, PASSWORD, OTHER = "nora.cohen@riverside.example", "seven quiet herons fly", "eleven green kettles sing"
NOW = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def real_time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class Nora:
    """At work, with her app in her hand; a code works once, so each is the next one."""

    def __init__(self, time: time_machine.Traveller) -> None:
        self.time = time
        asked = check_staff_password(VISITOR, EMAIL, PASSWORD)
        self.app = TOTP(asked.secret.replace(" ", ""))
        self.me = self.in_by(check_staff_totp(VISITOR, asked.id, self.app.now()))

    def in_by(self, ticket: str) -> Principal:
        return principal_of(hash_token(redeem(ticket).value), Side.STAFF)

    def code(self) -> str:
        self.time.shift(30)
        rate_limits.forget_all()
        return self.app.now()

    def elsewhere(self) -> Principal:
        asked = check_staff_password(VISITOR, EMAIL, PASSWORD)
        return self.in_by(check_staff_totp(VISITOR, asked.id, self.code()))

    def prove(self) -> None:
        sign_in_settings.reauthenticate_staff(self.me, PASSWORD, self.code())


@pytest.fixture
def nora(sample_people: People, real_time: time_machine.Traveller) -> Nora:
    add_staff_member(sample_people.olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
    return Nora(real_time)


def is_out(who: Principal) -> bool:
    try:
        principal_of(who.session_ref, Side.STAFF)
    except NotSignedIn:
        return True
    return False


def test_nothing_changes_before_it_is_shown_who_asks_even_just_after_signing_in(nora: Nora):
    assert not sign_in_settings.is_staff_reauthenticated(nora.me)
    with pytest.raises(ReauthRequired):
        sign_in_settings.change_staff_password(nora.me, OTHER)
    with pytest.raises(ReauthRequired):
        sign_in_settings.begin_staff_app(nora.me)
    with pytest.raises(ReauthRequired):
        sign_in_settings.confirm_staff_app(nora.me, "000000")


@pytest.mark.parametrize("wrong", ["password", "code", "both", "used"])
def test_password_and_code_together_show_it_and_which_was_wrong_is_not_said(nora: Nora, wrong: str):
    code = nora.code()
    if wrong == "used":
        sign_in_settings.reauthenticate_staff(nora.me, PASSWORD, code)
    with pytest.raises(WrongStaffProof):
        sign_in_settings.reauthenticate_staff(
            nora.me,
            "not hers" if wrong in ("password", "both") else PASSWORD,
            "000000" if wrong in ("code", "both") else code,
        )
    assert [(line.outcome, line.actor) for line in trail() if line.action == "prove:staff"][-1] == (
        "refused",
        nora.me.name,
    )


def test_it_holds_for_ten_minutes_and_in_that_session_only(nora: Nora):
    there = nora.elsewhere()
    nora.prove()
    assert sign_in_settings.is_staff_reauthenticated(nora.me)
    assert not sign_in_settings.is_staff_reauthenticated(there)
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        assert not sign_in_settings.is_staff_reauthenticated(nora.me)


def test_five_wrong_proofs_lock_the_sign_in_there(nora: Nora):
    rate_limits.forget_all()
    for _ in range(5):
        with pytest.raises(WrongStaffProof):
            sign_in_settings.reauthenticate_staff(nora.me, "not hers", "000000")
    rate_limits.forget_all()
    with pytest.raises(WrongStaffProof):
        sign_in_settings.reauthenticate_staff(nora.me, PASSWORD, nora.app.now())
    assert check_staff_password(
        VISITOR, EMAIL, PASSWORD
    ).id  # from elsewhere: a lock is of account and network


def test_a_new_password_replaces_the_old_ends_the_rest_and_is_told(nora: Nora):
    there = nora.elsewhere()
    halfway = check_staff_password(VISITOR, EMAIL, PASSWORD)
    nora.prove()
    sign_in_settings.change_staff_password(nora.me, OTHER)
    assert is_out(there) and not is_out(nora.me)
    with pytest.raises(StaffSignInExpired):  # begun with the old password
        check_staff_totp(VISITOR, halfway.id, nora.code())
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, EMAIL, PASSWORD)
    assert check_staff_password(VISITOR, EMAIL, OTHER).id
    (told,) = outbox("staff_password_changed")
    assert (told.to, told.channel, "tell an owner" in told.body) == (EMAIL, "email", True)
    assert OTHER not in told.body
    assert ("change:staff_password", nora.me.name) in [(line.action, line.actor) for line in trail()]


def test_a_ticket_that_waits_dies_with_the_old_password(nora: Nora):
    asked = check_staff_password(VISITOR, EMAIL, PASSWORD)
    ticket = check_staff_totp(VISITOR, asked.id, nora.code())
    nora.prove()
    sign_in_settings.change_staff_password(nora.me, OTHER)
    with pytest.raises(NotSignedIn):
        redeem(ticket)


@pytest.mark.parametrize(
    ("password", "kind"),
    [
        ("short", PasswordTooShort),
        ("x" * 201, PasswordTooLong),
        ("passwordpassword", PasswordTooCommon),
        ("nora.cohen 2026", PasswordHasOwnName),
        ("Cohen-Nora-Cohen", PasswordHasOwnName),
    ],
)
def test_a_new_password_that_is_easy_to_guess_is_refused_with_the_reason(
    nora: Nora, password: str, kind: type[UserError]
):
    nora.prove()
    with pytest.raises(kind):
        sign_in_settings.change_staff_password(nora.me, password)
    assert check_staff_password(VISITOR, EMAIL, PASSWORD).id


def test_another_app_counts_from_its_first_code_and_each_code_once(nora: Nora):
    there = nora.elsewhere()
    nora.prove()
    made = sign_in_settings.begin_staff_app(nora.me)
    assert made.qr_svg.startswith("<svg") and "Riverside" in made.uri
    new, old = TOTP(made.secret.replace(" ", "")), nora.app
    with pytest.raises(WrongCode):
        sign_in_settings.confirm_staff_app(nora.me, nora.code())  # a code of the old app
    assert not is_out(there)
    sign_in_settings.confirm_staff_app(nora.me, new.now())
    assert is_out(there) and not is_out(nora.me)
    asked = check_staff_password(VISITOR, EMAIL, PASSWORD)
    for code in (old.now(), new.now()):  # the old app's, and the one that was used
        with pytest.raises(WrongStaffCode):
            check_staff_totp(VISITOR, asked.id, code)
    nora.time.shift(30)
    assert check_staff_totp(VISITOR, asked.id, new.now())
    with pytest.raises(WrongCode):  # nothing waits any more
        sign_in_settings.confirm_staff_app(nora.me, new.now())
    (told,) = outbox("staff_app_changed")
    assert told.to == EMAIL and made.secret not in told.body
    with reading(TEST) as tx:
        member = tx.exec(select(StaffMember).where(StaffMember.email == EMAIL)).one()
        lines = tx.exec(select(AuditEntry).where(AuditEntry.action == "change:staff_app")).all()
    assert member.totp_waiting == "" and made.secret.replace(" ", "") not in member.totp_secret
    assert [line.outcome for line in lines] == ["refused", "ok", "refused"]


def test_until_then_the_old_app_lets_in(nora: Nora):
    nora.prove()
    sign_in_settings.begin_staff_app(nora.me)
    asked = check_staff_password(VISITOR, EMAIL, PASSWORD)
    assert not asked.set_up
    assert check_staff_totp(VISITOR, asked.id, nora.code())


def test_a_patient_has_no_account_at_work(sample_people: People):
    for ask in (
        sign_in_settings.view_account,
        sign_in_settings.begin_staff_app,
        sign_in_settings.is_staff_reauthenticated,
    ):
        with pytest.raises(PermissionDenied):
            ask(sample_people.maria)


def test_who_lost_the_phone_is_given_a_new_beginning_by_who_manages_staff(nora: Nora, sample_people: People):
    there = nora.elsewhere()
    with pytest.raises(PermissionDenied):
        sign_in_settings.reset_staff_sign_in(sample_people.dana, EMAIL, OTHER)
    with pytest.raises(StaffEmailUnknown):
        sign_in_settings.reset_staff_sign_in(sample_people.olga, "gone@riverside.example", OTHER)
    sign_in_settings.reset_staff_sign_in(sample_people.olga, EMAIL.upper(), OTHER)
    assert is_out(nora.me) and is_out(there)
    asked = check_staff_password(VISITOR, EMAIL, OTHER)
    assert asked.set_up
    with pytest.raises(WrongStaffCode):
        check_staff_totp(VISITOR, asked.id, nora.code())
    assert check_staff_totp(VISITOR, asked.id, TOTP(asked.secret.replace(" ", "")).now())
    assert outbox("staff_password_changed")
    assert ("reset:staff_sign_in", sample_people.olga.name) in [(line.action, line.actor) for line in trail()]
