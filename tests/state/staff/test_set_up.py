"""The page of a set-up link, as a tab holds it."""

import time

import pytest
from pyotp.totp import TOTP

from portal_app.domain.access import Role, nobody, system_principal
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import StaffSignInExpired, WrongSetUpPassword, WrongStaffCode
from portal_app.services.sign_in.sessions import redeem
from portal_app.services.sign_in.set_up_links import make_set_up_link
from portal_app.services.sign_in.staff import add_staff_member
from portal_app.state.staff.errors import PasswordMissing
from portal_app.state.staff.set_up import StaffSetUpState
from tests.people import People
from tests.state_helper import happens, look_from, on_screen, shows_refusal

SYSTEM = system_principal("test")
EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"


@pytest.fixture
def token(sqlite_db: str) -> str:
    rate_limits.forget_all()
    add_staff_member(People.create().olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
    return make_set_up_link(SYSTEM, EMAIL).address.partition("#")[2]


@pytest.fixture
def page(token: str, monkeypatch: pytest.MonkeyPatch) -> StaffSetUpState:
    look_from(monkeypatch, nobody("203.0.113.7"))
    return on_screen(StaffSetUpState, "/staff/set-up")


async def give_password(page: StaffSetUpState, token: str, password: str) -> tuple[str, str]:
    await happens(page.give_password, form={"token": token, "password": password})
    return page.step, page.field_errors.get("password", "")


async def test_password_then_first_code_set_up_the_app(page: StaffSetUpState, token: str):
    assert await give_password(page, token, PASSWORD) == ("scan", "")
    assert page.qr.startswith("data:image/svg") and page.secret and not page.ticket
    await happens(page.give_code, form={"code": "000 000"})
    assert page.step == "scan" and shows_refusal(page, WrongStaffCode, "code") and not page.busy
    code = TOTP(page.secret.replace(" ", "")).at(time.time())
    await happens(page.give_code, form={"code": f"{code[:3]} {code[3:]}"})
    assert (page.step, page.field_errors, page.qr, page.secret) == ("done", {}, "", "")
    assert redeem(page.ticket)


async def test_each_mistake_has_its_own_error(page: StaffSetUpState, token: str):
    await give_password(page, token, "")
    assert page.step == "password" and shows_refusal(page, PasswordMissing, "password")
    await give_password(page, token, "not the password")
    assert page.step == "password" and shows_refusal(page, WrongSetUpPassword, "password")
    assert (page.qr, page.secret) == ("", "")
    step, _ = await give_password(page, "x" * 43, PASSWORD)
    assert (step, page.qr, page.secret) == ("over", "", "")


async def test_a_code_before_the_password_starts_over(page: StaffSetUpState):
    await happens(page.give_code, form={"code": "123456"})
    assert page.step == "password" and shows_refusal(page, StaffSignInExpired) and not page.ticket


async def test_starting_over_forgets_the_secret(page: StaffSetUpState, token: str):
    await give_password(page, token, PASSWORD)
    await happens(page.start_over)
    assert (page.step, page.qr, page.secret, page._challenge) == ("password", "", "", "")
