"""An adult on file: the question whether it is them who was typed, asking them, and their answer in their language."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.memberships.steps import fill_person, membership, open_memberships
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader, in_the_portal
from tests.e2e.steps import LUIS, MARIA, sign_in

# Luis is on file and on no membership; he shares his contact details with Maria, so she knows that he is.
APART = """
from portal_app.clock import now
from portal_app.db.tables.families import Grant
from portal_app.db.tables.memberships import Enrolment
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import new_id
maria, luis = of("Maria", "Alvarez"), of("Luis", "Alvarez")
with transaction(us) as tx:
    for row in tx.exec(select(Enrolment).where(Enrolment.patient_id == luis)).all():
        tx.delete(row)
    tx.add(Grant(id=new_id("grt"), patient_id=luis, to_id=maria, kind=GrantKind.CONTACT, created_at=now()))
"""


@pytest.fixture
def portal(demo: Path) -> Iterator[Portal]:
    """One for each test: Luis answers in each of them."""
    running = Portal().like(demo)
    in_the_portal(running, APART)
    running.start()
    yield running
    faults = running.faults()
    running.remove()
    assert not faults, "\n".join(faults)


def type_luis(page: Page) -> None:
    """From the first step to the question whether it is one of those on file."""
    page.get_by_text("Somebody new").click()
    page.get_by_role("button", name="Continue").click()
    fill_person(page, "Luis", "Alvares", LUIS[1])
    page.locator("input[name=sex][value=male]").check(force=True)
    page.locator("input[name=relationship][value=partner]").check(force=True)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="How to reach them")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("We need the new member's consent")).to_be_visible()
    page.get_by_text("They agree that I give you their details").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Is it one of these people?")).to_be_visible()


def ask_luis(page: Page) -> None:
    """From that question to the end: it is him, and he is asked."""
    page.get_by_text("Luis Alvarez", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Luis Alvarez")).to_be_visible()
    expect(page.get_by_text("We ask them first, by a message of their own.")).to_be_visible()
    page.get_by_role("button", name="Ask them").click()
    expect(page.get_by_text("We asked Luis Alvarez")).to_be_visible()


def test_whoever_is_on_file_is_asked_about_and_joins_once_they_agree(
    portal: Portal, visit: Visits, look: Look
):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    membership(page).get_by_role("link", name="Add new member").click()
    type_luis(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Choose who it is.")).to_be_visible()
    look(maria, "member-alike")
    page.get_by_text("No, somebody else").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Luis Alvares")).to_be_visible()
    expect(page.get_by_role("button", name="Add this member")).to_be_visible()
    page.reload()  # an adult's consent is asked for again
    expect(page.get_by_role("heading", name="How to reach them")).to_be_visible()
    for button in ("Back", "Start over"):
        page.get_by_role("button", name=button).click()
    type_luis(page)
    ask_luis(page)
    look(maria, "member-asked")
    page.get_by_role("link", name="See your memberships").click()
    expect(membership(page).get_by_text(re.compile("Asked to join; can answer until"))).to_be_visible()

    luis = Reader(visit(portal), "es")
    sign_in(luis.visitor, LUIS)
    luis.go("/memberships")
    luis.sees("{person} would like you on the membership {plan}", person="Maria Alvarez", plan="Juniper Care")
    luis.reads("They pay for it. You pay nothing.")
    assert "$" not in luis.page.locator("li.card").first.inner_text()
    look(luis.visitor, "member-request-es")
    luis.press("Join")
    luis.reads("You join. You are a member from {day} on.", day="24 de junio de 2026")
    look(luis.visitor, "member-joined-es")
    page = open_memberships(maria)
    expect(membership(page).get_by_text("Asked to join")).to_have_count(0)
    expect(membership(page).get_by_role("listitem").filter(has_text="Luis Alvarez").first).to_be_visible()


def test_an_adult_who_does_not_want_to_join_changes_nothing(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = open_memberships(maria)
    membership(page).get_by_role("link", name="Add new member").click()
    type_luis(page)
    ask_luis(page)
    luis = Reader(visit(portal), "es")
    sign_in(luis.visitor, LUIS)
    luis.go("/memberships")
    luis.press("No, thank you")
    luis.reads("You do not join. Nothing changes for you.")
    look(luis.visitor, "member-not-joined-es")
    page = open_memberships(maria)
    expect(membership(page).get_by_text("Luis Alvarez")).to_have_count(0)
