"""/staff/account, as a tab holds it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from pyotp.totp import TOTP

from portal_app.domain.access import Principal, Role, Side
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password, check_staff_totp
from portal_app.state.staff.sign_in_settings import StaffAccountState
from tests.people import People
from tests.services.credentials_helper import NOBODY
from tests.state_helper import happens, look_from, on_screen

EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"


@pytest.fixture
def time(sqlite_db: str) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def nora(time: time_machine.Traveller) -> tuple[Principal, TOTP]:
    add_staff_member(People.create().olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
    asked = check_staff_password(NOBODY, EMAIL, PASSWORD)
    app = TOTP(asked.secret.replace(" ", ""))
    session = redeem(check_staff_totp(NOBODY, asked.id, app.now()))
    return principal_of(hash_token(session.value), Side.STAFF), app


@pytest.fixture
async def page(nora: tuple[Principal, TOTP], monkeypatch: pytest.MonkeyPatch) -> StaffAccountState:
    look_from(monkeypatch, nora[0])
    page = on_screen(StaffAccountState, "/staff/account")
    await happens(page.load)
    assert (page.ready, page.panel, page.email, len(page.devices)) == (True, "", EMAIL, 1)
    return page


async def test_who_it_is_comes_first_then_the_password(
    page: StaffAccountState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.want, what="password")
    assert page.panel == "prove"
    await happens(page.set_password, form={"password": "eleven green kettles sing"})
    assert (page.panel, bool(page.error)) == ("prove", True)  # asked past its order
    time.shift(30)
    await happens(page.prove, form={"password": "not hers", "code": nora[1].now()})
    assert (page.panel, bool(page.error)) == ("prove", True)
    await happens(page.prove, form={"password": PASSWORD, "code": nora[1].now()})
    assert (page.panel, page.error) == ("password", "")
    await happens(page.set_password, form={"password": "short"})
    assert (page.panel, bool(page.error)) == ("password", True)
    await happens(page.set_password, form={"password": "eleven green kettles sing"})
    assert (page.panel, page.news) == ("", "Your password is changed. Other devices are signed out.")
    rate_limits.forget_all()
    assert check_staff_password(NOBODY, EMAIL, "eleven green kettles sing").id


async def test_another_app_is_shown_once_and_gone_when_it_is_done(
    page: StaffAccountState, nora: tuple[Principal, TOTP], time: time_machine.Traveller
):
    await happens(page.want, what="app")
    time.shift(30)
    await happens(page.prove, form={"password": PASSWORD, "code": nora[1].now()})
    assert page.panel == "app" and page.qr.startswith("data:image/svg+xml,")
    secret = page.secret
    await happens(page.load)  # the connection was lost while the app was in front
    assert (page.panel, page.secret) == ("app", secret)
    await happens(page.confirm_app, form={"code": "000000"})
    assert page.error
    await happens(page.confirm_app, form={"code": TOTP(secret.replace(" ", "")).now()})
    assert (page.panel, page.qr, page.secret) == ("", "", "")
    assert page.news == "Your authenticator app is set up. Other devices are signed out."


async def test_what_cannot_be_changed_here_is_not_found(page: StaffAccountState):
    await happens(page.want, what="role")
    assert (page.panel, bool(page.error)) == ("", True)
