"""/staff/account, as a tab holds it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pyotp.totp import TOTP

from portal_app import clock
from portal_app.domain.access import Principal, Role, Side
from portal_app.domain.credentials.errors import PasswordTooShort
from portal_app.domain.errors import NotFound
from portal_app.services.credentials.errors import ReauthRequired, WrongCode
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import WrongStaffProof
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password, check_staff_totp
from portal_app.state.errors import CodeMissing
from portal_app.state.staff.errors import PasswordOrCodeMissing
from portal_app.state.staff.sign_in_settings import StaffSignInSettingsState
from tests.people import People
from tests.services.credentials_helper import NOBODY
from tests.state_helper import happens, look_from, on_screen, shows_refusal

EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"


@pytest.fixture
def time(sqlite_db: str) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def nora(time: time_machine.Traveller) -> tuple[Principal, TOTP]:
    add_staff_member(People.create().olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
    challenge = check_staff_password(NOBODY, EMAIL, PASSWORD)
    app = TOTP(challenge.secret.replace(" ", ""))
    session = redeem(check_staff_totp(NOBODY, challenge.id, app.now()))
    return principal_of(hash_token(session.value), Side.STAFF), app


@pytest.fixture
async def page(nora: tuple[Principal, TOTP], monkeypatch: pytest.MonkeyPatch) -> StaffSignInSettingsState:
    look_from(monkeypatch, nora[0])
    page = on_screen(StaffSignInSettingsState, "/staff/account")
    await happens(page.load)
    assert (page.ready, page.panel, page.email, len(page.devices)) == (True, "", EMAIL, 1)
    return page


async def test_reauthentication_comes_before_a_new_password(
    page: StaffSignInSettingsState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.start_change, change="password")
    assert page.panel == "reauthenticate"
    await happens(page.set_password, form={"password": "eleven green kettles sing"})
    assert page.panel == "reauthenticate" and shows_refusal(page, ReauthRequired)
    time.shift(30)
    await happens(page.reauthenticate, form={"password": "not hers", "code": nora[1].now()})
    assert page.panel == "reauthenticate" and shows_refusal(page, WrongStaffProof)
    await happens(page.reauthenticate, form={"password": PASSWORD, "code": nora[1].now()})
    assert (page.panel, page.message) == ("password", "")
    await happens(page.set_password, form={"password": "short"})
    assert page.panel == "password" and shows_refusal(page, PasswordTooShort)
    await happens(page.set_password, form={"password": "eleven green kettles sing"})
    assert (page.panel, page.message) == ("", "Your password is changed. Other devices are signed out.")
    rate_limits.forget_all()
    assert check_staff_password(NOBODY, EMAIL, "eleven green kettles sing").id


async def test_the_secret_of_a_new_app_is_gone_once_the_app_is_set_up(
    page: StaffSignInSettingsState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.start_change, change="app")
    time.shift(30)
    await happens(page.reauthenticate, form={"password": PASSWORD, "code": nora[1].now()})
    assert page.panel == "app" and page.qr.startswith("data:image/svg+xml,")
    secret = page.secret
    await happens(page.load)  # the connection was lost meanwhile
    assert (page.panel, page.secret) == ("app", secret)
    await happens(page.confirm_app, form={"code": "000000"})
    assert page.panel == "app" and shows_refusal(page, WrongCode, "code")
    await happens(page.confirm_app, form={"code": TOTP(secret.replace(" ", "")).now()})
    assert (page.panel, page.qr, page.secret) == ("", "", "")
    assert page.message == "Your authenticator app is set up. Other devices are signed out."


async def test_a_change_that_does_not_exist_is_refused(page: StaffSignInSettingsState):
    await happens(page.start_change, change="role")
    assert page.panel == "" and shows_refusal(page, NotFound)


async def test_an_empty_form_says_what_is_missing_and_counts_no_try(
    page: StaffSignInSettingsState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.start_change, change="app")
    for form in ({}, {"password": PASSWORD, "code": " "}, {"password": "", "code": "123456"}):
        await happens(page.reauthenticate, form=form)
        assert page.panel == "reauthenticate" and shows_refusal(page, PasswordOrCodeMissing)
    time.shift(30)
    await happens(page.reauthenticate, form={"password": PASSWORD, "code": nora[1].now()})
    await happens(page.confirm_app, form={"code": "  "})
    assert page.panel == "app" and shows_refusal(page, CodeMissing, "code")


async def test_a_new_app_needs_a_proof_that_is_still_good(
    page: StaffSignInSettingsState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.start_change, change="app")
    time.shift(30)
    await happens(page.reauthenticate, form={"password": PASSWORD, "code": nora[1].now()})
    with clock.held_at(clock.now() + timedelta(minutes=11)):
        await happens(page.confirm_app, form={"code": TOTP(page.secret.replace(" ", "")).now()})
    assert page.panel == "reauthenticate" and shows_refusal(page, ReauthRequired)
