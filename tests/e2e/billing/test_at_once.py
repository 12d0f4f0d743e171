"""Who is faster than the page, and who comes back to it from the app where their code is."""

import re

import pytest
from playwright.sync_api import expect

from portal_app.demo.staff import STAFF
from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, PASSWORD, Reader, in_the_portal, sign_in_quietly
from tests.e2e.steps import LUIS

# A password manager: fills in what it knows and sends it, as soon as the page listens.
AT_ONCE = """typed => {
  const wait = setInterval(() => {
    const form = document.querySelector("main form");
    if (!form || !Object.keys(form).some((key) => key.startsWith("__reactProps"))) return;
    clearInterval(wait);
    for (const [name, value] of Object.entries(typed)) form.elements[name].value = value;
    form.requestSubmit();
  }, 1);
}"""
# Keeps hold of the page's socket, so that it can be lost, and hears when a page has loaded over it.
SOCKETS = """(() => {
  const Plain = window.WebSocket;
  window.sockets = [];
  window.WebSocket = class extends Plain {
    constructor(...to) {
      super(...to);
      window.sockets.push(this);
      this.addEventListener("message", (e) => { if (/is_hydrated\\w*":true/.test(e.data)) this.loaded = true; });
    }
  };
})()"""


def submits_at_once(reader: Reader, path: str, **typed: str) -> None:
    reader.page.add_init_script(f"({AT_ONCE})({typed!r})")
    reader.go(path)


def loses_its_socket(reader: Reader) -> None:
    """As a phone's does while another app is in front; the page connects again by itself."""
    before = reader.page.evaluate("sockets.length")
    reader.page.evaluate("sockets.at(-1).close()")
    reader.page.wait_for_function("n => sockets.length > n && sockets.at(-1).loaded", arg=before)


def with_a_password(portal: Portal, username: str, given: str, family: str) -> None:
    in_the_portal(
        portal,
        f"""
from portal_app.db.tables.credentials import PatientLogin
from portal_app.services.credentials import passwords
with transaction(us) as tx:
    tx.add(PatientLogin(
        patient_id=of({given!r}, {family!r}), username={username!r}, username_key={username!r},
        password_hash=passwords.hash_password({PASSWORD!r}), created_at=passwords.clock.now(),
    ))
""",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_password_sent_before_the_page_has_begun_leads_to_the_second_step(
    portal: Portal, visit: Visits, language: str
):
    given, family = {"en": ("Hal", "Whitcomb"), "es": ("Gus", "Whitcomb")}[language]
    one = Reader(visit(portal), language)
    with_a_password(portal, f"fast.{language}", given, family)
    submits_at_once(one, "/sign-in/password", username=f"fast.{language}", password=PASSWORD)
    one.sees("Your second step")


def test_staff_who_are_faster_than_their_page_go_on_too(portal: Portal, visit: Visits):
    one = Reader(visit(portal, phone=False), "en")
    dana = STAFF[-1].email
    submits_at_once(one, "/staff/sign-in", email=dana, password=portal.password_of(dana))
    expect(
        one.page.get_by_role("heading", name=re.compile("Set up your second step|Enter the code"))
    ).to_be_visible()


def test_a_contact_sent_before_the_page_has_begun_is_asked_for_its_code(portal: Portal, visit: Visits):
    one = Reader(visit(portal), "en")
    submits_at_once(one, "/sign-in", contact="nobody.at.all@example.com")
    one.sees("Enter the 6-digit code")


def test_the_step_stays_when_one_comes_back_from_reading_the_code(portal: Portal, visit: Visits):
    one = Reader(visit(portal), "en")
    one.page.add_init_script(SOCKETS)
    one.go("/sign-in")
    reference = one.asks_for_code(LUIS[0])
    one.fill("Code", one.newest_code(reference))
    loses_its_socket(one)
    one.sees("Enter the 6-digit code")
    one.press("Continue")
    one.sees("Your date of birth")
    loses_its_socket(one)
    one.born(LUIS[1])
    one.press("Sign in")
    one.is_in()


def test_whoever_loads_the_page_anew_begins_anew(portal: Portal, visit: Visits):
    one = Reader(visit(portal), "en")
    one.go("/sign-in")
    one.asks_for_code("somebody.before@example.com")
    one.page.reload()
    one.sees("Sign in")
    one.asks_for_code("somebody.before@example.com")
    one.page.get_by_role("link", name="Español").click()
    one.page.wait_for_url("**/es/sign-in*")
    expect(one.page.get_by_role("heading", name="Iniciar sesión", exact=True)).to_be_visible()


def test_setting_up_the_app_goes_on_when_one_comes_back_from_it(portal: Portal, visit: Visits):
    one = Reader(visit(portal), "en")
    one.page.add_init_script(SOCKETS)
    sign_in_quietly(portal, one.visitor, "Ngozi", "Okonkwo")
    one.go("/account")
    one.press("Set up an authenticator app")
    one.sees("Set up an authenticator app")
    secret = one.page.locator("main code").inner_text()
    loses_its_socket(one)
    one.sees("Set up an authenticator app")
    assert one.page.locator("main code").inner_text() == secret


def test_a_new_email_still_waits_for_its_code_when_one_comes_back_from_reading_it(
    portal: Portal, visit: Visits
):
    one = Reader(visit(portal), "es")
    one.page.add_init_script(SOCKETS)
    sign_in_quietly(portal, one.visitor, "Claire", "Fontaine")
    one.go("/members")
    one.page.get_by_role("link", name=re.compile("Claire")).first.click()
    one.press("Add an email")
    one.fill("New email", "claire.new@example.com")
    one.press("Send the code")
    one.reads("6-digit code")
    code = one.newest_code()
    one.fill("6-digit code", code)
    loses_its_socket(one)
    expect(one.page.get_by_label(one.t("6-digit code"))).to_have_value(code)
    one.press("Confirm")
    one.reads("Confirmed. We use it from now on.")
