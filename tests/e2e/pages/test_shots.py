"""make shots: the two pictures of the README."""

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Visits
from tests.e2e.portal import ROOT, Portal
from tests.e2e.steps import MARIA, OWNER, PAYS, on_receipt, open_invoice, pay, sign_in, staff_sign_in

IMAGES = ROOT / "docs" / "img"


@pytest.fixture(autouse=True)
def _only_when_asked(request: pytest.FixtureRequest):
    if not request.config.getoption("--shots"):
        pytest.skip("pictures are made by: make shots")


def picture(page: Page, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")


def test_pictures(portal: Portal, visit: Visits):
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    page = sign_in(visit(portal), MARIA)
    picture(page, "phone")
    open_invoice(page, "Office visit, 20 minutes")
    pay(page, card=PAYS, amount="50.00")
    on_receipt(page)
    desk.page.wait_for_timeout(1_000)
    picture(desk.page, "desktop")
