"""Passkeys among what the browser offers to fill into the sign-in page's field, and where it offers none."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Device, Reader, sign_in_quietly

# What is asked of the browser is written down on the way.
LISTENS = """(() => {
  window.asked = [];
  const get = CredentialsContainer.prototype.get;
  CredentialsContainer.prototype.get = function (what) { asked.push(what); return get.call(this, what); };
})()"""
NOT_OFFERED = {
    "no passkeys at all": "delete window.PublicKeyCredential",
    "none in fields": "delete PublicKeyCredential.isConditionalMediationAvailable",
    "says no": "PublicKeyCredential.isConditionalMediationAvailable = async () => false",
}


def waits_in_the_field(page: Page) -> None:
    page.wait_for_function("() => asked.length && asked.at(-1).mediation === 'conditional'")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_passkey_chosen_in_the_field_signs_in(portal: Portal, visit: Visits, language: str):
    one = Reader(visit(portal), language)
    one.page.add_init_script(LISTENS)
    device = Device(one.page)
    given, family = {"en": ("Owen", "Prescott"), "es": ("Grace", "Lindqvist")}[language]
    sign_in_quietly(portal, one.visitor, given, family)
    one.go("/account")
    one.press("Add a passkey")
    one.page.locator("#passkey-name").fill("My phone")
    one.press("Make the passkey")
    one.reads("Your passkey is added.")
    device.answers(False)
    one.signs_out()
    waits_in_the_field(one.page)
    expect(one.page.locator("#contact")).to_have_attribute("autocomplete", "username webauthn")

    # It waits without being in the way of the button, and again when that came to nothing.
    one.press("Use a passkey")
    one.page.wait_for_function("() => asked.length === 2 && asked[0].signal.aborted && !asked[1].mediation")
    one.page.reload()
    waits_in_the_field(one.page)
    device.answers(True)
    one.page.reload()
    one.is_in()


@pytest.mark.parametrize("reason", NOT_OFFERED)
def test_where_the_browser_offers_none_the_page_is_as_ever(portal: Portal, visit: Visits, reason: str):
    one = Reader(visit(portal), "en")
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.page.add_init_script(NOT_OFFERED[reason])
    one.go("/sign-in")
    one.asks_for_code("nobody.at.all@example.com")
    assert not [url for url in asked if "/auth/passkey" in url]
    # What the browser complained of fails the test: nothing was.
