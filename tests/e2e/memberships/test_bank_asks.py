"""The bank asks about an automatic charge: nothing is tried again, and the payer confirms it through a link (AUTO-3)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import at_marias_bill_date, membership, open_memberships, outcomes_of_tries
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader
from tests.e2e.steps import ASKS_THE_BANK, MARIA, confirm_at_the_bank, fill_card, press_pay, sign_in
from tests.servers import wait_until


@pytest.fixture(scope="module")
def portal(demo: Path) -> Iterator[Portal]:
    with at_marias_bill_date(demo, "pm_card_authenticationRequired") as running:
        wait_until(lambda: outcomes_of_tries(running) == ["confirm"], seconds=60, what="the first try")
        yield running


def message(portal: Portal) -> str:
    """The text of the email that says so."""
    with closing(sqlite3.connect(portal.folder / "portal.db", timeout=10)) as db:
        said = "SELECT body FROM outbox_message WHERE kind = 'autopay_confirm' AND channel = 'email'"
        ((body,),) = db.execute(said).fetchall()
        return body


def test_auto_3_the_banks_question_is_answered_through_the_link_of_the_message(
    portal: Portal, visit: Visits, look: Look
):
    said = message(portal)
    assert "You were not charged yet" in said and "We do not try again by ourselves" in said
    address = next(word for word in said.split() if "/links#" in word)
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    expect(page.get_by_text("$190.00 is open")).to_be_visible()
    expect(page.get_by_text("Your bank asks you to confirm it.")).to_be_visible()
    look(maria, "autopay-confirm")

    phone = Reader(visit(portal), "es")
    page = phone.go(f"/links#{urlsplit(address).fragment}")
    phone.born(MARIA[1])
    phone.press("Continue")
    page.wait_for_url("**/links/bill*")
    phone.sees("Pay this invoice")
    look(phone.visitor, "autopay-confirm-link-es")
    fill_card(page, ASKS_THE_BANK)
    press_pay(page)
    confirm_at_the_bank(page, "Completar")
    page.wait_for_url("**/links/receipt*")
    phone.sees("Payment received")
    assert portal.charges() == [190_00]

    page = open_memberships(maria)
    expect(page.get_by_text("is open")).to_have_count(0)
    expect(membership(page).get_by_text("Automatically, with Visa ending in 4242")).to_be_visible()
