"""Renewing on a phone: the terms and the price first, in English and Spanish."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import ROSA, membership, open_memberships
from tests.e2e.portal import Portal
from tests.e2e.steps import MARIA, sign_in


def test_a_membership_is_renewed(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    membership(page).get_by_role("link", name=re.compile("^Renew")).click()
    expect(page.get_by_text("This price is yours for the whole new contract.")).to_be_visible()
    look(maria, "membership-renew")
    page.get_by_role("button", name="Renew", exact=True).click()
    expect(page.get_by_text(re.compile("^Renewed from "))).to_be_visible()
    look(maria, "membership-renewed")
    page.get_by_role("link", name="See your memberships").click()
    expect(membership(page).get_by_text(re.compile("^Renewed from "))).to_be_visible()


def test_in_spanish(portal: Portal, visit: Visits, look: Look):
    rosa = visit(portal)
    sign_in(rosa, ROSA)
    page = open_memberships(rosa, "/es/memberships")
    membership(page).get_by_role("link", name=re.compile("^Renovar")).click()
    expect(page.get_by_role("heading", name="Juniper Care")).to_be_visible()
    look(rosa, "membership-renew-es")
    page.get_by_role("button", name="Renovar", exact=True).click()
    expect(page.get_by_text(re.compile("^Renovada ")).first).to_be_visible()
    look(rosa, "membership-renewed-es")
