"""What owners of memberships do, in the words that stand on the page."""

from datetime import date

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.steps import card_frame

AMARA = ("amara.ashdown@example.com", date(1970, 1, 10))
GRETA = ("greta.dunmore@example.com", date(1979, 4, 13))
INGRID = ("ingrid.eastlake@example.com", date(1982, 5, 14))
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
