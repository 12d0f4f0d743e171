"""A patient signs in on a phone, sees the bill and pays part of it; the practice sees it happen."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    LUIS,
    MARIA,
    NO_MONEY,
    OWNER,
    PAYS,
    choose_amount,
    confirm_at_the_bank,
    download,
    fill_card,
    on_receipt,
    open_bill,
    pay,
    press_pay,
    sign_in,
    staff_sign_in,
    to_pay,
)

AT_ONCE = 2_000  # milliseconds: the practice sees it while it happens


def figures(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def dashboard(portal: Portal, visit: Visits) -> Page:
    """The practice's dashboard, open on a desktop before anything happens."""
    return staff_sign_in(visit(portal, phone=False), OWNER)


def seen_at_once(dashboard: Page, *words: str) -> None:
    for word in words:
        expect(dashboard.locator("main")).to_contain_text(word, timeout=AT_ONCE)


def test_maria_sees_her_own_and_her_childrens_bills_and_none_of_luis(portal: Portal, visit: Visits):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    everything = page.locator("main").inner_text()
    for name in ("Maria", "Eva", "Tim", "Tom"):
        assert name in everything
    assert "Luis" not in everything
    assert "ECG" not in everything
    maria.shot("invoices")


def test_luis_with_the_same_email_sees_only_his_own(portal: Portal, visit: Visits):
    page = sign_in(visit(portal), LUIS)
    everything = page.locator("main").inner_text()
    assert "Annual physical" in everything
    for name in ("Maria", "Eva", "Tim", "Tom"):
        assert name not in everything


def test_fifty_of_a_hundred_and_twenty_and_the_practice_sees_it(
    portal: Portal, visit: Visits, dashboard: Page, tmp_path: Path
):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_bill(page, "Office visit, 20 minutes")
    bill = page.url
    pay(page, card=PAYS, amount="50.00")
    number = on_receipt(page)
    seen_at_once(dashboard, "New payment: $50.00", "Maria Alvarez")
    maria.shot("receipt")
    paper = figures(download(page, "Download receipt", tmp_path))
    assert number in paper
    assert "50.00" in paper
    page.goto(bill)
    expect(page.locator("main")).to_contain_text("$70.00")
    paper = figures(download(page, "Download PDF", tmp_path))
    for amount in ("120.00", "50.00", "70.00"):
        assert amount in paper


def test_the_bank_asks_and_she_confirms(portal: Portal, visit: Visits, dashboard: Page):
    page = sign_in(visit(portal), MARIA)
    open_bill(page, "X-ray, left wrist")
    pay(page, card=ASKS_THE_BANK, amount="12.60")
    confirm_at_the_bank(page)
    on_receipt(page)
    seen_at_once(dashboard, "New payment: $12.60")


def test_a_declined_card_says_why_and_nothing_is_charged(portal: Portal, visit: Visits, dashboard: Page):
    page = sign_in(visit(portal), MARIA)
    open_bill(page, "X-ray, left wrist")
    before = page.locator("table").inner_text()
    pay(page, card=NO_MONEY, amount="10.00")
    expect(
        page.get_by_role("alert").filter(has_text=re.compile("not enough|insufficient", re.I))
    ).to_be_visible()
    seen_at_once(dashboard, "Declined: $10.00")
    page.reload()
    expect(page.get_by_text("What this invoice is for")).to_be_visible()
    assert page.locator("table").inner_text() == before


def test_two_tabs_paying_in_full_at_once_are_one_charge(portal: Portal, visit: Visits):
    maria = visit(portal)
    first = sign_in(maria, MARIA)
    second = maria.tab()
    open_bill(first, "Well-child visit")
    second.goto(first.url)
    expect(second.get_by_text("What this invoice is for")).to_be_visible()
    for tab in (first, second):
        fill_card(tab, PAYS)
    for tab in (first, second):
        press_pay(tab)
    expect(
        first.get_by_role("heading", name="Payment received").or_(first.get_by_role("alert"))
    ).to_be_visible()
    expect(
        second.get_by_role("heading", name="Payment received").or_(second.get_by_role("alert"))
    ).to_be_visible()
    paid = [tab for tab in (first, second) if "/receipt" in tab.url]
    assert len(paid) == 1
    page = maria.go("/invoices")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert to_pay(page).get_by_role("link", name="Well-child visit").count() == 0


@pytest.fixture(params=["sqlite", "postgresql"])
def fragile(request: pytest.FixtureRequest, built: Path) -> Iterator[Portal]:
    """An installation that may be killed; on PostgreSQL too."""
    settings: dict[str, str] = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        server.command("DROP DATABASE IF EXISTS fragile WITH (FORCE)")
        server.command("CREATE DATABASE fragile")
        settings["DATABASE_URL"] = server.url("fragile")
    running = Portal(settings).prepare().start()
    yield running
    running.remove()


def test_a_crash_between_charge_and_posting_is_put_right(fragile: Portal, visit: Visits):
    """kill -9 after the processor has charged: restart and reconcile post it once."""
    maria = visit(fragile)
    page = sign_in(maria, MARIA)
    open_bill(page, "Office visit, 20 minutes")
    bill = page.url
    choose_amount(page, "50.00")
    fill_card(page, PAYS)
    page.request.post(f"{fragile.url}/_stripe/switches", data={"hold": True, "delay": 8})
    press_pay(page)
    time.sleep(3)
    fragile.kill()
    maria.complaints.clear()  # the lost line is said in the console, rightly
    fragile.start()
    first = fragile.command("reconcile", "--minutes", "0")
    again = fragile.command("reconcile", "--minutes", "0")
    assert "Nothing to put right" not in first
    assert "Nothing to put right" in again
    page.goto(bill)
    expect(page.locator("main")).to_contain_text("$70.00")
    maria.complaints.clear()


def test_two_processes_on_postgresql_and_redis(built: Path, visit: Visits, request: pytest.FixtureRequest):
    """The patient is on one process, the practice on the other: it still sees the payment at once."""
    postgres, redis = request.getfixturevalue("postgres"), request.getfixturevalue("redis_server")
    postgres.command("DROP DATABASE IF EXISTS pair WITH (FORCE)")
    postgres.command("CREATE DATABASE pair")
    settings = {"DATABASE_URL": postgres.url("pair"), "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
    patients = Portal(settings).prepare().start()
    staff = Portal(settings | {"STRIPE_API_BASE": f"{patients.url}/_stripe"}, folder=patients.folder).start()
    try:
        desk: Visitor = visit(staff, phone=False)
        staff_sign_in(desk, OWNER)
        page = sign_in(visit(patients), MARIA)
        open_bill(page, "Office visit, 20 minutes")
        pay(page, card=PAYS, amount="50.00")
        on_receipt(page)
        seen_at_once(desk.page, "New payment: $50.00", "Maria Alvarez")
    finally:
        staff.stop()
        patients.remove()
