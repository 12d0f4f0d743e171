"""Several pages in one browser: each stays what it is, and what a page does by itself is nobody's doing."""

import re
import sqlite3
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from portal_app.domain.sign_in import SessionScope, session_ref
from tests.e2e.conftest import Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader
from tests.e2e.steps import (
    ASKS_THE_BANK,
    HAL,
    MARIA,
    OWNER,
    PAYS,
    card_frame,
    choose_amount,
    fill_card,
    on_receipt,
    open_invoice,
    pay,
    press_pay,
    sign_in,
    staff_sign_in,
    to_pay,
)

LINES = """(() => {
  const W = WebSocket;
  window.lines = [];
  window.WebSocket = class extends W {
    constructor(...a) {
      super(...a);
      lines.push(this);
      this.addEventListener("message", (e) => { this.filled ||= String(e.data).includes('is_hydrated_rx_state_":true'); });
    }
  };
})();"""


def cut(page: Page) -> None:
    """Its line is gone, as when a phone changes networks; it calls again by itself, and has been filled."""
    before = page.evaluate("lines.forEach((line) => line.close()) || lines.length")
    page.wait_for_function("(before) => lines.length > before && lines.at(-1).filled", arg=before)


def test_a_duplicated_tab_goes_on_where_it_was_after_its_line_was_cut(portal: Portal, visit: Visits):
    somebody = Reader(fragile(visit, portal), "en")
    somebody.go("/sign-in")
    somebody.fill("Email or mobile phone", "somebody@example.com")
    with somebody.page.expect_popup() as opened:
        somebody.page.evaluate(
            "open(location.href)"
        )  # as "duplicate" does: what the tab remembers goes with it
    tab = Reader(somebody.visitor, "en")
    tab.visitor.page = opened.value
    reference = tab.asks_for_code(HAL[0])
    for _ in range(2):
        cut(tab.page)
    expect(tab.page.get_by_text("From the message that says")).to_contain_text(reference)
    tab.types_the_code(reference, HAL[1])


def refs(visitor: Visitor) -> dict[str, str]:
    """This browser's sessions, by the names of their cookies."""
    kept = {one["name"]: one["value"] for one in visitor.context.cookies()}
    return {name: session_ref(kept[name], SessionScope.FULL) for name in ("demo-portal", "demo-portal-staff")}


def fragile(visit: Visits, portal: Portal, phone: bool = True) -> Visitor:
    """A browser whose line can be cut."""
    visitor = visit(portal, phone=phone)
    visitor.context.add_init_script(LINES)
    return visitor


def test_a_card_that_is_typed_in_outlives_the_line(portal: Portal, visit: Visits):
    page = sign_in(fragile(visit, portal), MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    choose_amount(page, "13.00")
    fill_card(page, PAYS)
    cut(page)
    expect(page.locator("#amount")).to_have_value("13.00")
    expect(card_frame(page).locator("#number")).to_have_value(re.compile("4242"))
    press_pay(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$13.00")


def test_the_banks_question_outlives_the_line(portal: Portal, visit: Visits):
    """They were in the app of their bank, and the phone let the line go."""
    page = sign_in(fragile(visit, portal), MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    pay(page, card=ASKS_THE_BANK, amount="14.00")
    asked = page.frame_locator("iframe[title='3D Secure authentication']").get_by_role(
        "button", name="Complete"
    )
    expect(asked).to_be_visible()
    cut(page)
    expect(page.locator("#amount")).to_have_value("14.00")
    asked.click()
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$14.00")


def test_what_is_about_to_be_paid_outlives_the_line(portal: Portal, visit: Visits):
    visitor = fragile(visit, portal)
    sign_in(visitor, MARIA)
    page = visitor.go("/payments")
    page.locator("input[name=how][value=part]").check(force=True)
    page.locator("#amount").fill("15.00")
    page.locator("form").filter(has=page.locator("#amount")).locator("button[type=submit]").first.click()
    fill_card(page, PAYS)
    cut(page)
    expect(card_frame(page).locator("#number")).to_have_value(re.compile("4242"))
    press_pay(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$15.00")


def test_a_draft_of_an_invoice_outlives_the_line(portal: Portal, visit: Visits):
    visitor = fragile(visit, portal, phone=False)
    page = staff_sign_in(visitor, OWNER)
    visitor.go("/staff/patients?q=Maria")
    page.get_by_role("table").get_by_role("link", name="Maria Alvarez", exact=True).click()
    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("button", name="Add a line").click()
    page.locator("[name=what_2]").fill("Second line")
    cut(page)
    expect(page.locator("[name=what_2]")).to_have_value("Second line")
    page.locator("[name=what_1]").fill("First line")
    for n in (1, 2):
        page.locator(f"[name=amount_{n}]").fill("10.00")
    page.get_by_role("button", name="Save as a draft").click()
    page.wait_for_url("**/staff/patients/pat_*")
    expect(page.locator("main")).to_contain_text("$20.00")


def test_what_was_pressed_as_the_line_was_cut_can_be_pressed_again(portal: Portal, visit: Visits):
    """The page may have said it into a line that was dead: nobody will answer."""
    visitor = fragile(visit, portal)
    visitor.go("/sign-in")
    page = visitor.page
    page.wait_for_function("() => lines.length && lines.at(-1).readyState === 1 && lines.at(-1).filled")
    page.evaluate("lines.forEach((line) => { line.send = () => {}; })")
    page.locator("#contact").fill(HAL[0])
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("form[data-busy]")).to_have_count(1)
    cut(page)
    expect(page.locator("form[data-busy]")).to_have_count(0)
    expect(page.locator("#contact")).to_have_value(HAL[0])
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the 6-digit code")).to_be_visible()


def seen_at(portal: Portal, ref: str, minutes_before: int = 0) -> datetime:
    """When a session's person was last seen to do something, after that was moved back."""
    base = sqlite3.connect(portal.folder / "portal.db", timeout=10)
    with base:
        (seen,) = base.execute("select seen_at from portal_session where ref = ?", [ref]).fetchone()
        then = datetime.fromisoformat(str(seen)) - timedelta(minutes=minutes_before)
        base.execute("update portal_session set seen_at = ? where ref = ?", [str(then), ref])
    base.close()
    return then


def test_a_page_that_loads_itself_anew_keeps_no_session_alive(portal: Portal, visit: Visits):
    """The staff's session in the same browser runs out: the patient's page loads again, whoever sits there or not."""
    both = visit(portal)
    maria = sign_in(both, MARIA)
    dashboard = both.page = both.tab()
    staff_sign_in(both, OWNER)
    hers, staffs = refs(both).values()
    dashboard.close()
    maria.reload()  # its line knows of both
    a_invoice = to_pay(maria).get_by_role("link").first
    expect(a_invoice).to_be_visible()
    maria.evaluate("window.before = true")
    idle_since = seen_at(portal, hers, minutes_before=8)
    seen_at(portal, staffs, minutes_before=16)
    maria.wait_for_function("() => !window.before")
    expect(a_invoice).to_be_visible()
    assert seen_at(portal, hers) == idle_since
    maria.reload()
    expect(a_invoice).to_be_visible()
    assert seen_at(portal, hers) > idle_since
