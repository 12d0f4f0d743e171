"""The line is lost while somebody types or presses: nothing typed is lost, and every press shows what became of it."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    HAL,
    MARIA,
    OWNER,
    PAYS,
    card_frame,
    choose_amount,
    fill_card,
    on_receipt,
    open_invoice,
    press_pay,
    sign_in,
    staff_sign_in,
)

DOWN = "We lost the connection. We are trying again."
UNSENT = "No connection: nothing was sent. Press again when it is back."
# What the browser shows of a press, and when: milliseconds after the mouse went down.
WATCH = """() => {
  window.shown = {};
  let at = 0;
  const note = (name) => { if (at) shown[name] ??= performance.now() - at; };
  addEventListener("mousedown", () => { at = performance.now(); }, true);
  new MutationObserver(() => {
    if (document.querySelector("[data-pressed], form[data-busy]")) note("busy");
    if (at && (document.documentElement.dataset.line === "down" || document.documentElement.dataset.unsent)) note("words");
  }).observe(document, { subtree: true, attributes: true, childList: true });
}"""


def lines_up(page: Page) -> None:
    """The page has its line and is filled."""
    expect(page.locator("html:not([data-line])")).to_have_count(1)
    expect(page.get_by_text(DOWN)).to_be_hidden()


def restart(portal: Portal, pause: float = 4) -> None:
    portal.kill()
    time.sleep(pause)  # the server is really away for so long: the browser's own clock counts
    portal.start()


def test_type_1_amount_and_card_outlive_a_restart_of_the_server(portal: Portal, visit: Visits):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    choose_amount(page, "11.11")
    fill_card(page, PAYS)
    restart(portal)
    lines_up(page)
    expect(page.locator("#amount")).to_be_visible()
    expect(page.locator("#amount")).to_have_value("11.11")
    expect(card_frame(page).locator("#number")).to_have_value(re.compile("4242"))
    press_pay(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$11.11")
    maria.forgive()


def test_type_1_a_draft_never_covers_newer_text(portal: Portal, visit: Visits):
    """123.45 was saved as a draft; 77.70 is newer and was typed last."""
    olga = visit(portal, phone=False)
    page = staff_sign_in(olga, OWNER)
    olga.go("/staff/patients?q=Maria")
    page.get_by_role("table").get_by_role("link", name="Maria Alvarez", exact=True).click()
    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("button", name="Add a line").click()
    page.locator("[name=what_2]").fill("X-ray")
    page.locator("[name=amount_1]").fill("123.45")
    page.locator("[name=note]").focus()  # the field is left: saved
    page.wait_for_timeout(500)
    page.locator("[name=amount_1]").fill("77.70")
    restart(portal)
    lines_up(page)
    expect(page.locator("[name=amount_1]")).to_have_value("77.70")
    expect(page.locator("[name=what_2]")).to_have_value("X-ray")
    page.locator("[name=note]").focus()
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("[name=amount_1]")).to_have_value("77.70")
    olga.forgive()


def test_type_1_an_address_being_typed_outlives_a_restart(portal: Portal, visit: Visits):
    hal = visit(portal)
    page = sign_in(hal, HAL)
    hal.go("/members")
    page.get_by_role("link", name=re.compile("details", re.I)).first.click()
    page.get_by_role("button", name=re.compile("address", re.I)).first.click()
    street = page.locator("[name=line1]")
    street.fill("12 Harbor Street, apartment 4")
    restart(portal)
    lines_up(page)
    expect(street).to_have_value("12 Harbor Street, apartment 4")
    hal.forgive()


def test_type_1_a_reviewed_payment_and_its_card_outlive_a_restart(portal: Portal, visit: Visits):
    """The second step of /payments."""
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    maria.go("/payments")
    page.locator("#choose-form [name=how][value=part]").check(force=True)
    page.locator("#choose-form #amount").fill("21.21")
    page.locator("#choose-form button[type=submit]").click()
    expect(page.get_by_role("heading", name="Check your payment")).to_be_visible()
    fill_card(page, PAYS)
    restart(portal)
    lines_up(page)
    expect(page.get_by_role("heading", name="Check your payment")).to_be_visible()
    expect(card_frame(page).locator("#number")).to_have_value(re.compile("4242"))
    press_pay(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$21.21")
    maria.forgive()


def test_type_1_a_part_that_was_opened_is_open_after_a_restart(portal: Portal, visit: Visits):
    hal = visit(portal)
    page = sign_in(hal, HAL)
    hal.go("/members")
    page.get_by_role("link", name=re.compile("details", re.I)).first.click()
    page.get_by_role("button", name="Add an email").click()
    typed = page.get_by_label("New email")
    typed.fill("hal.new@example.c")
    restart(portal)
    lines_up(page)
    expect(typed).to_have_value("hal.new@example.c")
    page.get_by_role("button", name="Cancel").click()
    expect(typed).to_be_hidden()
    restart(portal, 1)
    lines_up(page)
    expect(page.get_by_role("button", name="Add an email")).to_be_visible()
    expect(typed).to_be_hidden()  # what was closed stays closed
    hal.forgive()


def test_type_1_a_payment_being_recorded_outlives_a_restart(portal: Portal, visit: Visits):
    olga = visit(portal, phone=False)
    page = staff_sign_in(olga, OWNER)
    olga.go("/staff/patients?q=Maria")
    page.get_by_role("table").get_by_role("link", name="Maria Alvarez", exact=True).click()
    page.get_by_role("button", name="Record a payment").click()
    amount = page.locator("dialog[open] [name=amount]")
    amount.fill("31.31")
    restart(portal)
    lines_up(page)
    expect(amount).to_have_value("31.31")
    olga.forgive()


def test_type_1_a_draft_is_saved_while_one_types(portal: Portal, visit: Visits):
    """The page is loaded again before the field is left."""
    olga = visit(portal, phone=False)
    page = staff_sign_in(olga, OWNER)
    olga.go("/staff/patients?q=Luis")
    page.get_by_role("table").get_by_role("link", name="Luis Alvarez", exact=True).click()
    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("button", name="Add a line").click()
    page.locator("[name=what_2]").fill("Blood test")
    page.wait_for_timeout(2500)  # the typing rests
    page.reload()
    expect(page.locator("[name=what_2]")).to_have_value("Blood test")


def test_type_1_a_minute_without_a_line_loses_nothing(portal: Portal, visit: Visits):
    """On the page's own clock."""
    maria = visit(portal)
    maria.page.clock.install()
    page = sign_in(maria, MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    choose_amount(page, "13.13")
    fill_card(page, PAYS)
    page.context.set_offline(True)
    expect(page.get_by_text(DOWN)).to_be_visible()
    page.clock.fast_forward(60_000)
    page.context.set_offline(False)
    lines_up(page)
    expect(page.locator("#amount")).to_have_value("13.13")
    expect(card_frame(page).locator("#number")).to_have_value(re.compile("4242"))
    press_pay(page)
    on_receipt(page)
    maria.forgive()


@pytest.mark.parametrize("seconds", [1, 6])
def test_type_1_pay_pressed_offline_comes_back_with_words(portal: Portal, visit: Visits, seconds: int):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    choose_amount(page, f"12.3{seconds}")  # the same amount twice would be asked about
    fill_card(page, PAYS)
    before = portal.charges()
    page.context.set_offline(True)
    page.evaluate(WATCH)
    press_pay(page)
    page.wait_for_timeout(seconds * 1000)
    shown = page.evaluate("shown")
    assert shown["busy"] < 100, shown
    assert shown["words"] < 3000, shown
    expect(page.get_by_text(UNSENT)).to_be_visible()
    page.context.set_offline(False)
    lines_up(page)
    page.wait_for_timeout(3000)
    assert portal.charges() == before  # nothing was charged later
    expect(page.locator("#amount")).to_have_value(f"12.3{seconds}")
    press_pay(page)
    on_receipt(page)
    maria.forgive()


def test_type_1_a_press_while_the_server_is_down_is_not_done_behind_ones_back(portal: Portal, visit: Visits):
    somebody = visit(portal)
    page = somebody.go("/sign-in")
    expect(page.get_by_text("Other ways to sign in")).to_be_visible()
    page.wait_for_load_state("networkidle")
    portal.kill()
    page.wait_for_timeout(1000)  # the browser has heard of it
    page.evaluate(WATCH)
    page.locator("#contact").fill(HAL[0])
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_text(UNSENT)).to_be_visible(timeout=4000)
    shown = page.evaluate("shown")
    assert shown["busy"] < 100, shown
    portal.start()
    lines_up(page)
    page.wait_for_timeout(2000)
    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    expect(page.locator("#contact")).to_have_value(HAL[0])
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the 6-digit code")).to_be_visible()
    somebody.forgive()
