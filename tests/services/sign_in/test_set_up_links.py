"""Set-up links: outside a demo they are the only way for staff to set up a first authenticator app."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pyotp.totp import TOTP
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.sign_in import StaffSetUpLink, StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Role, Side, nobody, system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import StaffId
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import (
    NeedsSetUpLink,
    SetUpLinkOver,
    StaffAppAlreadySetUp,
    StaffEmailUnknown,
    StaffSignInExpired,
    WrongSetUpPassword,
    WrongStaffCode,
    WrongStaffPassword,
)
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.set_up_links import is_set_up_link_open, make_set_up_link
from portal_app.services.sign_in.staff import (
    StaffChallenge,
    add_staff_member,
    begin_set_up,
    check_staff_password,
    check_staff_totp,
)
from portal_app.services.staff import sign_in_settings
from portal_app.settings import settings
from tests.commands.places import PRODUCTION
from tests.people import People
from tests.services.credentials_helper import trail

VISITOR = nobody("203.0.113.7", "en")
PORTAL = system_principal("test")
EMAIL, PASSWORD, OTHER = "nora.cohen@riverside.example", "seven quiet herons fly", "eleven green kettles sing"
NOW = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a practice."""
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    rate_limits.forget_all()
    assert not settings().demo
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(autouse=True)
def time(production: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nora(sample_people: People) -> StaffId:
    return add_staff_member(sample_people.olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)


@pytest.fixture
def token(nora: StaffId) -> str:
    return new_token()


def new_token() -> str:
    address, _, token = make_set_up_link(PORTAL, EMAIL).address.partition("#")
    assert address == "https://portal.riverside.example/staff/set-up"
    return token


def member(id_: StaffId) -> StaffMember:
    with reading(PORTAL) as tx:
        return tx.get_or_404(StaffMember, id_)


def scanned(challenge: StaffChallenge) -> str:
    """The code that an app shows after scanning the challenge's secret."""
    return TOTP(challenge.secret.replace(" ", "")).now()


def set_up(token: str) -> str:
    """Set up an app with the link; returns the session ticket."""
    challenge = begin_set_up(VISITOR, token, PASSWORD)
    return check_staff_totp(VISITOR, challenge.id, scanned(challenge))


def test_a_password_without_link_sets_up_no_app(nora: StaffId):
    with pytest.raises(NeedsSetUpLink):
        check_staff_password(VISITOR, EMAIL, PASSWORD)
    with reading(PORTAL) as tx:
        assert tx.exec(select(StaffStep)).all() == []
    assert member(nora).totp_secret == ""
    assert [(line.action, line.outcome) for line in trail() if line.subject == nora][-1] == (
        "sign_in:no_app",
        "refused",
    )


@pytest.mark.parametrize("with_link", [True, False])
def test_a_stranger_is_not_told_that_there_is_no_app(nora: StaffId, with_link: bool):
    if with_link:
        new_token()
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, EMAIL, "not the password")
    with pytest.raises(WrongStaffPassword):
        check_staff_password(VISITOR, "nobody@riverside.example", PASSWORD)


def test_link_and_password_set_up_an_app_and_sign_in(nora: StaffId, token: str):
    challenge = begin_set_up(VISITOR, token, PASSWORD)
    assert challenge.set_up and challenge.qr_svg.startswith("<svg") and "Riverside" in challenge.secret_uri
    ticket = check_staff_totp(VISITOR, challenge.id, scanned(challenge))
    assert principal_of(hash_token(redeem(ticket).value), Side.STAFF).staff_id == nora
    assert not check_staff_password(VISITOR, EMAIL, PASSWORD).set_up
    with reading(PORTAL) as tx:
        assert tx.exec(select(StaffSetUpLink)).all() == []


def test_the_link_works_once(nora: StaffId, token: str):
    set_up(token)
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, token, PASSWORD)


def test_of_two_steps_of_one_link_only_the_first_sets_up_its_app(nora: StaffId, token: str):
    """Both have scanned a secret before the first code was typed: the second secret is discarded."""
    first = begin_set_up(VISITOR, token, PASSWORD)
    second = begin_set_up(VISITOR, token, PASSWORD)
    check_staff_totp(VISITOR, first.id, scanned(first))
    with pytest.raises(WrongStaffCode):
        check_staff_totp(VISITOR, second.id, scanned(second))


def test_a_set_up_link_is_valid_for_48_hours(nora: StaffId, token: str, time: time_machine.Traveller):
    time.shift(timedelta(hours=48, seconds=-1))
    started = begin_set_up(VISITOR, token, PASSWORD)
    time.shift(1)
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, token, PASSWORD)
    with pytest.raises(StaffSignInExpired):
        check_staff_totp(VISITOR, started.id, scanned(started))
    assert member(nora).totp_secret == ""


def test_link_1_a_dead_set_up_link_is_known_before_anything_is_asked(
    nora: StaffId, token: str, time: time_machine.Traveller
):
    assert is_set_up_link_open(VISITOR, token)
    assert not is_set_up_link_open(VISITOR, "")
    newer = new_token()
    assert not is_set_up_link_open(VISITOR, token)
    time.shift(timedelta(hours=48))
    assert not is_set_up_link_open(VISITOR, newer)
    newest = new_token()
    set_up(newest)
    assert not is_set_up_link_open(VISITOR, newest)


def test_a_newer_set_up_link_replaces_the_older(nora: StaffId, token: str):
    started = begin_set_up(VISITOR, token, PASSWORD)
    newer = new_token()
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, token, PASSWORD)
    with pytest.raises(StaffSignInExpired):  # started with the replaced link
        check_staff_totp(VISITOR, started.id, scanned(started))
    assert set_up(newer)


@pytest.mark.parametrize("wrong", ["", "x" * 43, "x" * 5000, "é☃"])
def test_an_unknown_token_is_refused(nora: StaffId, token: str, wrong: str):
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, wrong, PASSWORD)


def test_only_the_hash_of_a_set_up_link_is_stored(nora: StaffId, token: str):
    with reading(PORTAL) as tx:
        (kept,) = tx.exec(select(StaffSetUpLink)).all()
    assert (kept.staff_id, kept.hash) == (nora, hash_token(token))
    assert token not in str(kept.model_dump())


def test_five_wrong_passwords_with_a_set_up_link_lock_the_sign_in(
    nora: StaffId, token: str, time: time_machine.Traveller
):
    for _ in range(5):
        with pytest.raises(WrongSetUpPassword):
            begin_set_up(VISITOR, token, "not the password")
    rate_limits.forget_all()
    with pytest.raises(WrongSetUpPassword):
        begin_set_up(VISITOR, token, PASSWORD)
    time.shift(61)
    assert begin_set_up(VISITOR, token, PASSWORD).id


def test_an_inactive_staff_member_cannot_use_a_set_up_link(nora: StaffId, token: str):
    with transaction(PORTAL) as tx:
        tx.get_or_404(StaffMember, nora).active = False
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, token, PASSWORD)
    with pytest.raises(StaffEmailUnknown):
        make_set_up_link(PORTAL, EMAIL)


def test_a_staff_reset_ends_the_link_and_a_new_link_sets_up_another_app(nora: StaffId, token: str):
    sign_in_settings.reset_staff_sign_in(PORTAL, EMAIL, OTHER)
    with pytest.raises(SetUpLinkOver):
        begin_set_up(VISITOR, token, OTHER)
    with pytest.raises(NeedsSetUpLink):
        check_staff_password(VISITOR, EMAIL, OTHER)
    with pytest.raises(WrongSetUpPassword):
        begin_set_up(VISITOR, new_token(), PASSWORD)
    assert begin_set_up(VISITOR, new_token(), OTHER).set_up


def test_no_set_up_link_for_a_staff_member_with_an_app(nora: StaffId, token: str):
    set_up(token)
    with pytest.raises(StaffAppAlreadySetUp):
        make_set_up_link(PORTAL, EMAIL)


def test_a_step_without_set_up_link_sets_up_no_app(nora: StaffId, token: str):
    """Like one that was started before an update of the portal, or in a demo."""
    challenge = begin_set_up(VISITOR, token, PASSWORD)
    with transaction(PORTAL) as tx:
        tx.get_or_404(StaffStep, challenge.id).set_up_link = ""
    with pytest.raises(StaffSignInExpired):
        check_staff_totp(VISITOR, challenge.id, scanned(challenge))
    assert member(nora).totp_secret == ""


def test_a_set_up_link_needs_the_permission_to_manage_staff(sample_people: People, nora: StaffId):
    for principal in (sample_people.dana, sample_people.nora, sample_people.maria, VISITOR):
        with pytest.raises(PermissionDenied):
            make_set_up_link(principal, EMAIL)
