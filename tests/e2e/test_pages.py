"""Every page and state: no violation of WCAG, in light and dark, on phone and desktop, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import MARIA, ask_for_code, open_bill, sign_in

Axe = Callable[[Page], None]
LOOKS = [
    pytest.param(True, False, id="phone-light"),
    pytest.param(True, True, id="phone-dark"),
    pytest.param(False, False, id="desktop-light"),
    pytest.param(False, True, id="desktop-dark"),
]


def no_sideways_scroll(page: Page) -> None:
    wide, room = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= room, f"{page.url} is {wide} px wide in {room}"


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_before_signing_in(portal: Portal, visit: Visits, axe: Axe, phone: bool, dark: bool):
    somebody = visit(portal, phone=phone, dark=dark)
    for path in ("/sign-in", "/es/sign-in", "/staff/sign-in", "/outbox"):
        page = somebody.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        axe(page)
        no_sideways_scroll(page)
    ask_for_code(somebody, "nobody@example.com")
    axe(somebody.page)
    somebody.shot("code")


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_signed_in(portal: Portal, visit: Visits, axe: Axe, phone: bool, dark: bool):
    maria = visit(portal, phone=phone, dark=dark)
    page = sign_in(maria, MARIA)
    axe(page)
    no_sideways_scroll(page)
    open_bill(page, "Lipid panel")
    axe(page)
    no_sideways_scroll(page)
    maria.shot("invoice")
    address = page.url.removeprefix(portal.url)
    page = maria.go("/es" + address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("invoice-es")


def test_static_pages_show_their_shell_before_any_script(portal: Portal, visit: Visits, chromium: object):
    del chromium
    somebody = visit(portal)
    for path, words in (("/sign-in", "Sign in"), ("/es/sign-in", "Iniciar sesión")):
        html = somebody.page.request.get(portal.url + path).text()
        assert words in html, path
