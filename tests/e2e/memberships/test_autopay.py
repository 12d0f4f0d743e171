"""Automatic payment on and off; a card that failed is put right; the bank's question is answered."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import (
    GRETA,
    add_card,
    at_marias_bill_date,
    membership,
    open_memberships,
    outcomes_of_tries,
)
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    MARIA,
    NADIA,
    PAYS,
    confirm_at_the_bank,
    fill_card,
    on_receipt,
    press_pay,
    sign_in,
)
from tests.servers import wait_until

NO_MONEY = "pm_card_visa_chargeDeclinedInsufficientFunds"


def test_it_is_turned_on_with_a_new_card_and_off(portal: Portal, visit: Visits, look: Look):
    nadia = visit(portal)
    sign_in(nadia, NADIA)
    page = open_memberships(nadia)
    membership(page).get_by_role("link", name="Pay automatically").click()
    expect(page.get_by_text("Save a card or bank account first")).to_be_visible()
    look(nadia, "autopay-no-card")
    page.get_by_role("link", name="Add a card or bank account").click()
    page.get_by_role("button", name="Add a card or bank account").click()
    add_card(page, PAYS)
    expect(page.get_by_text("Visa ending in 4242 was added.")).to_be_visible()
    page = open_memberships(nadia)
    membership(page).get_by_role("link", name="Pay automatically").click()
    expect(page.get_by_text("Will be charged $110.00 on June 29, 2026")).to_be_visible()
    look(nadia, "autopay-choose")
    page.get_by_role("button", name="Turn on automatic payment").click()
    expect(page.get_by_text("Visa ending in 4242 will be charged $110.00 on June 29, 2026")).to_be_visible()
    look(nadia, "autopay-on")
    page = nadia.go(page.url.removeprefix(nadia.url).replace("/memberships", "/es/memberships"))
    expect(page.get_by_text("El pago automático está activado").first).to_be_visible()
    page.get_by_text("Desactivar el pago automático").click()
    look(nadia, "autopay-off-es")
    page.get_by_role("button", name="Desactivarlo").click()
    expect(page.get_by_text("El pago automático está desactivado. Usted paga cada factura.")).to_be_visible()
    look(nadia, "autopay-choose-es")


@pytest.fixture(scope="module")
def after_a_failure(demo: Path) -> Iterator[Portal]:
    """With a card that has no money."""
    with at_marias_bill_date(demo, NO_MONEY) as running:
        wait_until(lambda: outcomes_of_tries(running) == ["retry"], seconds=60, what="the first try")
        yield running


def test_a_failed_card_is_replaced_and_the_banks_question_answered(
    after_a_failure: Portal, visit: Visits, look: Look
):
    maria = visit(after_a_failure)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    expect(page.get_by_text("$190.00 is open")).to_be_visible()
    expect(page.get_by_text("We try again on June 25, 2026.")).to_be_visible()
    look(maria, "autopay-failed")
    page.get_by_role("link", name="Use another card").click()
    expect(page.get_by_role("button", name="Save and pay $190.00")).to_be_visible()
    look(maria, "autopay-save-and-pay")
    page.get_by_role("link", name="Add a card or bank account").click()
    page.get_by_role("button", name="Add a card or bank account").click()
    add_card(page, ASKS_THE_BANK)
    confirm_at_the_bank(page)
    expect(page.get_by_text("was added.")).to_be_visible()
    page = open_memberships(maria)
    page.get_by_role("link", name="Use another card").click()
    page.get_by_text("ending in 3184").click()
    page.get_by_role("button", name="Save and pay $190.00").click()
    page.wait_for_url("**/payments?*")
    expect(page.get_by_text("Your bank asks you to confirm your payment of $190.00.")).to_be_visible()
    look(maria, "autopay-bank-question")
    page.get_by_role("button", name="Continue").click()
    confirm_at_the_bank(page)
    on_receipt(page)
    page = open_memberships(maria)
    expect(page.get_by_text("is open")).to_have_count(0)
    expect(page.get_by_text(re.compile("Automatically, with Visa ending in 3184"))).to_be_visible()
    assert after_a_failure.charges() == [190_00]


def test_in_spanish_what_is_past_due_is_paid_from_its_banner(
    after_a_failure: Portal, visit: Visits, look: Look
):
    greta = visit(after_a_failure)
    sign_in(greta, GRETA)
    page = open_memberships(greta, "/es/memberships")
    look(greta, "past-due-es")
    page.get_by_role("link", name="Pagar ahora").click()
    page.wait_for_url("**/es/payments?*")
    fill_card(page, PAYS)
    press_pay(page)
    on_receipt(page)
    page = open_memberships(greta, "/es/memberships")
    expect(page.get_by_role("link", name="Pagar ahora")).to_have_count(0)
