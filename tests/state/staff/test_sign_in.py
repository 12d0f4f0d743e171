"""The staff sign-in page, as a tab holds it."""

from datetime import UTC, datetime

import pytest
import time_machine
from pyotp.totp import TOTP

from portal_app.domain.access import Role, Side, nobody
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member
from portal_app.state.staff.errors import EmailOrPasswordMissing
from portal_app.state.staff.sign_in import StaffSignInState
from tests.people import People
from tests.state_helper import happens, look_from, on_screen, shows_refusal

EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"


@pytest.fixture
async def page(sqlite_db: str, monkeypatch: pytest.MonkeyPatch):
    rate_limits.forget_all()
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC), tick=False):
        add_staff_member(People.create().olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
        look_from(monkeypatch, nobody("203.0.113.7"))
        page = on_screen(StaffSignInState, "/staff/sign-in")
        await happens(page.load)
        yield page


async def give_password(page: StaffSignInState, email: str, password: str) -> tuple[str, str]:
    await happens(page.give_password, form={"email": email, "password": password})
    return page.step, page.message


async def test_password_and_code_sign_in(page: StaffSignInState):
    assert await give_password(page, f" {EMAIL} ", PASSWORD) == ("set_up", "")
    assert page.qr.startswith("data:image/svg") and page.secret and not page.ticket
    await happens(page.give_code, form={"code": "000 000"})
    assert page.step == "set_up" and page.field_errors["code"] and not page.busy
    code = TOTP(page.secret.replace(" ", "")).now()
    await happens(page.give_code, form={"code": f"{code[:3]} {code[3:]}"})
    assert (page.step, page.field_errors, page.qr, page.secret) == ("done", {}, "", "")
    assert principal_of(hash_token(redeem(page.ticket).value), Side.STAFF).name.startswith("staff:stf_")


async def test_an_empty_field_is_asked_for(page: StaffSignInState):
    await give_password(page, EMAIL, "")
    assert page.step == "password" and shows_refusal(page, EmailOrPasswordMissing)
    await give_password(page, " ", PASSWORD)
    assert page.step == "password" and shows_refusal(page, EmailOrPasswordMissing)


async def test_a_wrong_email_and_a_wrong_password_give_the_same_error(page: StaffSignInState):
    unknown = await give_password(page, "nobody@riverside.example", PASSWORD)
    assert unknown == await give_password(page, EMAIL, "not the password")
    assert unknown[0] == "password" and unknown[1] and not page.secret


async def test_starting_over_forgets_the_secret(page: StaffSignInState):
    await give_password(page, EMAIL, PASSWORD)
    await happens(page.start_over)
    assert (page.step, page.qr, page.secret, page._challenge) == ("password", "", "", "")
