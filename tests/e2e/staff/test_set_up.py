"""A staff member opens their set-up link on a phone and sets up their authenticator app."""

import time

import pytest
from playwright.sync_api import expect
from pyotp.totp import TOTP

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, in_the_portal

PASSWORD = "seven quiet herons fly"
ADD_AND_LINK = """
from portal_app.domain.access import Role
from portal_app.services.sign_in.set_up_links import make_set_up_link
from portal_app.services.sign_in.staff import add_staff_member
add_staff_member(us, {email!r}, "Petra Lund", Role.BILLING, {password!r})
print(make_set_up_link(us, {email!r}).address)
"""
USED_LINK = "This link no longer works."


def link_for(portal: Portal, email: str) -> str:
    return in_the_portal(portal, ADD_AND_LINK.format(email=email, password=PASSWORD)).partition("#")[2]


def give_password(one: Reader, password: str) -> None:
    one.fill("Password", password)
    one.press("Continue")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_sets_up_the_app_once(portal: Portal, visit: Visits, look: Look, language: str):
    token = link_for(portal, f"set.up.{language}@riverside.example")
    one = Reader(visit(portal), language)
    page = one.go(f"/staff/set-up#{token}")
    one.sees("Set up your staff sign-in")
    assert token not in page.url
    look(one.visitor, f"staff-link-{language}")
    one.press("Continue")
    one.reads("Enter your password")
    give_password(one, "not the password")
    one.reads("The password is wrong, or the sign-in is locked for a while.")
    look(one.visitor, f"staff-link-wrong-{language}")
    give_password(one, PASSWORD)
    one.sees("Set up your second step")
    look(one.visitor, f"staff-link-scan-{language}")
    one.fill("6-digit code", "000000")
    one.press("Turn it on and sign in")
    one.reads("That is not the code your app shows now. Wait for the next one and try again.")
    look(one.visitor, f"staff-link-code-wrong-{language}")
    one.fill("6-digit code", TOTP(page.locator("main code").inner_text().replace(" ", "")).at(time.time()))
    one.press("Turn it on and sign in")
    one.sees("Today")

    other = Reader(visit(portal), language)
    other.go(f"/staff/set-up#{token}")
    other.reads(USED_LINK)  # before anything is asked (LINK-1)
    expect(other.page.locator("[name=password]")).to_be_hidden()
    look(other.visitor, f"staff-link-over-{language}")
    other.follow("Staff sign-in")
    other.sees("Staff sign-in")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opened_without_its_link_says_what_to_do(
    portal: Portal, visit: Visits, look: Look, language: str
):
    one = Reader(visit(portal), language)
    one.go("/staff/set-up")
    one.reads("Open the set-up link once more.")
    assert one.page.get_by_role("button", name=one.t("Continue")).is_hidden()
    look(one.visitor, f"staff-link-none-{language}")
