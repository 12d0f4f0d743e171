"""What the kit does for every page: where the focus goes, one layout grid, narrow screens and large text."""

from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import DESKTOP, PHONE, Axe, Visitor, Visits, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.reader import at_work_quietly, sign_in_quietly
from tests.e2e.steps import OWNER, code_from_outbox

# The element with the focus: what a screen reader says of it, and whether it is announced a second time.
FOCUSED = """() => {
  const e = document.activeElement, about = (e.getAttribute("aria-describedby") || "").split(" ");
  return {
    tag: e.tagName, id: e.id, text: e.innerText || "", invalid: e.getAttribute("aria-invalid"),
    about: about.map((id) => document.getElementById(id)?.innerText || "").join(" "),
    live: !!e.closest("[role=alert], [role=status], [aria-live]"),
  };
}"""
# Left and right of the header's content, of what stands in main, and left of the side navigation.
EDGES = """() => {
  const inner = (e) => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return [box.left + parseFloat(style.paddingLeft), box.right - parseFloat(style.paddingRight)];
  };
  const cards = [...document.querySelectorAll("main .card")].map((e) => e.getBoundingClientRect()).filter((b) => b.width);
  const nav = [...document.querySelectorAll("nav")].find((e) => e.checkVisibility() && !e.closest(".dock, main"));
  return {
    header: inner(document.querySelector("header > div")),
    nav: nav ? nav.getBoundingClientRect().left : null,
    main: inner(document.querySelector("main")),
    cards: [Math.min(...cards.map((b) => b.left)), Math.max(...cards.map((b) => b.right))],
  };
}"""
PATIENT_PAGES = ["/invoices", "/payments", "/payment-options", "/statements", "/members", "/account"]
STAFF_PAGES = ["/staff", "/staff/transactions", "/staff/settings", "/staff/patients?q=lind", "/staff/account"]
NARROW: ViewportSize = {"width": 195, "height": 422}


def focused(page: Page) -> dict[str, Any]:
    """Never the page's body, and never what is read out already as a live region."""
    found = page.evaluate(FOCUSED)
    assert found["tag"] != "BODY", page.url
    assert not found["live"], found
    return found


def refused(page: Page, field: str, words: str) -> None:
    """The first wrong field has the focus, and its error is read out with it."""
    expect(page.locator(f"#{field}")).to_be_focused()
    now = focused(page)
    assert now["invalid"] == "true"
    assert words in now["about"], now


def to_focus(page: Page, words: str) -> None:
    page.wait_for_function("words => document.activeElement.innerText?.includes(words)", arg=words)
    focused(page)


def ready(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main .skel")).to_have_count(0)


@pytest.fixture
def patient(portal: Portal, visit: Visits) -> Visitor:
    visitor = visit(portal)
    sign_in_quietly(portal, visitor, "Nadia", "Brennan")
    return visitor


@pytest.fixture
def owner(portal: Portal, visit: Visits) -> Visitor:
    visitor = visit(portal)
    at_work_quietly(portal, visitor, OWNER)
    return visitor


def test_each_step_of_signing_in_takes_the_focus_and_a_refusal_its_first_wrong_field(
    portal: Portal, visit: Visits, axe: Axe
):
    visitor = visit(portal)
    page = visitor.go("/sign-in")
    page.get_by_role("button", name="Send me a code").click()
    refused(page, "contact", "Enter your email address or phone number")
    axe(page)
    page.get_by_role("heading", level=1).click()
    page.get_by_role("button", name="Send me a code").click()  # refused with the same words once more
    refused(page, "contact", "Enter your email address or phone number")
    page.locator("#contact").fill("nadia.brennan@example.com")
    page.get_by_role("button", name="Send me a code").click()
    to_focus(page, "Enter the 6-digit code")
    page.get_by_role("button", name="Use another email or phone").click()
    to_focus(page, "Sign in")
    page.get_by_role("button", name="Send me a code").click()
    to_focus(page, "Enter the 6-digit code")
    page.locator("#code").fill("12")
    page.get_by_role("button", name="Continue").click()
    refused(page, "code", "Enter the 6 digits of the code")
    page.locator("#code").fill(code_from_outbox(visitor, page.locator("#code-hint b").inner_text()))
    page.get_by_role("button", name="Continue").click()
    to_focus(page, "Your date of birth")
    page.get_by_label("Month").fill("11")
    page.get_by_role("button", name="Sign in").click()
    refused(page, "born_day", "Enter the month, day and year")  # the first that is empty
    axe(page)


def test_what_is_wrong_of_two_fields_together_is_tied_to_both(portal: Portal, visit: Visits, axe: Axe):
    page = visit(portal).go("/staff/sign-in")
    page.locator("#email").fill("nobody@juniper.example")
    page.locator("#password").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    refused(page, "email", page.locator("#form-error").inner_text())
    assert page.locator("#password").get_attribute("aria-invalid") == "true"
    axe(page)


def test_a_panel_takes_the_focus_and_gives_it_back(patient: Visitor, axe: Axe):
    page = patient.go("/members")
    page.get_by_role("link", name="Edit contact details Nadia Brennan").click()
    ready(page)
    add = page.get_by_role("button", name="Add an email")
    add.click()
    expect(page.locator("#new")).to_be_focused()
    assert page.locator("#new").get_attribute("type") == "email"
    page.get_by_role("button", name="Send the code").click()
    refused(page, "new", "Enter the new email or phone number")
    axe(page)
    page.get_by_role("button", name="Cancel").click()
    expect(add).to_be_focused()
    change = page.get_by_role("button", name="Change nadia.brennan@example.com")
    change.click()
    expect(page.locator("#new")).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    expect(change).to_be_focused()
    ask = page.get_by_role("button", name="Ask the practice to change this")
    ask.click()
    to_focus(page, "What should be changed?")
    page.get_by_role("button", name="Cancel").click()
    expect(ask).to_be_focused()
    page.get_by_role("button", name="Save the address").click()
    to_focus(page, "The address is saved.")
    axe(page)


def test_a_card_form_opens_with_the_focus_and_closes_to_its_button(patient: Visitor):
    page = patient.go("/payment-options")
    add = page.get_by_role("button", name="Add a card or bank account")
    add.click()
    to_focus(page, "Add a card or bank account")
    page.get_by_role("button", name="Not now").click()
    expect(add).to_be_focused()


def test_an_amount_that_cannot_be_paid_has_the_focus(patient: Visitor):
    page = patient.go("/payments")
    page.locator("#choose-form input[name=how][value=part]").check(force=True)
    page.locator("#amount").fill("0")
    page.get_by_role("button", name="Continue").click()
    refused(page, "amount", page.locator("#form-error").inner_text())


def test_at_the_practice_a_setting_and_a_panel_keep_the_focus(owner: Visitor, axe: Axe):
    page = owner.go("/staff/settings")
    days = page.locator("section").filter(has=page.get_by_role("heading", name="Days a pay link works"))
    days.get_by_role("textbox").fill("91")
    days.get_by_role("button", name="Save").click()
    refused(page, "days", "Choose 1 to 90 days")
    reminders = page.locator("section").filter(has=page.get_by_role("heading", name="Reminders"))
    for label in ("Turn off", "Turn on"):
        reminders.get_by_role("button", name=label).click()
    expect(reminders.get_by_role("button", name="Turn off")).to_be_focused()
    page = owner.go("/staff/patients?q=lind")
    page.locator("main a.link:visible").first.click()
    ready(page)
    record = page.get_by_role("button", name="Record a payment")
    record.click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Amount", exact=True).fill("0")
    panel.get_by_role("button", name="Record the payment").click()
    expect(panel.locator("#form-error")).to_be_focused()
    focused(page)
    axe(page)
    panel.get_by_role("button", name="Close").click()
    expect(record).to_be_focused()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_header_navigation_and_cards_share_their_edges(patient: Visitor, owner: Visitor, size: ViewportSize):
    seen: dict[str, set[tuple[float, float]]] = {"patient": set(), "staff": set()}
    for visitor, paths in ((patient, PATIENT_PAGES), (owner, STAFF_PAGES)):
        visitor.page.set_viewport_size(size)
        for path in paths:
            ready(visitor.go(path))
            edges = visitor.page.evaluate(EDGES)
            left, right = edges["header"]
            first = left if edges["nav"] is None else edges["nav"]
            assert abs(left - first) <= 1, (path, edges)
            assert abs(edges["main"][1] - right) <= 1, (path, edges)
            for side in (0, 1):
                assert abs(edges["cards"][side] - edges["main"][side]) <= 1, (path, edges)
            seen["staff" if path.startswith("/staff") else "patient"].add((left, right))
    assert all(len(one) == 1 for one in seen.values()), seen  # the header does not move between pages


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("large", [False, True], ids=["195-px", "200-percent"])
def test_a_narrow_screen_and_large_text_hold_everything(
    patient: Visitor, owner: Visitor, language: str, large: bool
):
    for visitor, paths in ((patient, PATIENT_PAGES), (owner, STAFF_PAGES)):
        page = visitor.page
        page.set_viewport_size(PHONE if large else NARROW)
        for path in paths:
            ready(visitor.go(path if language == "en" else f"/es{path}"))
            if large:
                page.evaluate("document.documentElement.style.fontSize = '200%'")
            no_sideways_scroll(page)
        page.locator("[popovertarget=who]").click()
        out = page.locator("#who [data-sign-out]")
        out.scroll_into_view_if_needed()
        expect(out).to_be_in_viewport(ratio=0.9)
