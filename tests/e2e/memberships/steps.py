"""What owners of memberships do, in the words that stand on the page."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.portal import Portal
from tests.e2e.steps import card_frame

AMARA = ("amara.ashdown@example.com", date(1970, 1, 10))
GRETA = ("greta.dunmore@example.com", date(1979, 4, 13))
INGRID = ("ingrid.eastlake@example.com", date(1982, 5, 14))
NOON = datetime(2026, 6, 24, 12, tzinfo=ZoneInfo("America/New_York"))  # Maria's bill date
ROSA = ("rosa.delgado@example.com", date(1969, 9, 30))


def open_memberships(visitor: Visitor, path: str = "/memberships") -> Page:
    page = visitor.go(path)
    expect(page.get_by_role("heading", name="Juniper").first).to_be_visible()
    return page


def membership(page: Page, plan: str = "Juniper Care") -> Locator:
    return page.locator("li.card").filter(has=page.get_by_role("heading", name=plan)).first


def add_card(page: Page, number: str, save: str = "Save") -> None:
    """On the page Payment options."""
    frame = card_frame(page)
    for name, typed in (("number", number), ("expiry", "12 / 34"), ("cvc", "123"), ("postalCode", "10014")):
        frame.locator(f"#{name}").fill(typed)
    page.get_by_role("button", name=save, exact=True).click()


def fill_person(page: Page, given: str, family: str, born: date) -> None:
    """By the fields' names: in whichever language the page is."""
    page.locator("#given_name").fill(given)
    page.locator("#family_name").fill(family)
    for part in ("month", "day", "year"):
        page.locator(f"#born_{part}").fill(str(getattr(born, part)))
    page.locator("input[name=sex][value=female]").check(force=True)
    page.locator("input[name=relationship][value=child]").check(force=True)


@contextmanager
def at_marias_bill_date(demo: Path, card: str) -> Iterator[Portal]:
    """An installation at noon of Maria's bill date, whose saved card is `card` of the simulator: it is being charged."""
    hours = round((NOON - datetime.now(UTC)).total_seconds() / 3600)
    running = Portal(settings={"PORTAL_CLOCK": f"{hours:+d}h"}).like(demo)
    with closing(sqlite3.connect(running.folder / "portal.db")) as db, db:
        db.execute("UPDATE payment_method SET processor_id = ?", (card,))
    running.command("jobs", "run", "bill")
    running.start()
    yield running
    faults = running.faults()
    running.remove()
    assert not faults, faults


def outcomes_of_tries(portal: Portal) -> list[str]:
    """Of the tries to charge memberships by themselves."""
    with closing(sqlite3.connect(portal.folder / "portal.db")) as db:
        return [outcome for (outcome,) in db.execute("SELECT outcome FROM autopay_try")]
