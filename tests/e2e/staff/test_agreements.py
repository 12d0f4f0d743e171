"""Agreements at the practice: sent and followed up, recorded from paper, countersigned; at both sizes."""

import re
import time

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from portal_app.i18n import plural
from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, at_work_quietly, in_the_portal

ASKED = ("{n} patient is asked. Messages go out by day.", "{n} patients are asked. Messages go out by day.")
SIGNED = ("{n} agreement is signed.", "{n} agreements are signed.")
PASSWORD = "seven quiet herons fly"
ADD = """
from portal_app.domain.access import Role
from portal_app.services.sign_in.staff import add_staff_member
add_staff_member(us, {email!r}, "Petra Lund", Role.MANAGER, {password!r})
"""
PUBLISH = """
from portal_app.domain.agreements.types import AgreementKind, SignatureRules
from portal_app.services.agreements.texts.draft import DraftForm, WrittenText, create_agreement, save_draft
from portal_app.services.agreements.texts.publish import publish_draft
agreement = create_agreement(us, {name!r}, AgreementKind.OTHER)
text = WrittenText("House rules", "For {{{{patient}}}}.")
form = DraftForm(0, {{"en": text, "es": text}}, SignatureRules(countersigned={countersigned}))
publish_draft(us, agreement, changed=save_draft(us, agreement, form))
"""
ASK = """
from sqlmodel import select
from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.people import Audience
with reading(us) as tx:
    people = tx.exec(select(Patient.id).where(Patient.family_name == "Okonkwo", Patient.given_name == "Ngozi")).all()
ask_to_sign(us, agreement, AskForm(Audience(patients=tuple(people))))
"""


def at_the_office(portal: Portal, visit: Visits, language: str, name: str) -> Reader:
    """Petra, who manages agreements, in a browser of her own."""
    email = f"{name}.{language}@juniper.example"
    in_the_portal(portal, ADD.format(email=email, password=PASSWORD))
    one = Reader(visit(portal, phone=False), language)
    at_work_quietly(portal, one.visitor, email)
    return one


def ready(page: Page) -> None:
    expect(page.locator("main .skel")).to_have_count(0)


def agree(one: Reader, words: str) -> None:
    expect(one.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    one.press("Yes, do it")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agreement_is_sent_withdrawn_and_recorded_from_paper(
    portal: Portal, visit: Visits, look: Look, language: str
):
    one = at_the_office(portal, visit, language, "sender")
    in_the_portal(portal, PUBLISH.format(name=f"House rules {language}", countersigned=False))
    page = one.go("/staff/agreements")
    ready(page)
    page.get_by_role("row").filter(has_text=f"House rules {language}").get_by_role(
        "link", name=re.compile(one.t("Requests"))
    ).click()
    one.sees("Requests to sign")
    one.follow("Send it")
    one.sees("Send an agreement")
    ready(page)
    one.press("Show who is asked…")
    one.reads("Find and choose the patient first.")
    look(one.visitor, f"staff-agreement-send-{language}")
    for name in ("Ngozi Okonkwo", "Nadia Brennan"):
        one.fill("Name or chart number", name)
        page.get_by_role("button", name=one.t("Search"), exact=True).first.click()
        page.get_by_role("button", name=f"{one.t('Choose')} {name}").click()
        one.press("Show who is asked…")
        agree(one, plural(language, "Ask {n} patient to sign?", "Ask {n} patients to sign?", 1))
        expect(page.get_by_text(plural(language, *ASKED, 1)).first).to_be_visible()
        one.press("Choose another")
    one.follow("All requests")
    one.sees("Requests to sign")
    ready(page)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Ngozi Okonkwo"))
    row.get_by_role("button", name=f"{one.t('Send a sign link')} Ngozi Okonkwo").click()
    expect(page.locator("[data-focus=said]")).to_be_visible()
    look(one.visitor, f"staff-agreement-requests-{language}")

    row.get_by_role("button", name=f"{one.t('Record paper…')} Ngozi Okonkwo").click()
    one.press("Record the paper")
    one.reads("Choose a file first.")
    look(one.visitor, f"staff-agreement-paper-{language}")
    page.locator("#file").set_input_files(
        {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 scan"}
    )
    one.fill("Day of signing", "2026-06-01")
    one.fill("Who signed", "Ngozi Okonkwo")
    one.press("Record the paper")
    one.reads("The paper of {person} is recorded.", person="Ngozi Okonkwo")
    expect(row).to_contain_text(one.t("Signed on paper"))

    other = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Nadia Brennan"))
    other.get_by_role("button", name=f"{one.t('Withdraw…')} Nadia Brennan").click()
    agree(one, "Nadia Brennan")
    one.reads("The request is withdrawn.")
    expect(other).to_contain_text(one.t("Request withdrawn"))
    page.get_by_role("link", name=one.t("Not opened"), exact=True).click()
    expect(page.get_by_text(one.t("Nothing fits"))).to_be_visible()


class Codes:
    """Codes of an authenticator app. A code works once, so each is of a later half minute; one ahead is accepted."""

    def __init__(self, page: Page) -> None:
        self.app = TOTP(page.locator("main code").inner_text().replace(" ", ""))
        self.used = 0

    def next(self) -> str:
        self.used = max(self.used + 1, int(time.time()) // 30)
        return self.app.generate_otp(self.used)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_practice_countersigns_after_password_and_code(
    portal: Portal, visit: Visits, look: Look, language: str
):
    email, name = f"signer.{language}@juniper.example", f"Rules to sign {language}"
    in_the_portal(portal, ADD.format(email=email, password=PASSWORD))
    in_the_portal(portal, PUBLISH.format(name=name, countersigned=True) + ASK)
    one = Reader(visit(portal, phone=False), language)
    page = one.go("/staff/sign-in")
    one.fill("Email", email)
    one.fill("Password", PASSWORD)
    one.press("Continue")
    one.sees("Set up your second step")
    codes = Codes(page)
    one.fill("6-digit code", codes.next())
    one.press("Sign in")
    one.sees("Today")

    one.go("/staff/agreements/countersign")
    one.sees("Countersign")
    ready(page)
    sign = plural(language, "Sign {n} agreement", "Sign {n} agreements", 1)
    row = page.get_by_role("listitem").filter(has_text=name)
    row.get_by_role("checkbox").click()
    expect(page.get_by_role("button", name=sign, exact=True)).to_be_visible()
    page.get_by_role("button", name=sign, exact=True).click()
    one.sees("Is it you?")
    look(one.visitor, f"staff-countersign-prove-{language}")
    one.fill("Password", PASSWORD)
    one.fill("6-digit code from your app", codes.next())
    page.get_by_role("button", name=sign, exact=True).click()
    expect(page.locator("#signature-error")).to_contain_text(one.t("Type your full name."))
    expect(row.get_by_role("checkbox")).to_be_checked()
    look(one.visitor, f"staff-countersign-{language}")
    one.fill("Your full name", "Petra Lund")
    page.get_by_role("button", name=sign, exact=True).click()
    expect(page.get_by_text(plural(language, *SIGNED, 1)).first).to_be_visible()
    expect(row).to_have_count(0)
