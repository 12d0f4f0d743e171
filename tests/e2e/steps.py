"""What people do in the portal, in the words that stand on the page."""

import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect
from pyotp.totp import TOTP

from portal_app.demo.staff import STAFF
from tests.e2e.conftest import Visitor

OUTBOX = "/outbox"
OWNER = STAFF[0].email
MARIA = ("maria@example.com", date(1981, 3, 14))
LUIS = ("maria@example.com", date(1979, 5, 2))
NADIA = ("nadia.brennan@example.com", date(1978, 11, 20))
HAL = ("hal.whitcomb@example.com", date(1986, 2, 8))
NGOZI = ("ngozi.okonkwo@example.com", date(1992, 10, 10))  # owes nothing and never did
AT_ONCE = 2_000  # milliseconds: the practice sees it while it happens
PAYS, ASKS_THE_BANK, NO_MONEY = "4242424242424242", "4000002760003184", "4000000000009995"


def code_from_outbox(visitor: Visitor, reference: str) -> str:
    """The six digits of the message that carries `reference`, read on the outbox page."""
    tab = visitor.tab()
    tab.goto(visitor.url + OUTBOX)
    message = tab.get_by_text(reference).first
    expect(message).to_be_visible()
    text = tab.locator("main").inner_text()
    tab.close()
    around = text[max(0, text.index(reference) - 300) : text.index(reference) + 300]
    # Not the first six digits of a phone number, which another message may have.
    found = re.search(r"(?<!\d)(\d{3} ?\d{3})(?! ?\d)", around)
    assert found, around
    return found[1].replace(" ", "")


def ask_for_code(visitor: Visitor, contact: str) -> str:
    page = visitor.go("/sign-in")
    page.get_by_label("Email or mobile phone").fill(contact)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the 6-digit code")).to_be_visible()
    hint = page.get_by_text("From the message that says").inner_text()
    return hint.rsplit(" ", 1)[-1].strip(". ")


# Cookies of those who signed in already: codes are few in an hour, and browsers stay signed in.
_cookies: dict[tuple[str, tuple[str, date]], Any] = {}
_staff_cookies: dict[tuple[str, str], Any] = {}


def sign_in(visitor: Visitor, who: tuple[str, date]) -> Page:
    """In this browser as `who`; ends on the invoices. The first time by a code."""
    if (known := _cookies.get((visitor.url, who))) is not None:
        visitor.context.add_cookies(known)
        visitor.go("/invoices")
        _on_invoices(visitor.page)
        return visitor.page
    page = sign_in_by_code(visitor, who)
    _cookies[visitor.url, who] = visitor.context.cookies()
    return page


def _on_invoices(page: Page) -> None:
    page.wait_for_url("**/invoices*")
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_text("Getting your invoices")).to_have_count(0)


def sign_in_by_code(visitor: Visitor, who: tuple[str, date]) -> Page:
    """A code, read in the outbox, then the date of birth. Ends on the invoices."""
    contact, born = who
    reference = ask_for_code(visitor, contact)
    page = visitor.page
    page.get_by_label("Code", exact=True).fill(code_from_outbox(visitor, reference))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Your date of birth")).to_be_visible()
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Day").fill(str(born.day))
    page.get_by_label("Year").fill(str(born.year))
    page.get_by_role("button", name="Sign in").click()
    _on_invoices(page)
    return page


def to_pay(page: Page) -> Locator:
    """The bills that are due: a list of its own above the history."""
    return page.locator("section").filter(has=page.get_by_role("heading", name="To pay", exact=True))


def history(page: Page) -> Locator:
    """The list below the filters: what is settled, or what was asked for."""
    return page.locator("main ul.card").last


def open_invoice(page: Page, title: str) -> None:
    to_pay(page).get_by_role("link", name=title).first.click()
    page.wait_for_url("**/invoices/inv_*")
    invoice_is_shown(page)


def invoice_is_shown(page: Page) -> None:
    expect(page.locator("table caption")).to_be_visible()


def staff_sign_in(visitor: Visitor, email: str) -> Page:
    """Password, then the authenticator app, which is set up the first time. Ends on today's payments."""
    if (known := _staff_cookies.get((visitor.url, email))) is not None:
        visitor.context.add_cookies(known)
        page = visitor.go("/staff")
    else:
        page = _staff_sign_in_anew(visitor, email)
        _staff_cookies[visitor.url, email] = visitor.context.cookies()
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
    return page


def _staff_sign_in_anew(visitor: Visitor, email: str) -> Page:
    page = visitor.go("/staff/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(visitor.portal.password_of(email))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Set up your second step")).to_be_visible()
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("6-digit code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/staff")
    return page


CARD_FRAME = "iframe[title='Secure payment input frame']"


def card_frame(page: Page) -> FrameLocator:
    return page.frame_locator(CARD_FRAME).first


def fill_card(page: Page, number: str) -> None:
    """In whichever language the page is."""
    page.locator(f"#pay-form input[name=source], {CARD_FRAME}").first.wait_for(state="attached")
    new = page.locator("#pay-form input[name=source][value=new]:not([type=hidden])")
    if new.count() and not new.is_checked():
        new.check(force=True)
    frame = card_frame(page)
    for name, typed in (("number", number), ("expiry", "12 / 34"), ("cvc", "123"), ("postalCode", "10014")):
        frame.locator(f"#{name}").fill(typed)


def choose_amount(page: Page, amount: str) -> None:
    page.locator("#pay-form input[name=how_much][value=part]").check(force=True)
    page.locator("#amount").fill(amount)


def confirm_at_the_bank(page: Page, button: str = "Complete") -> None:
    frame = page.frame_locator("iframe[title='3D Secure authentication']")
    frame.get_by_role("button", name=button).click()


def press_pay(page: Page) -> None:
    page.locator("button[type=submit][form=pay-form]").locator("visible=true").first.click()


def pay(page: Page, *, card: str, amount: str = "", keep: bool = False) -> None:
    if amount:
        choose_amount(page, amount)
    fill_card(page, card)
    if keep:
        page.get_by_label("Save this card for next time").check(force=True)
    press_pay(page)


def why_not(page: Page) -> Locator:
    """What stands where the form was pressed: why it did not go through."""
    return page.locator("main #form-error")


def seen_at_once(dashboard: Page, *words: str) -> None:
    """Without a reload, and while it happens."""
    for word in words:
        expect(dashboard.locator("main")).to_contain_text(word, timeout=AT_ONCE)


def figures(paper: Path) -> str:
    """Every word of a PDF, as they are read, whatever line of a narrow column they stand on."""
    said = subprocess.run(["pdftotext", "-raw", paper, "-"], capture_output=True, text=True, check=True)
    return " ".join(said.stdout.split())


def on_receipt(page: Page) -> str:
    """The receipt's number; the page says that the payment was received."""
    page.wait_for_url("**/receipt?*")
    expect(page.get_by_role("heading", name=re.compile("Payment received|Pago recibido"))).to_be_visible()
    return page.get_by_text(re.compile("Receipt number|Número de recibo")).locator("b").inner_text()


def download(page: Page, link: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file
