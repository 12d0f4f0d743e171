"""The family, contact details and sharing on a phone, in English and Spanish; family links at the desk."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Axe, Look, Visitor, Visits, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.steps import LUIS, MARIA, OUTBOX, OWNER, sign_in, staff_sign_in


def contact_code(visitor: Visitor, to: str) -> str:
    """The six digits of the newest message to that address."""
    tab = visitor.tab()
    tab.goto(visitor.url + OUTBOX)
    expect(tab.get_by_text(to).first).to_be_visible()
    text = tab.locator("main").inner_text()
    tab.close()
    found = re.search(r"(?<!\d)(\d{6})(?!\d)", text[text.index(to) :])
    assert found, text
    return found[1]


def open_members(page: Page) -> None:
    page.get_by_role("button", name="Menu", exact=True).click()
    page.locator("#more").get_by_role("link", name="Members").click()
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Eva Alvarez")).to_be_visible()


def test_a_mother_changes_her_childs_email_by_code(portal: Portal, visit: Visits, axe: Axe):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_members(page)
    axe(page)
    no_sideways_scroll(page)
    maria.shot("members")
    page.get_by_role("link", name="Edit contact details Eva Alvarez").click()
    expect(page.get_by_role("heading", name="Eva Alvarez", level=1)).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("contact")
    page.get_by_role("button", name="Add an email").click()
    page.get_by_label("New email").fill("eva@example.com")
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_text("We sent a code to")).to_be_visible()
    axe(page)
    page.get_by_label("6-digit code").fill("000000")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("That code is not right")).to_be_visible()
    maria.shot("contact-code")
    page.get_by_label("6-digit code").fill(contact_code(maria, "eva@example.com"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Confirmed. We use it from now on.")).to_be_visible()
    expect(page.get_by_text("eva@example.com", exact=True).first).to_be_visible()
    page.get_by_label("City").fill("Albany")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_text("The address is saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("City")).to_have_value("Albany")


def test_what_is_locked_is_asked_of_the_practice_and_changed_at_the_desk(
    portal: Portal, visit: Visits, axe: Axe
):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_members(page)
    page.get_by_role("link", name="Edit contact details Tom Alvarez").click()
    page.get_by_role("button", name="Ask the practice to change this").click()
    page.get_by_label("What should it be?").fill("Thomas Alvarez")
    axe(page)
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("We have your request.")).to_be_visible()
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    staff = desk.go("/staff/requests")
    expect(staff.get_by_text("Thomas Alvarez")).to_be_visible()
    axe(staff)
    desk.shot("requests")
    staff.get_by_label("First name").fill("Thomas")
    staff.get_by_role("button", name="Change it").click()
    expect(staff.get_by_text("Changed. The patient is told.")).to_be_visible()
    page = maria.go("/members")
    expect(page.get_by_role("heading", name="Thomas Alvarez")).to_be_visible()


def test_an_invoice_is_shared_with_another_adult_and_taken_back(portal: Portal, visit: Visits, axe: Axe):
    maria, luis = visit(portal), visit(portal)
    theirs = sign_in(luis, LUIS)
    expect(theirs.get_by_role("heading", name="Invoices you may pay for others")).to_have_count(0)
    page = sign_in(maria, MARIA)
    page = maria.go("/members/sharing")
    page.get_by_label("Pay for me").check(force=True)
    page.get_by_label("First name").fill("Luis")
    page.get_by_label("Last name").fill("Alvarez")
    for part, value in (("Month", "5"), ("Day", "2"), ("Year", "1979")):
        page.get_by_label(part).fill(value)
    axe(page)
    no_sideways_scroll(page)
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("button", name="Stop sharing Pay for me, Luis Alvarez")).to_be_visible()
    maria.shot("sharing")
    theirs = luis.go("/invoices")
    shared = theirs.locator("section").filter(
        has=theirs.get_by_role("heading", name="Invoices you may pay for others")
    )
    expect(shared.get_by_role("link", name="Services").first).to_be_visible()
    expect(shared.get_by_text("For Maria Alvarez").first).to_be_visible()
    axe(theirs)
    luis.shot("invoices-for-others")
    shared.get_by_role("link", name="Services").first.click()
    expect(theirs.get_by_text("An invoice of Maria Alvarez, who lets you pay it")).to_be_visible()
    expect(theirs.get_by_role("heading", name="Pay this invoice")).to_be_visible()
    expect(theirs.get_by_text("Save this card for next time")).to_have_count(0)
    axe(theirs)
    luis.shot("invoice-for-others")
    page.get_by_role("button", name="Stop sharing Pay for me, Luis Alvarez").click()
    expect(page.get_by_text("No longer shared.")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_text("We could not find that invoice")).to_be_visible()


def test_in_spanish(portal: Portal, visit: Visits, axe: Axe):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = maria.go("/es/members")
    expect(page.get_by_role("heading", name="Miembros", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Eva Alvarez")).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("members-es")
    page.get_by_role("link", name="Editar datos de contacto Eva Alvarez").click()
    page.get_by_role("button", name="Pedir al consultorio que lo cambie").click()
    expect(page.get_by_label("¿Cómo debe quedar?")).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("contact-es")
    page.get_by_role("button", name="Enviar la solicitud").click()
    expect(page.get_by_text("Escriba qué se debe cambiar.")).to_be_visible()
    page = maria.go("/es/members/sharing")
    expect(page.get_by_text("No comparte nada")).to_be_visible()
    page.get_by_role("button", name="Compartir", exact=True).click()
    expect(page.get_by_text("Elija qué quiere compartir.")).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("sharing-es")


def test_every_look(portal: Portal, visit: Visits, look: Look):
    maria = visit(portal)
    sign_in(maria, MARIA)
    page = maria.go("/members")
    expect(page.get_by_role("heading", name="Eva Alvarez")).to_be_visible()
    page.get_by_role("button", name=re.compile("Signed in as")).click()
    expect(page.get_by_text(re.compile("You see: Maria"))).to_be_visible()
    look(maria, "members")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Edit contact details Maria Alvarez").click()
    expect(page.get_by_role("heading", name="How we write")).to_be_visible()
    look(maria, "contact")
    page = maria.go("/members/sharing")
    expect(page.get_by_role("heading", name="Share something new")).to_be_visible()
    look(maria, "sharing")
    page = maria.go("/members/contact?id=pat_" + "0" * 32)
    expect(page.get_by_text("We could not find that person")).to_be_visible()
    look(maria, "nobody")


def test_the_desk_keeps_family_links(portal: Portal, visit: Visits, axe: Axe, look: Look):
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    page = desk.go("/staff/family")
    page.get_by_label("Name or chart number").fill("alvarez")
    page.get_by_role("button", name="Search").click()
    look(desk, "staff-families")
    page.get_by_role("link", name="Eva Alvarez").click()
    expect(page.get_by_role("heading", name="The family file of Eva Alvarez")).to_be_visible()
    page.get_by_text("Mark Eva Alvarez as dependent").click()
    form = page.locator("details").filter(has_text="Mark Eva Alvarez as dependent")
    form.get_by_label("Adult of this file").select_option(label="Luis Alvarez")
    look(desk, "staff-family")
    form.get_by_role("button", name="Mark").click()
    expect(page.get_by_text("Write down why")).to_be_visible()
    form.get_by_label("Why?").fill("Long illness")
    form.get_by_role("button", name="Mark").click()
    expect(page.get_by_text("Marked. The patient is told")).to_be_visible()
    page.get_by_role("button", name="End Luis Alvarez for Eva Alvarez").last.click()
    expect(page.get_by_text("Ended. They no longer see this person")).to_be_visible()
    axe(page)
