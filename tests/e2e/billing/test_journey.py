"""A patient signs in on a phone, sees the bill and pays part of it; the practice sees it happen."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    LUIS,
    MARIA,
    NADIA,
    NO_MONEY,
    OWNER,
    PAYS,
    confirm_at_the_bank,
    download,
    figures,
    fill_card,
    invoice_is_shown,
    on_receipt,
    open_invoice,
    pay,
    press_pay,
    seen_at_once,
    sign_in,
    staff_sign_in,
    to_pay,
    why_not,
)


@pytest.fixture
def dashboard(portal: Portal, visit: Visits) -> Page:
    """The practice's dashboard, open on a desktop before anything happens."""
    return staff_sign_in(visit(portal, phone=False), OWNER)


def test_maria_sees_her_own_and_her_childrens_invoices_and_none_of_luis(portal: Portal, visit: Visits):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    everything = page.locator("main").inner_text()
    for name in ("Maria", "Eva", "Tim", "Tom"):
        assert name in everything
    assert "Luis" not in everything
    assert "ECG" not in everything
    session = next(one for one in maria.context.cookies() if one.get("name") == "demo-portal")
    assert session.get("httpOnly")
    assert session.get("sameSite") in ("Lax", "Strict")
    assert "invoices" in page.url


def test_luis_with_the_same_email_sees_only_his_own(portal: Portal, visit: Visits):
    page = sign_in(visit(portal), LUIS)
    everything = page.locator("main").inner_text()
    assert "Annual physical" in everything
    for name in ("Maria", "Eva", "Tim", "Tom"):
        assert name not in everything


def test_fifty_of_a_hundred_and_twenty_and_every_dashboard_sees_it(
    portal: Portal, visit: Visits, dashboard: Page, tmp_path: Path
):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    beside = maria.tab()  # the practice's page in the patient's own browser
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    maria.context.add_cookies([one for one in desk.context.cookies() if "staff" in one["name"]])  # type: ignore[arg-type]
    beside.goto(portal.url + "/staff")
    expect(beside.get_by_role("heading", name="Payments today")).to_be_visible()
    open_invoice(page, "Office visit, 20 minutes")
    this_invoice = page.url
    pay(page, card=PAYS, amount="50.00")
    number = on_receipt(page)
    for shown in (dashboard, beside):
        seen_at_once(shown, "New payment: $50.00", "Maria Alvarez")
    receipt = figures(download(page, "Download receipt", tmp_path))
    assert number in receipt
    page.goto(this_invoice)
    expect(page.locator("main")).to_contain_text("$70.00")
    invoice = figures(download(page, "Download PDF", tmp_path))
    on_page = page.locator("main").inner_text()
    for amount in ("$120.00", "$50.00", "$70.00"):
        assert amount in on_page
        assert amount in invoice
    for amount in ("$50.00", "$70.00"):
        assert amount in receipt


def test_her_bank_asks_and_she_confirms(portal: Portal, visit: Visits, dashboard: Page):
    page = sign_in(visit(portal), MARIA)
    open_invoice(page, "X-ray, left wrist")
    pay(page, card=ASKS_THE_BANK, amount="12.60")
    confirm_at_the_bank(page)
    on_receipt(page)
    seen_at_once(dashboard, "New payment: $12.60")


def test_her_bank_asks_and_does_not_know_her(portal: Portal, visit: Visits, dashboard: Page):
    before = portal.charges()
    page = sign_in(visit(portal), MARIA)
    open_invoice(page, "X-ray, left wrist")
    pay(page, card=ASKS_THE_BANK, amount="11.00")
    confirm_at_the_bank(page, "Fail")
    expect(why_not(page)).to_contain_text("Your bank could not confirm that it was you")
    seen_at_once(dashboard, "Declined: $11.00")
    assert portal.charges() == before


def test_a_declined_card_says_why_and_nothing_is_charged(portal: Portal, visit: Visits, dashboard: Page):
    before = portal.charges()
    page = sign_in(visit(portal), MARIA)
    open_invoice(page, "X-ray, left wrist")
    left = page.locator("tfoot").inner_text()
    pay(page, card=NO_MONEY, amount="10.00")
    expect(why_not(page)).to_contain_text("There is not enough money on this card")
    expect(why_not(page)).to_contain_text("Nothing was charged")
    seen_at_once(dashboard, "Declined: $10.00", "Not enough money")
    page.reload()
    invoice_is_shown(page)
    assert page.locator("tfoot").inner_text() == left
    assert portal.charges() == before


def test_a_card_is_kept_and_pays_the_next_time(portal: Portal, visit: Visits):
    page = sign_in(visit(portal), NADIA)
    open_invoice(page, "Sports physical")
    invoice = page.url
    pay(page, card=PAYS, amount="20.00", keep=True)
    on_receipt(page)
    page.goto(invoice)
    invoice_is_shown(page)
    kept = page.get_by_role("radio", name=re.compile("4242"))
    expect(kept).to_be_checked()
    assert page.locator("iframe").count() == 0, "the processor's form loads when a new card is wanted"
    press_pay(page)
    on_receipt(page)
    page.goto(invoice)
    expect(page.locator("main")).to_contain_text("$40.00")
    expect(page.locator("tfoot")).to_contain_text("$0.00")


def test_two_tabs_paying_in_full_at_once_are_one_charge(portal: Portal, visit: Visits):
    maria = visit(portal)
    first = sign_in(maria, MARIA)
    second = maria.tab()
    open_invoice(first, "Well-child visit")
    second.goto(first.url)
    invoice_is_shown(second)
    for tab in (first, second):
        fill_card(tab, PAYS)
    for tab in (first, second):
        press_pay(tab)
    paid = "Payment received"
    # The slower one is told why not, or has seen it paid before it could be pressed.
    other = re.compile(
        "We are checking your last payment|nothing left to pay|paid already|already paid|^Paid$", re.I
    )
    for tab in (first, second):
        expect(
            tab.get_by_role("heading", name=paid).or_(tab.locator("main").get_by_text(other)).first
        ).to_be_visible()
    # The one that pays may show its bill as paid for a moment, before its receipt.
    for tab in (first, second):
        with suppress(AssertionError):
            expect(tab.get_by_role("heading", name=paid)).to_be_visible(timeout=8_000)
    received = [tab for tab in (first, second) if tab.get_by_role("heading", name=paid).count()]
    assert len(received) == 1
    assert portal.charges().count(17500) == 1
    page = maria.go("/invoices")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert to_pay(page).get_by_role("link", name="Well-child visit").count() == 0
