"""A shared computer: whoever sits down next at the same tab is another page, whatever way the last one left."""

import re
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import TimeoutError

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader, ages, at_work_quietly, sign_in_quietly
from tests.e2e.steps import OWNER
from tests.servers import wait_until

PEOPLE = [("Hal", "Whitcomb"), ("Nadia", "Brennan")]
LEFT = re.compile(r"/sign-in\?ended=(idle|out)")


def kept(reader: Reader) -> dict[str, Any]:
    """What the tab keeps for itself: the page's name, and whatever somebody put there."""
    return reader.page.evaluate("({...sessionStorage})")


def seated(portal: Portal, visit: Visits, side: str, who: tuple[str, str] = PEOPLE[0]) -> Reader:
    reader = Reader(visit(portal, phone=side == "patient"), "en")
    if side == "patient":
        sign_in_quietly(portal, reader.visitor, *who)
        reader.go("/invoices")
        reader.is_in()
    else:
        at_work_quietly(portal, reader.visitor, OWNER)
        reader.go("/staff/account")
        reader.reads("You sign in as {email}. Both are asked each time.", email=OWNER)
    reader.page.evaluate("sessionStorage.setItem('left here', 'by the last one')")
    wait_until(lambda: "token" in kept(reader), seconds=30, what="the page's name")
    return reader


def is_another_page(reader: Reader, before: dict[str, Any]) -> None:
    reader.page.wait_for_url(LEFT)
    wait_until(lambda: "token" in kept(reader), seconds=30, what="the next page")
    after = kept(reader)
    assert "left here" not in after
    assert after["token"] != before["token"]


@pytest.mark.parametrize("side", ["patient", "staff"])
def test_after_signing_out(portal: Portal, visit: Visits, side: str):
    last = seated(portal, visit, side)
    before = kept(last)
    last.page.locator("[popovertarget=who]").click()
    last.press("Sign out")
    is_another_page(last, before)
    last.visitor.forgive()  # the socket that the server has closed


@pytest.mark.parametrize("side", ["patient", "staff"])
def test_after_fifteen_minutes_without_anybody(portal: Portal, visit: Visits, side: str):
    last = seated(portal, visit, side, PEOPLE[1])
    before = kept(last)
    for patience in (12_000, 30_000):  # a page that was still filling was active
        ages(portal, last.visitor, 16)
        with suppress(TimeoutError):
            last.page.wait_for_url(LEFT, timeout=patience)
            break
    is_another_page(last, before)
    last.visitor.forgive()  # 401
