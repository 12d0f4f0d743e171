"""Memberships at the front desk: enrol, pause, resume, end with a refund; plans with a new price; coupons."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Look, Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import OWNER, staff_sign_in

FRONT_DESK = "dana@juniper.example"


@pytest.fixture
def desk(portal: Portal, visit: Visits) -> Visitor:
    visitor = visit(portal, phone=False)
    staff_sign_in(visitor, OWNER)
    return visitor


def ready(page: Page, heading: str) -> Page:
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.locator("main .skel")).to_have_count(0)
    return page


def agree(page: Page, words: str, done: str) -> None:
    """The question says `words`; it is answered with yes."""
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("[data-focus=said]").filter(has_text=done)).to_be_visible()


def enrol_ngozi(desk: Visitor) -> Page:
    page = ready(desk.go("/staff/memberships"), "Memberships")
    page.get_by_role("link", name="Enrol").click()
    ready(page, "Enrol")
    page.get_by_label("Who pays? Name or chart number").fill("okonkwo")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Ngozi Okonkwo").click()
    expect(page.get_by_text("Paid by Ngozi Okonkwo")).to_be_visible()
    page.get_by_label("Plan", exact=True).select_option("Juniper Care")
    expect(page.get_by_text("$80.00").first).to_be_visible()
    return page


def test_the_desk_enrols_pauses_resumes_and_ends_with_a_refund(desk: Visitor, look: Look):
    page = enrol_ngozi(desk)
    page.get_by_label("Baby Okonkwo").click()  # not born yet
    expect(page.get_by_text("The date of birth of Baby Okonkwo is missing or in the future.")).to_be_visible()
    look(desk, "en-staff-enrol-refused")
    page.get_by_label("Baby Okonkwo").click()
    expect(page.get_by_text("First invoice")).to_be_visible()
    look(desk, "en-staff-enrol")
    page.get_by_role("button", name="Enrol").click()
    page.wait_for_url("**/staff/memberships/mem_*")
    ready(page, "Ngozi Okonkwo")
    membership = page.url

    page.get_by_role("heading", name="Pause the membership").click()
    page.get_by_label("First day of the pause").fill("2026-07-01")
    page.get_by_label("Last day of the pause").fill("2026-06-20")
    page.get_by_role("button", name="Pause…").click()
    expect(page.locator("#pause_pause_last_day-error")).to_contain_text("A pause begins today or later")
    page.get_by_label("Last day of the pause").fill("2026-07-31")
    page.get_by_role("button", name="Pause…").click()
    expect(page.get_by_role("alert").filter(has_text="Pause the membership of Ngozi Okonkwo")).to_be_visible()
    look(desk, "en-staff-membership-question")
    agree(page, "Pause the membership of Ngozi Okonkwo", "The pause is entered.")
    page.get_by_role("button", name="End the pause…").click()
    agree(page, "End this pause today?", "The pause is over.")
    expect(page.get_by_role("heading", name="Pauses")).to_have_count(0)

    page.get_by_role("heading", name="Move the bill day").click()
    page.get_by_label("Day of the month, from 1 to 28").fill("20")
    page.get_by_role("button", name="Show the dates…").click()
    expect(page.get_by_text("days between them are free")).to_be_visible()
    page.get_by_role("button", name="No, change nothing").click()
    expect(page.get_by_role("alert").filter(has_text="free")).to_have_count(0)
    look(desk, "en-staff-membership")

    page.get_by_role("link", name="Ngozi Okonkwo").click()
    ready(page, "Ngozi Okonkwo")
    page.get_by_role("button", name="Record a payment").click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Amount", exact=True).fill("80.00")
    panel.get_by_text("Cash", exact=True).click()
    panel.get_by_role("button", name="Record the payment").click()
    expect(page.locator("[data-focus=said]").filter(has_text="$80.00 was recorded.")).to_be_visible()

    desk.go(membership.removeprefix(desk.url))
    ready(page, "Ngozi Okonkwo")
    page.get_by_role("heading", name="End the membership").click()
    page.locator("#end_last_day").fill("2026-06-15")
    page.locator("#end_reason").fill("Moves away")
    page.get_by_text("Refund the unearned part").click()
    page.get_by_role("button", name="End…").click()
    agree(page, "$77.33 is refunded", "The end of the membership is decided.")
    expect(page.get_by_text("End decided")).to_be_visible()
    desk.go("/staff/transactions?q=okonkwo&kind=refund")
    ready(page, "Transactions")
    expect(page.get_by_role("row").filter(has_text="$77.33")).to_be_visible()


def test_a_plan_gets_a_new_price_and_a_coupon(desk: Visitor, look: Look):
    page = ready(desk.go("/staff/memberships"), "Memberships")
    page.get_by_role("link", name="Plans", exact=True).click()
    ready(page, "Plans")
    look(desk, "en-staff-plans")
    page.get_by_role("link", name="New plan").click()
    ready(page, "New plan")
    page.get_by_role("button", name="Save the plan").click()
    expect(page.locator("#name-error")).to_contain_text("Enter a name")
    look(desk, "en-staff-new-plan")
    page.get_by_role("link", name="Back to plans").click()
    page.get_by_role("link", name="Juniper Care").first.click()
    ready(page, "Juniper Care")
    page.get_by_label("Adult", exact=True).fill("90")
    page.get_by_label("First day").fill("2026-06-20")
    page.get_by_label("For whom").select_option("everybody")
    page.get_by_role("button", name="Show whom it changes…").click()
    expect(page.locator("#first_day-error")).to_contain_text("members are told before")
    page.get_by_label("First day").fill("2026-08-01")
    page.get_by_role("button", name="Show whom it changes…").click()
    expect(page.get_by_role("alert").filter(has_text="Save it?")).to_be_visible()
    look(desk, "en-staff-plan-question")
    agree(page, "Save it?", "The price is saved.")
    expect(page.get_by_text("Adult: $90.00")).to_be_visible()
    look(desk, "en-staff-plan")

    desk.go("/staff/coupons")
    ready(page, "Coupons")
    page.get_by_label("Code").fill("spring")
    page.get_by_label("Percent off").fill("101")
    page.get_by_role("button", name="Save the coupon").click()
    expect(page.locator("#percent-error")).to_contain_text("from 1 to 100")
    page.get_by_label("Percent off").fill("10")
    page.get_by_role("button", name="Save the coupon").click()
    expect(page.locator("[data-focus=said]").filter(has_text="The coupon is saved.")).to_be_visible()
    look(desk, "en-staff-coupons")
    page.get_by_role("button", name="Switch off…").click()
    agree(page, "Switch SPRING off?", "The coupon is off.")


def test_the_list_is_filtered_exported_and_reads_well_in_spanish(desk: Visitor, look: Look):
    page = ready(desk.go("/staff/memberships?status=active"), "Memberships")
    look(desk, "en-staff-memberships")
    page.get_by_label("Plan", exact=True).select_option("Juniper Care")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**plan=pln_*")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export CSV").click()
    text = waiting.value.path().read_text("utf-8-sig")
    assert text.startswith('"paid_by","plan","status"') and "Juniper Care" in text
    assert "Juniper Year" not in text and '"ended"' not in text
    for path, heading, name in (
        ("/es/staff/memberships", "Membresías", "es-staff-memberships"),
        ("/es/staff/plans", "Planes", "es-staff-plans"),
        ("/es/staff/plans/new", "Plan nuevo", "es-staff-new-plan"),
        ("/es/staff/coupons", "Cupones", "es-staff-coupons"),
        ("/es/staff/enrol?q=okonkwo", "Inscribir", "es-staff-enrol-search"),
    ):
        ready(desk.go(path), heading)
        look(desk, name)
    desk.go("/es/staff/memberships?status=active")
    page.get_by_role("row").get_by_role("link").first.click()
    page.wait_for_url("**/es/staff/memberships/mem_*")
    expect(page.get_by_role("heading", name="Historial")).to_be_visible()
    for form in page.locator("details summary").all():
        form.click()
    look(desk, "es-staff-membership")


def test_the_front_desk_reads_who_may_change_memberships(portal: Portal, visit: Visits, look: Look):
    desk = visit(portal, phone=False)
    staff_sign_in(desk, FRONT_DESK)
    page = ready(desk.go("/staff/memberships"), "Memberships")
    expect(page.get_by_text("You may not change plans and memberships.")).to_be_visible()
    expect(page.get_by_role("link", name="Enrol")).to_have_count(0)
    page.get_by_role("row").get_by_role("link").first.click()
    page.wait_for_url("**/staff/memberships/mem_*")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("End|Pause"))).to_have_count(0)
    look(desk, "en-staff-membership-front-desk")
    desk.go("/staff/enrol")
    expect(page.get_by_role("alert")).to_contain_text("change plans and memberships")
