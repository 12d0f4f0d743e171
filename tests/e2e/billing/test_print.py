"""What is printed: black on white, whole on the sheet, without anything one presses, with the page's figures."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visits, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.steps import MARIA, PAYS, figures, on_receipt, open_invoice, pay, sign_in

PRACTICE = "Juniper Family Medicine"
SHEET = {"width": 658, "height": 987}  # A4 within margins of 18 mm, in CSS pixels
TONES = """() => ["due", "late", "paid", "info", "quiet", "brand"].map(
    name => getComputedStyle(document.documentElement).getPropertyValue("--" + name))"""
PRESSED = "main button:visible, nav:visible, main input:visible, .dock:visible, .topbar:visible"


@pytest.fixture
def printed(tmp_path: Path):
    """printed(page) is the text of the sheets; looked at on the way as the printer sees it, of a dark screen."""

    def on_paper(page: Page) -> str:
        screen = page.viewport_size
        page.emulate_media(media="print", color_scheme="dark")
        page.set_viewport_size({"width": SHEET["width"], "height": SHEET["height"]})
        no_sideways_scroll(page)
        expect(page.locator(PRESSED)).to_have_count(0)
        for of in ("html", "body", "main"):
            colour = page.locator(of).evaluate("it => getComputedStyle(it).backgroundColor")
            assert colour in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), f"{page.url}: {of} is {colour}"
        assert page.locator("main").evaluate("it => getComputedStyle(it).color") == "rgb(0, 0, 0)"
        dark = page.evaluate(TONES)
        page.emulate_media(media="print", color_scheme="light")
        assert page.evaluate(TONES) == dark
        page.emulate_media(media="print", color_scheme="dark")
        sheets = tmp_path / "printed.pdf"
        page.pdf(path=sheets, format="A4")
        page.emulate_media(media="screen", color_scheme="light")
        page.set_viewport_size(screen or SHEET)  # type: ignore[arg-type]
        return figures(sheets)

    return on_paper


def shown(page: Page, path: str) -> Page:
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main .skel")).to_have_count(0)
    return page


def test_an_invoice_and_its_receipt_are_printed_whole(portal: Portal, visit: Visits, printed):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    open_invoice(page, "Office visit, 20 minutes")
    invoice = page.url
    pay(page, card=PAYS, amount="50.00")
    number = on_receipt(page)
    receipt = page.url
    said = printed(page)
    assert number in said
    assert "$50.00" in said
    assert PRACTICE in said
    maria.shot("receipt")
    for prefix, paid in (("", "Received"), ("/es", "Recibido")):
        shown(page, invoice.replace("/invoices/", f"{prefix}/invoices/"))
        said = printed(page)
        for words in ("JF-20129", "Office visit, 20 minutes", "$50.00", paid, PRACTICE):
            assert words in said, f"{words}: {said}"
    assert "recib" in printed(shown(page, receipt.replace("/receipt", "/es/receipt"))).lower()


@pytest.mark.parametrize("prefix", ["", "/es"], ids=["en", "es"])
def test_a_statement_and_the_balance_are_printed_whole(portal: Portal, visit: Visits, printed, prefix: str):
    page = sign_in(visit(portal), MARIA)
    shown(page, f"{portal.url}{prefix}/statements?period=this_year")
    figures = page.locator("main").inner_text()
    said = printed(page)
    assert "$" in figures
    assert PRACTICE in said
    missing = [figure for figure in re.findall(r"\$[\d.,]*\d", figures) if figure not in said]
    assert not missing, f"{missing} are on the screen and not on the sheet"
    said = printed(shown(page, f"{portal.url}{prefix}/payments"))
    assert "$" in said
    assert PRACTICE in said


def test_a_page_that_is_too_wide_for_a_phone_is_noticed(portal: Portal, visit: Visits):
    page = visit(portal).go("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    no_sideways_scroll(page)
    page.evaluate(
        "() => { const it = document.createElement('div'); it.style.width = '420px'; it.style.height = '9px';"
        " document.querySelector('main').append(it) }"
    )
    with pytest.raises(AssertionError, match="wide in 390"):
        no_sideways_scroll(page)
