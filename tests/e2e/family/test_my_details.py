"""One's own contact details and preferences, and sign-ins that are lost, in English and in Spanish."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import DANA, LANGUAGES, PASSWORD, Reader, in_the_portal, sign_in_quietly
from tests.e2e.steps import OUTBOX, staff_sign_in

# (given name, family name, email on file)
CHANGES = {
    "en": ("Ingrid", "Eastlake", "ingrid.eastlake@example.com"),
    "es": ("Elin", "Corrigan", "elin.corrigan@example.com"),
}
LOSES = {"en": ("Kerry", "Farrow"), "es": ("Greta", "Dunmore")}


def message_to(reader: Reader, address: str, words: str) -> str:
    """The newest message of these words to that address."""
    tab = reader.visitor.tab()
    tab.goto(reader.visitor.url + OUTBOX)
    found = tab.locator("li", has=tab.get_by_role("heading", name=address, exact=True)).filter(has_text=words)
    expect(found.first).to_be_visible()
    text = found.first.inner_text()
    tab.close()
    return text


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_12_a_new_email_is_confirmed_there_the_old_one_is_told_and_choices_are_kept(
    portal: Portal, visit: Visits, look: Look, language: str
):
    one = Reader(visit(portal), language)
    given, family, old = CHANGES[language]
    new = f"new.{old}"
    sign_in_quietly(portal, one.visitor, given, family)
    one.go("/members")
    one.page.get_by_role("link", name=f"{one.t('Edit contact details')} {given} {family}").click()
    one.sees("How we write")
    one.page.get_by_role("button", name=f"{one.t('Change')} {old}").click()
    one.fill("New email or phone", "not an address")
    one.press("Send the code")
    expect(one.page.locator("#new-error")).not_to_be_empty()
    look(one.visitor, f"details-wrong-{language}")
    one.fill("New email or phone", new)
    one.press("Send the code")
    one.reads("6-digit code")
    expect(one.page.get_by_text(old, exact=True)).to_be_visible()  # nothing is replaced yet
    look(one.visitor, f"details-code-{language}")
    code = re.findall(
        r"\b\d{6}\b", message_to(one, new, one.t("Confirm this address for {practice}").split("{")[0])
    )
    one.fill("6-digit code", f"{code[0][:3]} {code[0][3:]}")
    one.press("Confirm")
    one.reads("Confirmed. We use it from now on.")
    expect(one.page.get_by_text(old, exact=True)).to_have_count(0)
    message_to(one, old, "Juniper Family Medicine")

    other = {"en": "Español", "es": "English"}[language]
    one.page.get_by_label(one.t("Text message")).check(force=True)
    one.page.get_by_label(other, exact=True).check(force=True)
    one.press("Save")
    expect(one.page.locator("[data-focus=said]")).to_be_visible()
    one.page.reload()
    one.sees("How we write")
    expect(one.page.get_by_label(one.t("Text message"))).to_be_checked()
    expect(one.page.get_by_label(other, exact=True)).to_be_checked()
    look(one.visitor, f"details-{language}")


HAS_A_PASSWORD = """
from portal_app.db.tables.credentials import PatientLogin
from portal_app.services.credentials import passwords
with transaction(us) as tx:
    tx.add(PatientLogin(
        patient_id=of({given!r}, {family!r}), username={given!r}, username_key={given!r}.lower(),
        password_hash=passwords.hash_password({password!r}), created_at=passwords.clock.now(),
    ))
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_lost_everything_begins_at_the_desk_waits_a_day_and_can_be_stopped(
    portal: Portal, visit: Visits, look: Look, language: str
):
    given, family = LOSES[language]
    in_the_portal(portal, HAS_A_PASSWORD.format(given=given, family=family, password=PASSWORD))
    desk = Reader(visit(portal, phone=False), "en")
    page = staff_sign_in(desk.visitor, DANA)
    page.goto(portal.url + "/staff/desk")
    desk.fill("Find a patient", family)
    desk.press("Search")
    page.get_by_role("list", name="Patients found").get_by_role(
        "button", name=re.compile(given)
    ).first.click()
    page.get_by_text("Lost everything", exact=True).click()
    page.locator("#reset-reason").fill("Driver's license")
    desk.press("Start the reset")
    desk.reads("Driver's license")
    expect(page.get_by_text(re.compile("A reset takes effect on June"))).to_be_visible()
    look(desk.visitor, f"desk-reset-{language}")

    one = Reader(visit(portal), language)
    sign_in_quietly(portal, one.visitor, given, family)
    one.go("/account")
    one.reads("Password, app and passkeys are removed then. Not you? Stop it.")
    look(one.visitor, f"account-reset-{language}")
    told = message_to(one, f"{given.lower()}.{family.lower()}@example.com", "stop-reset#")
    assert PASSWORD not in told
    one.press("Stop the reset")
    one.reads("The reset is stopped. Your sign-in stays as it is.")
    expect(one.page.get_by_role("button", name=one.t("Stop the reset"), exact=True)).to_have_count(0)


def test_dep_5_a_marked_adult_is_told_and_who_was_named_sees_them_until_the_end(
    portal: Portal, visit: Visits
):
    owner = Reader(visit(portal, phone=False), "en")
    page = staff_sign_in(owner.visitor, "olga@juniper.example")
    page.goto(portal.url + "/staff/family")
    owner.fill("Name or chart number", "lindqvist")
    owner.press("Search")
    owner.follow("Grace Lindqvist")
    page.get_by_text("Mark Grace Lindqvist as dependent").click()
    form = page.locator("details").filter(has_text="Mark Grace Lindqvist as dependent")
    form.get_by_label("Adult of this file").select_option(label="Hazel Lindqvist")
    form.get_by_label("Why?").fill("Asked for it at the desk")
    last = form.locator("input[type=date]")
    last.fill(date(2026, 12, 31).isoformat())
    form.get_by_role("button", name="Mark").click()
    expect(page.get_by_text("Marked. The patient is told")).to_be_visible()
    expect(page.get_by_text(re.compile("December 31, 2026")).first).to_be_visible()
    message_to(owner, "lindqvist@example.com", "Somebody may now act for you")

    hazel, grace = Reader(visit(portal), "en"), Reader(visit(portal), "en")
    sign_in_quietly(portal, hazel.visitor, "Hazel", "Lindqvist")
    hazel.go("/members")
    hazel.sees("Grace Lindqvist")
    sign_in_quietly(portal, grace.visitor, "Grace", "Lindqvist")
    grace.go("/members")
    grace.reads("{people} may act for you here", people="Hazel Lindqvist")
    page.get_by_role("button", name=re.compile("^End Hazel Lindqvist for Grace Lindqvist")).last.click()
    expect(page.get_by_text("Ended. They no longer see this person")).to_be_visible()
    hazel.page.reload()
    hazel.sees("Members")
    expect(hazel.page.get_by_role("link", name=re.compile("Edit contact details Hazel"))).to_be_visible()
    expect(hazel.page.get_by_role("heading", name="Grace Lindqvist")).to_have_count(0)
    message_to(owner, "lindqvist@example.com", "Nobody acts for you any more")
