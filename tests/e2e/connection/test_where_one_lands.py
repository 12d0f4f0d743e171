"""BACK-1, LINK-1 and B70 in the browser: where one lands, a link beside a sign-in, a network without sockets."""

import re
from datetime import date
from itertools import pairwise

import pytest
from playwright.sync_api import ViewportSize, expect
from pyotp.totp import TOTP

from tests.e2e.billing.test_pay_links import make
from tests.e2e.conftest import Visits, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.reader import DANA, LANGUAGES, Reader, in_the_portal, sign_in_quietly
from tests.e2e.steps import HAL, MARIA, NADIA, open_invoice

# As on a network that lets no socket through.
BLOCKED = """window.tries = [];
window.WebSocket = class {
  constructor() {
    this.readyState = 0; tries.push(Date.now());
    setTimeout(() => this.onclose && this.onclose({ code: 1006 }), 20);
  }
  send() {} close() {}
};"""
HERS = """
with reading(us) as tx:
    account = tx.exec(select(Account).where(Account.guarantor_id == of({given!r}, {family!r}))).one()
    bills = tx.exec(select(Invoice).where(Invoice.account_id == account.id)).all()
    print(next(bill.id for bill in bills if bill.status == "open"))
"""


NARROW: ViewportSize = {"width": 320, "height": 640}

# By language: codes are few in an hour.
WHOSE = {"en": ("Maria", "Alvarez", MARIA), "es": ("Nadia", "Brennan", NADIA)}


def signs_in(reader: Reader, who: tuple[str, date]) -> None:
    reference = reader.asks_for_code(who[0])
    reader.fill("Code", reader.newest_code(reference))
    reader.press("Continue")
    reader.sees("Your date of birth")
    reader.born(who[1])
    reader.press("Sign in")


@pytest.mark.parametrize("language", LANGUAGES)
def test_back_1_one_lands_on_the_invoice_that_was_asked_for(portal: Portal, visit: Visits, language: str):
    given, family, who = WHOSE[language]
    invoice = in_the_portal(portal, HERS.format(given=given, family=family)).strip()
    reader = Reader(visit(portal), language)
    page = reader.go(f"/invoices/{invoice}")
    page.wait_for_url("**/sign-in?next=*")
    signs_in(reader, who)
    prefix = "" if language == "en" else f"/{language}"
    page.wait_for_url(f"{portal.url}{prefix}/invoices/{invoice}")


def test_back_1_somebody_elses_page_leads_to_the_first_page(portal: Portal, visit: Visits):
    hers = in_the_portal(portal, HERS.format(given="Nadia", family="Brennan")).strip()
    reader = Reader(visit(portal), "en")
    reader.go(f"/sign-in?next=/invoices/{hers}")
    signs_in(reader, HAL)
    reader.page.wait_for_url(f"{portal.url}/invoices")


def test_link_1_a_link_opens_beside_a_sign_in(portal: Portal, visit: Visits):
    maria = visit(portal)
    sign_in_quietly(portal, maria, "Maria", "Alvarez")
    page = maria.go("/invoices")
    open_invoice(page, "Office visit, 20 minutes")
    page.locator("input[name=how_much][value=part]").check(force=True)
    page.locator("#amount").fill("9.87")
    secret, *_ = make(portal, "Nadia", "Brennan")
    reader = Reader(maria, "en")
    maria.page = maria.tab()
    other = reader.go(f"/links#{secret}")

    reader.born(NADIA[1])
    reader.press("Continue")
    other.wait_for_url("**/links/bill*")
    reader.sees("Pay this invoice")
    expect(page.locator("#amount")).to_have_value("9.87")
    page.reload()
    expect(page.get_by_role("heading", name="Office visit, 20 minutes")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in?ended=out")
    page.reload()
    expect(page.get_by_role("heading", name="Office visit, 20 minutes")).to_be_visible()


def test_link_1_a_dead_link_says_so_before_it_asks(portal: Portal, visit: Visits):
    _, link, *_ = made = make(portal, "Hal", "Whitcomb")
    in_the_portal(portal, f"action_links.revoke_link(us, {link!r})")
    for secret in (made[0], "unknown-" + "x" * 30):
        visitor = visit(portal)
        page = visitor.go(f"/links#{secret}")
        expect(page.get_by_text("This link no longer works.").first).to_be_visible()
        expect(page.locator("[name=born_day]")).to_be_hidden()


@pytest.mark.parametrize("path", ["/stop-reset", "/es/stop-reset", "/staff/set-up", "/es/staff/set-up"])
def test_link_1_other_dead_links_say_so_before_anything_is_pressed(portal: Portal, visit: Visits, path: str):
    visitor = visit(portal)
    page = visitor.go(f"{path}#unknown-{'x' * 30}")
    dead = "Este enlace ya no funciona." if path.startswith("/es/") else "This link no longer works."
    expect(page.get_by_text(dead).first).to_be_visible()
    expect(page.locator("main button[type=submit]")).to_be_hidden()
    visitor.shot(f"dead{path.replace('/', '-')}")


def test_back_1_staff_land_on_the_page_that_was_asked_for(portal: Portal, visit: Visits):
    dana = visit(portal, phone=False)
    page = dana.go("/staff/patients?q=Maria")
    page.wait_for_url("**/staff/sign-in?next=*")
    page.get_by_label("Email").fill(DANA)
    page.get_by_label("Password").fill(portal.password_of(DANA))
    page.get_by_role("button", name="Continue").click()
    secret = page.locator("main code").inner_text().replace(" ", "")
    page.get_by_label("6-digit code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{portal.url}/staff/patients?q=Maria")
    expect(page.get_by_role("table").get_by_role("link", name="Maria Alvarez", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sign-in", "This network blocks the portal"),
        ("/es/sign-in", "Esta red bloquea el portal"),
        ("/es/staff/sign-in", "Esta red bloquea el portal"),
    ],
)
def test_b70_websocket_blocked(portal: Portal, visit: Visits, path: str, words: str):
    somebody = visit(portal)
    somebody.context.add_init_script(BLOCKED)
    page = somebody.go(path)
    panel = page.get_by_role("alertdialog", name=words)
    expect(panel).to_be_visible(timeout=20_000)
    expect(panel.locator("a[href^='tel:']")).to_contain_text(re.compile(r"212"))
    page.set_viewport_size(NARROW)
    no_sideways_scroll(page)
    somebody.shot(f"blocked{path.replace('/', '-')}")


def test_type_1_tries_to_reconnect_pause_longer_and_longer(portal: Portal, visit: Visits):
    """Over a minute of the page's own clock."""
    somebody = visit(portal)
    somebody.context.add_init_script(BLOCKED)
    page = somebody.page
    page.clock.install()
    somebody.go("/sign-in")
    page.wait_for_load_state("networkidle")
    for _ in range(120):
        page.clock.run_for(500)
        page.wait_for_timeout(5)  # what was fetched meanwhile arrives
    tries = page.evaluate("tries")
    pauses = [after - before for before, after in pairwise(tries)]
    assert 6 <= len(tries) <= 14, pauses
    assert min(pauses[-3:]) >= 8_000, pauses
    assert max(pauses) <= 16_000, pauses
