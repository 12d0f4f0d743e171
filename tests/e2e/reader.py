"""A visitor who reads one language, and what is arranged in the portal behind their back."""

import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from playwright.sync_api import Page, expect

from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.i18n import translate
from tests.e2e.conftest import Visitor
from tests.e2e.portal import Portal
from tests.e2e.steps import OUTBOX

DANA = "dana@juniper.example"
PASSWORD = "violet kettle on the moon"
ROSA = ("rosa.delgado@example.com", date(1969, 9, 30))
LANGUAGES = ["en", "es"]
AT_ONCE = 5_000  # milliseconds: one second on a quiet machine, and tests have no quiet machine


@dataclass
class Reader:
    """A visitor who reads one language, and finds things by its words."""

    visitor: Visitor
    language: str

    @property
    def page(self) -> Page:
        return self.visitor.page

    def t(self, msgid: str, **values: object) -> str:
        return translate(self.language, msgid, **values)

    def go(self, path: str) -> Page:
        return self.visitor.go(path if self.language == "en" else f"/{self.language}{path}")

    def press(self, msgid: str) -> None:
        self.page.get_by_role("button", name=self.t(msgid), exact=True).click()

    def follow(self, msgid: str) -> None:
        self.page.get_by_role("link", name=self.t(msgid), exact=True).click()

    def fill(self, msgid: str, text: str) -> None:
        self.page.get_by_label(self.t(msgid), exact=True).fill(text)

    def sees(self, msgid: str, **values: object) -> None:
        expect(self.page.get_by_role("heading", name=self.t(msgid, **values), exact=True)).to_be_visible()

    def reads(self, msgid: str, **values: object) -> None:
        """Some place where it stands is seen: another one may be hidden."""
        expect(self.page.get_by_text(self.t(msgid, **values)).filter(visible=True).first).to_be_visible()

    def born(self, day: date) -> None:
        self.fill("Month", str(day.month))
        self.fill("Day", str(day.day))
        self.fill("Year", str(day.year))

    def is_in(self) -> None:
        self.page.wait_for_url(re.compile(r"/invoices/?(\?|$)"))
        self.sees("Invoices")
        self.sees("History")

    def asks_for_code(self, contact: str = "") -> str:
        if contact:
            self.page.locator("#contact").fill(contact)
        self.press("Send me a code")
        self.sees("Enter the 6-digit code")
        return self.page.locator("#code-hint b").inner_text().strip()

    def newest_code(self, near: str = "") -> str:
        """Out of the newest message, or the one that carries `near`."""
        tab = self.visitor.tab()
        tab.goto(self.visitor.url + OUTBOX)
        expect(tab.locator("main")).to_contain_text(near or re.compile(r"\d{6}"))
        text = tab.locator("main").inner_text()
        tab.close()
        start = max(0, text.index(near) - 300) if near else 0
        found = re.search(r"(?<!\d)(\d{6})(?!\d)", text[start:])
        assert found, text[:500]
        return found[1]

    def signs_in_by_code(self, who: tuple[str, date]) -> None:
        self.go("/sign-in")
        self.types_the_code(self.asks_for_code(who[0]), who[1])

    def types_the_code(self, reference: str, born: date) -> None:
        self.fill("Code", self.newest_code(reference))
        self.press("Continue")
        self.sees("Your date of birth")
        self.born(born)
        self.press("Sign in")
        self.is_in()

    def signs_out(self) -> None:
        self.page.locator("[popovertarget=who]").click()
        self.press("Sign out")
        self.page.wait_for_url("**/sign-in*")
        self.sees("Sign in")
        self.visitor.forgive()  # the socket that the server has closed


def in_the_portal(portal: Portal, code: str) -> str:
    """A few lines in the portal's own process; what they print."""
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code],
        env=portal.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_PRELUDE = """
from sqlmodel import select
from portal_app.db import engine as db
from portal_app.settings import settings
db.bind(settings().database)
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.billing import Account, Invoice
from portal_app.domain.access import system_principal
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.families import ContactKind
from portal_app.domain.money import Money
from portal_app.services.links import action_links
from portal_app.services.sign_in.sessions import redeem, write_ticket
us = system_principal("test")
def of(given, family):
    with reading(us) as tx:
        return tx.exec(select(Patient.id).where(Patient.given_name == given, Patient.family_name == family)).one()
"""


def sign_in_quietly(portal: Portal, visitor: Visitor, given: str, family: str) -> None:
    """A session without the steps, for pages that are only looked at."""
    cookie = in_the_portal(
        portal,
        f"""
with transaction(us) as tx:
    ticket = write_ticket(tx, way="code", patient_id=of({given!r}, {family!r}))
print(redeem(ticket).value)
""",
    )
    visitor.context.add_cookies([{"name": "demo-portal", "value": cookie, "url": portal.url}])


def at_work_quietly(portal: Portal, visitor: Visitor, email: str) -> None:
    """The same for a member of staff: a session of its own, which may end without others."""
    cookie = in_the_portal(
        portal,
        f"""
from portal_app.db.tables.staff import StaffMember
with transaction(us) as tx:
    who = tx.exec(select(StaffMember.id).where(StaffMember.email == {email!r})).one()
    ticket = write_ticket(tx, way="password+totp", staff_id=who)
print(redeem(ticket).value)
""",
    )
    visitor.context.add_cookies([{"name": "demo-portal-staff", "value": cookie, "url": portal.url}])


def ages(portal: Portal, visitor: Visitor, minutes: float) -> None:
    """This browser's session has been left alone for so long; those of other tests go on."""
    scopes = {"demo-portal-embed": SessionScope.EMBED, "demo-portal": SessionScope.FULL}
    scopes["demo-portal-staff"] = SessionScope.FULL
    refs = [
        session_ref(one.get("value", ""), scopes[one.get("name", "")])
        for one in visitor.context.cookies()
        if one.get("name") in scopes
    ]
    base = sqlite3.connect(portal.folder / "portal.db", timeout=10)
    with base:
        for ref in refs:
            (seen,) = base.execute("select seen_at from portal_session where ref = ?", [ref]).fetchone()
            then = datetime.fromisoformat(str(seen)) - timedelta(minutes=minutes)
            base.execute("update portal_session set seen_at = ? where ref = ?", [str(then), ref])
    base.close()


_COUNTS_QUESTIONS = """
window.questions = 0;
const get = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (asked) => { window.questions += 1; return get(asked); };
"""


class Device:
    """One that holds passkeys. Whether its user answers what a page asks of it now, is theirs to say."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(_COUNTS_QUESTIONS)
        self.wire = page.context.new_cdp_session(page)
        self.wire.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def is_asked(self) -> None:
        """The page of now has put its question, which waits until somebody answers it."""
        self.page.wait_for_function("() => window.questions > 0")

    def answers(self, does: bool) -> None:
        self.wire.send(
            "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": does}
        )
