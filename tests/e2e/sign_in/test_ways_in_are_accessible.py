"""The pages of every way to sign in, and of the desk, pass axe."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import (
    DANA,
    LANGUAGES,
    Reader,
    sign_in_quietly,
)
from tests.e2e.steps import staff_sign_in


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_ways_in_is_accessible(portal: Portal, visit: Visits, look: Look, language: str):
    one = Reader(visit(portal), language)

    def seen(name: str) -> None:
        look(one.visitor, f"ways-{name}-{language}")

    for path in ("/sign-in", "/sign-in?ended=idle", "/sign-in/password", "/sign-in/desk", "/welcome"):
        one.go(path)
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        seen(path.strip("/").replace("/", "-").replace("?", "-"))
    for path in ("/links", "/stop-reset"):
        one.go(path + "#" + "y" * 43)
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        seen(path.strip("/"))
    sign_in_quietly(portal, one.visitor, "Luis", "Alvarez")
    one.go("/account")
    one.sees("Where you are signed in")
    seen("account")
    for label, heading in (
        ("Set a username and password", "Username and password"),
        ("Add a passkey", "Add a passkey"),
        ("Set up an authenticator app", "Set up an authenticator app"),
        ("Make 10 recovery codes", "Make new recovery codes?"),
    ):
        one.press(label)
        one.sees(heading)
        seen(heading.split()[0])
        one.press("Cancel")
        one.sees("My sign-in")
    one.page.evaluate("document.getElementById('idle').showModal()")
    seen("idle")


def test_the_desk_is_accessible(portal: Portal, visit: Visits, look: Look):
    dana = visit(portal, phone=False)
    page = staff_sign_in(dana, DANA)
    page.goto(portal.url + "/staff/account")
    expect(page.get_by_text("This device")).to_be_visible()
    look(dana, "staff-account")
    page.goto(portal.url + "/staff/desk")
    page.get_by_label("Find a patient").fill("whit")
    page.get_by_role("button", name="Search").click()
    look(dana, "desk")
    page.get_by_role("list", name="Patients found").get_by_role(
        "button", name=re.compile("Agnes Whitlow")
    ).click()
    expect(page.get_by_role("heading", name="Code on paper")).to_be_visible()
    look(dana, "desk-person")
    page.get_by_role("button", name="Print a one-time code").click()
    expect(page.get_by_alt_text("QR code of the portal’s address")).to_be_visible()
    look(dana, "desk-slip")
    page.get_by_role("button", name="Back to the search").click()
    page.get_by_role("button", name="Visitors choose").click()
    expect(page.get_by_text("/welcome")).to_be_visible()
    look(dana, "desk-poster")
