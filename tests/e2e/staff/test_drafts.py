"""The draft of an invoice: what was typed is there after a reload and after the session ended."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import DANA, ages, at_work_quietly
from tests.e2e.staff.test_billing import patient_page, ready
from tests.e2e.steps import OWNER, staff_sign_in

RESTORED = "This is what you typed before and have not sent."


def type_half_an_invoice(page: Page) -> None:
    page.get_by_label("What it is for").fill("Crown, lower left")
    page.get_by_label("Unit price").fill("640.00")
    page.get_by_role("button", name="Add a line").click()
    expect(page.get_by_label("What it is for")).to_have_count(2)
    page.get_by_label("What it is for").nth(1).fill("X-ray")
    page.get_by_label("Quantity").nth(1).fill("2")
    page.get_by_label("Note (optional)").fill("as agreed by phone")
    page.get_by_label("Due date").focus()  # a field is saved when it is left


def expect_draft(page: Page) -> None:
    expect(page.get_by_text(RESTORED)).to_be_visible()
    whats = page.get_by_label("What it is for")
    expect(whats).to_have_count(2)
    expect(whats.nth(0)).to_have_value("Crown, lower left")
    expect(page.get_by_label("Unit price").nth(0)).to_have_value("640.00")
    expect(whats.nth(1)).to_have_value("X-ray")
    expect(page.get_by_label("Quantity").nth(1)).to_have_value("2")
    expect(page.get_by_label("Note (optional)")).to_have_value("as agreed by phone")


def open_new_invoice(page: Page) -> Page:
    page.get_by_role("link", name="New invoice").click()
    return ready(page, "New invoice")


def test_a_draft_survives_a_reload_and_a_sign_in_and_is_gone_once_saved(portal: Portal, visit: Visits, axe):
    dana = visit(portal, phone=False)
    at_work_quietly(portal, dana, DANA)
    page = open_new_invoice(patient_page(dana, "Maria Alvarez"))
    address = page.url
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    type_half_an_invoice(page)
    page.reload()
    expect_draft(page)
    axe(page)
    ages(portal, dana, 16)
    page.wait_for_url(re.compile(r"/staff/sign-in"))
    dana.forgive()  # 401
    at_work_quietly(portal, dana, DANA)
    page.goto(address)
    expect_draft(page)

    olga = visit(portal, phone=False)  # drafts are seen only by who typed them
    staff_sign_in(olga, OWNER)
    olga.page.goto(address)
    ready(olga.page, "New invoice")
    expect(olga.page.get_by_label("What it is for")).to_have_value("")

    page.get_by_label("Unit price").nth(1).fill("30.00")
    page.get_by_role("button", name="Save as a draft").click()
    page.wait_for_url("**/staff/patients/pat_*")
    expect(page.get_by_role("row").filter(has_text="$700.00").first).to_be_visible()
    page.goto(address)
    ready(page, "New invoice")
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    expect(page.get_by_label("What it is for")).to_have_value("")


def test_start_over_drops_the_draft(portal: Portal, visit: Visits):
    dana = visit(portal, phone=False)
    at_work_quietly(portal, dana, DANA)
    page = open_new_invoice(patient_page(dana, "Maria Alvarez"))
    type_half_an_invoice(page)
    page.reload()
    expect_draft(page)
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    expect(page.get_by_label("What it is for")).to_have_count(1)
    expect(page.get_by_label("What it is for")).to_have_value("")
    page.reload()
    ready(page, "New invoice")
    expect(page.get_by_label("What it is for")).to_have_value("")
