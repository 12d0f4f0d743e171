"""What ends a sign-in: signing out here or elsewhere, the back button, idle time."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import (
    AT_ONCE,
    DANA,
    Reader,
    ages,
    at_work_quietly,
    sign_in_quietly,
)


def test_signed_out_elsewhere_clears_the_screen_at_once(portal: Portal, visit: Visits):
    here, there = Reader(visit(portal, phone=False), "en"), Reader(visit(portal), "en")
    for one in (here, there):
        sign_in_quietly(portal, one.visitor, "Maria", "Alvarez")
        one.go("/invoices")
        one.is_in()
    there.go("/account")
    there.sees("My sign-in")
    here.go("/account")
    here.sees("Where you are signed in")
    here.page.get_by_role("button", name=re.compile("^Sign out there")).first.click()
    expect(there.page.get_by_role("heading", name="My sign-in", level=1)).to_be_hidden(timeout=AT_ONCE)
    there.page.wait_for_url("**/sign-in?ended=out")
    there.reads("You are signed out.")
    there.page.go_back()
    expect(there.page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    assert "Alvarez" not in there.page.locator("body").inner_text()
    there.visitor.forgive()  # 401


def test_the_back_button_after_signing_out_shows_nothing(portal: Portal, visit: Visits):
    maria = Reader(visit(portal), "en")
    sign_in_quietly(portal, maria.visitor, "Nadia", "Brennan")
    maria.go("/invoices")
    maria.is_in()
    maria.go("/account")
    maria.sees("My sign-in")
    maria.signs_out()
    maria.page.go_back()
    maria.sees("Sign in")
    assert "Brennan" not in maria.page.locator("body").inner_text()


def comes_back(page: Page) -> None:
    """To the tab: it asks the server how long is left."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")


@pytest.mark.parametrize("side", ["patient", "staff"])
def test_idle_a_warning_at_thirteen_and_the_end_at_fifteen(portal: Portal, visit: Visits, side: str):
    idle = Reader(visit(portal, phone=side == "patient"), "en")
    if side == "patient":
        sign_in_quietly(portal, idle.visitor, "Hal", "Whitcomb")
        idle.go("/invoices")
        idle.is_in()
    else:
        at_work_quietly(portal, idle.visitor, DANA)
        idle.go("/staff/account")
        idle.reads("You sign in as {email}. Both are asked each time.", email=DANA)
    warning = idle.page.get_by_role("dialog", name="Are you still there?")
    ages(portal, idle.visitor, 13.2)
    comes_back(idle.page)
    try:
        expect(warning).to_be_visible(timeout=10_000)
    except AssertionError:  # the page was still filling: that was activity
        ages(portal, idle.visitor, 13.2)
        comes_back(idle.page)
    expect(warning).to_be_visible()
    # The dialog closes before the server has written that somebody is there: only then can it age again.
    with idle.page.expect_response(re.compile(r"/auth/stay\?.*by=person")) as written:
        idle.press("Stay signed in")
    assert written.value.ok
    expect(warning).to_be_hidden()
    ages(portal, idle.visitor, 13.2)
    comes_back(idle.page)
    expect(warning).to_be_visible()
    ages(portal, idle.visitor, 2)
    idle.page.wait_for_url(re.compile(r"/sign-in\?ended="))
    idle.visitor.forgive()  # 401


def test_the_server_closes_the_page_of_an_idle_session_by_itself(portal: Portal, visit: Visits):
    maria = Reader(visit(portal), "en")
    sign_in_quietly(portal, maria.visitor, "Ngozi", "Okonkwo")
    maria.go("/invoices")
    maria.is_in()
    ages(portal, maria.visitor, 16)
    maria.page.wait_for_url(re.compile(r"/sign-in"))
    maria.visitor.forgive()  # 401
