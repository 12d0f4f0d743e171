"""What one has: the owner, another adult on it, somebody without one; cancelling and taking it back; receipts."""

from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import AMARA, membership, open_memberships
from tests.e2e.portal import Portal
from tests.e2e.steps import LUIS, MARIA, NGOZI, sign_in


def test_the_owner_sees_plan_members_price_and_what_is_next(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    mine = membership(page)
    expect(mine.get_by_text("June 24, 2026: $190.00")).to_be_visible()
    expect(mine.get_by_text("Automatically, with Visa ending in 4242")).to_be_visible()
    mine.get_by_text("Each month").click()
    expect(mine.get_by_text("Family price")).to_be_visible()
    look(maria, "memberships")
    page.get_by_role("link", name="Receipt for the year").click()
    expect(page.get_by_role("heading", name="Receipt for the year", level=1)).to_be_visible()
    look(maria, "membership-receipts")


def test_in_spanish_with_a_member_who_starts_next_month(portal: Portal, visit: Visits, look: Look):
    amara = visit(portal)
    sign_in(amara, AMARA)
    page = open_memberships(amara, "/es/memberships")
    expect(page.get_by_text("Bram Ashdown comienza el 5 de julio de 2026")).to_be_visible()
    look(amara, "memberships-es")
    page.get_by_text("Quitar antes de que comience").click()
    expect(page.get_by_role("button", name="Quitar a Bram Ashdown")).to_be_visible()
    look(amara, "memberships-take-back-es")
    page.get_by_role("button", name="Quitar a Bram Ashdown").click()
    expect(page.get_by_text("Se quitó de la membresía. No se cobra nada por esa persona.")).to_be_visible()
    expect(page.get_by_text("Bram Ashdown comienza")).to_have_count(0)


def test_another_adult_and_somebody_without_one(portal: Portal, visit: Visits, look: Look):
    luis, ngozi = visit(portal), visit(portal)
    sign_in(luis, LUIS)
    page = open_memberships(luis)
    expect(page.get_by_text("$80.00 a month")).to_be_visible()
    expect(page.get_by_text("$190.00")).to_have_count(0)
    expect(page.get_by_role("link", name="Add new member")).to_have_count(0)
    look(luis, "memberships-other-adult")
    sign_in(ngozi, NGOZI)
    page = ngozi.go("/memberships")
    expect(page.get_by_text("No membership now")).to_be_visible()
    look(ngozi, "memberships-none")


def test_cancelled_at_the_periods_end_and_taken_back(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    page.get_by_role("link", name="Cancel membership").click()
    expect(page.get_by_text("It ends on June 23, 2026. Until then nothing changes for:")).to_be_visible()
    look(maria, "membership-cancel")
    page.get_by_role("button", name="Cancel membership").click()
    expect(page.get_by_text("Cancelled. It ends on June 23, 2026.")).to_be_visible()
    look(maria, "membership-cancelled")
    page.get_by_role("link", name="See your memberships").click()
    expect(membership(page).get_by_text("Ends on June 23, 2026").first).to_be_visible()
    page.get_by_role("button", name="Take the cancellation back").click()
    expect(page.get_by_text("Your membership runs on, at the same price.")).to_be_visible()
    expect(membership(page).get_by_text("June 24, 2026: $190.00")).to_be_visible()
