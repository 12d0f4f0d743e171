"""Declining, paper instead, withdrawing the consent, a sign link, and checking a copy on /verify."""

from datetime import date

import pytest
from playwright.sync_api import expect

from tests.e2e.agreements.steps import (
    agrees_to_electronic_records,
    ask,
    ask_by_link,
    gets_the_copy,
    goes_on,
    opens,
    signs,
    types_name,
)
from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, in_the_portal, sign_in_quietly

PHOTOS = {"en": "Photos for our website", "es": "Fotos para nuestro sitio web"}
NADIA, ROSA = ("Nadia", "Brennan", date(1978, 11, 20)), ("Rosa", "Delgado", date(1969, 9, 30))


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_instead_then_declined_with_a_reason(portal: Portal, visit: Visits, look: Look, language: str):
    given, family = ("Owen", "Prescott") if language == "en" else ("María José", "Muñoz Ibáñez")
    ask(portal, "Photos", given, family)
    reader = Reader(visit(portal), language)
    sign_in_quietly(portal, reader.visitor, given, family)
    page = opens(reader, PHOTOS[language])
    reader.press("Sign on paper instead")
    reader.reads("You asked for this on paper.")
    reader.press("Decline to sign")
    look(reader.visitor, f"agreement-decline-{language}")
    reader.press("Decline to sign")
    expect(page.locator("#reason")).to_be_focused()
    page.locator("#reason").fill("Not for me")
    reader.press("Decline to sign")
    expect(page.locator("main")).to_contain_text(reader.t("Declined"))
    look(reader.visitor, f"agreement-declined-{language}")
    reader.follow("Back to agreements")
    reader.sees("Not in force")


def test_the_consent_is_withdrawn_on_the_list(portal: Portal, visit: Visits, look: Look):
    hal = Reader(visit(portal), "en")
    sign_in_quietly(portal, hal.visitor, "Hal", "Whitcomb")
    page = hal.go("/agreements")
    hal.sees("Waiting for others")
    expect(page.locator("main")).to_contain_text("waiting for the practice")
    hal.press("Withdraw: I want paper from now on")
    expect(page.locator("#form-done")).to_contain_text("Withdrawn")
    expect(page.get_by_role("heading", name="Electronic records")).to_have_count(0)
    look(hal.visitor, "agreements-withdrawn")


def test_nothing_yet_and_what_is_not_there(portal: Portal, visit: Visits, look: Look):
    ngozi = Reader(visit(portal), "es")
    sign_in_quietly(portal, ngozi.visitor, "Ngozi", "Okonkwo")
    ngozi.go("/agreements")
    ngozi.reads("No agreements yet")
    look(ngozi.visitor, "agreements-empty")
    ngozi.go("/agreements/agq_" + "0" * 32)
    ngozi.reads("We could not find that agreement")
    look(ngozi.visitor, "agreement-missing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_2_a_sign_link_opens_one_agreement_and_nothing_else(
    portal: Portal, visit: Visits, look: Look, language: str
):
    given, family, born = NADIA if language == "en" else ROSA
    secret = ask_by_link(portal, "Payment plan", given, family)
    scanner = Reader(visit(portal), language)
    scanner.go(f"/links#{secret}")  # a mail scanner with a browser: it has no date of birth
    scanner.sees("Open your link")
    opened = f"""
from portal_app.db.tables.agreements import AgreementSigner
with reading(us) as tx:
    rows = tx.exec(select(AgreementSigner).where(AgreementSigner.patient_id == of({given!r}, {family!r}))).all()
print(len([row for row in rows if row.status == "waiting" and row.opened_at]))
"""
    assert in_the_portal(portal, opened) == "0"
    reader = Reader(visit(portal), language)
    page = reader.go(f"/links#{secret}")
    reader.born(born)
    reader.press("Continue")
    page.wait_for_url("**/links/sign*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert secret not in page.url
    look(reader.visitor, f"sign-link-{language}")
    if page.locator("[name=consent]").count():
        agrees_to_electronic_records(reader)
    types_name(reader, f"{given} {family}")
    goes_on(reader)
    signs(reader)
    reader.reads("It is in force once everybody has signed. Then your copy comes by email.")
    look(reader.visitor, f"sign-link-signed-{language}")
    reader.go("/agreements")
    page.wait_for_url("**/sign-in*")  # nothing else of the portal
    dead = Reader(visit(portal), language)
    dead.go("/links#" + "x" * 43)
    dead.reads("This link no longer works.")
    look(dead.visitor, f"sign-link-dead-{language}")


def test_a_copy_is_genuine_and_with_one_changed_byte_it_is_not(
    portal: Portal, visit: Visits, look: Look, tmp_path
):
    ask(portal, "Photos", "Hal", "Whitcomb")
    hal = Reader(visit(portal), "en")
    sign_in_quietly(portal, hal.visitor, "Hal", "Whitcomb")
    opens(hal, PHOTOS["en"])
    if hal.page.locator("[name=consent]").count():
        agrees_to_electronic_records(hal)
    types_name(hal, "Hal Whitcomb")
    goes_on(hal)
    signs(hal)
    copy = gets_the_copy(hal)
    changed = copy[:900] + bytes([copy[900] ^ 1]) + copy[901:]
    for language in LANGUAGES:
        anybody = Reader(visit(portal), language)
        for name, content, verdict in (
            ("copy.pdf", copy, "Genuine"),
            ("changed.pdf", changed, "Changed"),
            ("other.pdf", b"%PDF-1.7 nothing of ours", "Not ours"),
        ):
            file = tmp_path / name
            file.write_bytes(content)
            page = anybody.go("/verify")
            page.locator("#file").set_input_files(file)
            anybody.press("Check this file")
            told = page.locator("#verified").get_by_text(anybody.t(verdict), exact=True)
            expect(told.filter(visible=True)).to_have_count(1)
            assert "Whitcomb" not in page.locator("main").inner_text()
        look(anybody.visitor, f"verify-{language}")
