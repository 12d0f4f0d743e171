"""Adding a member in short steps on a phone; left half-way, nothing typed is lost; taken back before it starts."""

import sqlite3
from contextlib import closing
from datetime import date

from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import AMARA, fill_person, membership, open_memberships
from tests.e2e.portal import Portal
from tests.e2e.steps import MARIA, OWNER, sign_in, staff_sign_in
from tests.servers import wait_until


def drafts(portal: Portal) -> str:
    """What is kept of what was typed, of everybody."""
    with closing(sqlite3.connect(portal.folder / "portal.db", timeout=10)) as db:
        return " ".join(fields for (fields,) in db.execute("SELECT fields FROM draft"))


def test_a_child_is_added_and_taken_back(portal: Portal, visit: Visits, look: Look):
    amara = visit(portal)
    sign_in(amara, AMARA)
    page = open_memberships(amara)
    membership(page).get_by_role("link", name="Add new member").click()
    expect(page.get_by_role("heading", name="Who is it?")).to_be_visible()
    fill_person(page, "Cleo", "Ashdown", date(2020, 8, 1))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How to reach them")).to_be_visible()
    look(amara, "member-contact")
    page.get_by_text("Another address").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Enter the street and number, or choose your own address.")).to_be_visible()
    look(amara, "member-other-address")
    page.get_by_text("The same as mine").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Cleo Ashdown")).to_be_visible()
    expect(page.get_by_text("July 5, 2026")).to_be_visible()
    expect(page.get_by_text("$110.00 a month")).to_be_visible()
    expect(page.get_by_text("$140.00 a month")).to_be_visible()
    look(amara, "member-check")
    page.get_by_role("button", name="Add this member").click()
    expect(page.get_by_text("Cleo Ashdown starts on July 5, 2026")).to_be_visible()
    look(amara, "member-added")
    page.get_by_role("link", name="See your memberships").click()
    theirs = (
        membership(page).locator("li").filter(has_text="Cleo Ashdown").filter(has=page.locator("details"))
    )
    theirs.get_by_text("Take off before starting").click()
    theirs.get_by_role("button", name="Take Cleo Ashdown off").click()
    expect(page.get_by_text("Taken off the membership. Nothing is charged for them.")).to_be_visible()
    expect(membership(page).get_by_text("Cleo Ashdown")).to_have_count(0)
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    staff = desk.go("/staff/tasks")
    for told in ("Cleo Ashdown was added to the membership", "Cleo Ashdown is new and has no chart number"):
        expect(staff.get_by_role("paragraph").filter(has_text=told).first).to_be_visible()


def test_left_half_way_nothing_typed_is_lost(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = maria.go("/members")
    page.get_by_role("link", name="Add new member").click()
    expect(page.get_by_role("heading", name="Who is it?")).to_be_visible()
    look(maria, "member-who")
    page.get_by_text("Somebody new").click()
    page.get_by_role("button", name="Continue").click()
    page.locator("#given_name").fill("Timothy")
    page.locator("#family_name").fill("Alvarez")
    page.get_by_text("Male", exact=True).click()
    page.locator("#born_year").fill("2014")
    page.locator("#born_year").blur()
    wait_until(lambda: "2014" in drafts(portal), seconds=30, what="the draft")
    page.reload()
    page.get_by_text("Somebody new").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#given_name")).to_have_value("Timothy")
    expect(page.locator("#born_year")).to_have_value("2014")
    expect(page.locator("input[name=sex][value=male]")).to_be_checked()
    look(maria, "member-person")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Enter the month, day and year of birth")).to_be_visible()
    page.locator("#born_month").fill("5")
    page.locator("#born_day").fill("6")
    page.get_by_text("My child").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How to reach them")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_role("heading", name="Who is it?")).to_be_visible()


def test_in_spanish_a_child_on_file_costs_nothing_more(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria, "/es/memberships")
    membership(page).get_by_role("link", name="Agregar un miembro").click()
    page.get_by_text("Una persona nueva").click()
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator("#given_name")).to_be_visible()
    look(maria, "member-person-es")
    page = maria.go(page.url.removeprefix(maria.url))
    page.get_by_text("Tom Alvarez").click()
    page.get_by_role("button", name="Continuar").click()
    expect(
        page.get_by_text("El precio no cambia: el precio familiar incluye a esta persona.")
    ).to_be_visible()
    look(maria, "member-check-es")
    page.get_by_role("button", name="Agregar a este miembro").click()
    expect(page.get_by_text("Tom Alvarez comienza el 24 de junio de 2026")).to_be_visible()
    look(maria, "member-added-es")
