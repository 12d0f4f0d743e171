"""A staff member changes their password and their authenticator app on the page My sign-in."""

import re
import time

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, at_work_quietly, in_the_portal

FIRST, SECOND = "seven quiet herons fly", "eleven green kettles sing"
ADD = """
from portal_app.domain.access import Role
from portal_app.services.sign_in.staff import add_staff_member
add_staff_member(us, {email!r}, "Petra Lund", Role.BILLING, {password!r})
"""


class Codes:
    """Codes of their app. A code works once, so each is of a later half minute; one ahead is accepted."""

    def __init__(self, page: Page) -> None:
        self.app = TOTP(page.locator("main code").inner_text().replace(" ", ""))
        self.used = 0

    def next(self) -> str:
        self.used = max(self.used + 1, int(time.time()) // 30)
        assert self.used <= time.time() // 30 + 1, "the third code of one minute is too early"
        return self.app.generate_otp(self.used)


def enter_password(one: Reader, email: str, password: str) -> None:
    one.go("/staff/sign-in")
    one.fill("Email", email)
    one.fill("Password", password)
    one.press("Continue")


def reauthenticate(one: Reader, password: str, code: str) -> None:
    one.sees("Is it you?")
    one.fill("Password", password)
    one.fill("6-digit code from your app", code)
    one.press("Continue")


@pytest.mark.parametrize("language", LANGUAGES)
def test_password_and_app_are_changed_and_a_message_says_so(
    portal: Portal, visit: Visits, look: Look, language: str
):
    email = f"petra.{language}@juniper.example"
    in_the_portal(portal, ADD.format(email=email, password=FIRST))
    one, there = Reader(visit(portal, phone=False), language), Reader(visit(portal, phone=False), language)
    enter_password(one, email, FIRST)
    one.sees("Set up your second step")
    look(one.visitor, f"staff-set-up-{language}")
    codes = Codes(one.page)
    one.fill("6-digit code", codes.next())
    one.press("Sign in")
    one.sees("Today")
    at_work_quietly(portal, there.visitor, email)
    there.go("/staff")
    there.sees("Today")

    one.go("/staff/account")
    one.reads("You sign in as {email}. Both are asked each time.", email=email)
    look(one.visitor, f"staff-account-{language}")
    one.press("Change the password")
    reauthenticate(one, "not the password", "000000")
    one.reads("The password or the code is not right, or the sign-in is locked for a while.")
    look(one.visitor, f"staff-prove-{language}")
    reauthenticate(one, FIRST, codes.next())
    one.sees("Change your password")
    one.fill("New password", "passwordpassword")
    one.press("Save")
    one.reads("Too many people use this password. Choose another.")
    look(one.visitor, f"staff-password-{language}")
    one.fill("New password", SECOND)
    one.press("Save")
    one.reads("Your password is changed. Other devices are signed out.")
    there.page.wait_for_url(re.compile(r"/staff/sign-in\?ended="))
    there.visitor.forgive()  # the socket that the server has closed

    one.press("Set up another app")
    one.sees("Set up another app")
    look(one.visitor, f"staff-app-{language}")
    new = Codes(one.page)
    one.fill("6-digit code", "000000")
    one.press("Turn it on")
    one.reads("That code is not right, was used before or is too old. Check it and try again.")
    one.fill("6-digit code", new.next())
    one.press("Turn it on")
    one.reads("Your authenticator app is set up. Other devices are signed out.")

    enter_password(there, email, SECOND)
    there.sees("Enter the code from your app")
    there.fill("6-digit code", new.next())
    there.press("Sign in")
    there.sees("Today")
    tab = one.visitor.tab()
    tab.goto(portal.url + "/outbox")
    expect(
        tab.get_by_text("Your staff sign-in for Juniper Family Medicine was changed").first
    ).to_be_visible()
    tab.close()
