"""A pay link on a phone, in both languages: opened, paid, declined, asked by the bank, over; made at the desk."""

from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, in_the_portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    MARIA,
    NADIA,
    NO_MONEY,
    OUTBOX,
    OWNER,
    PAYS,
    choose_amount,
    confirm_at_the_bank,
    fill_card,
    press_pay,
    staff_sign_in,
)

# Whoever answers for a bill of 100.00 dollars or more, by the reader's language.
WHOSE = {"en": ("Maria", "Alvarez", MARIA[1]), "es": ("Nadia", "Brennan", NADIA[1])}
COMPLETE = {"en": "Complete", "es": "Completar"}
MAKE = """
from portal_app.services.links import pay_links
with reading(us) as tx:
    account = tx.exec(select(Account).where(Account.guarantor_id == of({given!r}, {family!r}))).one()
    bills = tx.exec(select(Invoice).where(Invoice.account_id == account.id)).all()
    bill = max((b for b in bills if b.status in ("open", "partly_paid")), key=lambda b: b.due)
made = pay_links.make_pay_link(us, bill.id)
print(made.address, made.id, bill.due.minor, bill.number)
"""


@pytest.fixture(scope="module")
def portal(demo: Path):
    """An installation of its own: what is owed here is nobody else's."""
    running = Portal().like(demo).start()
    yield running
    faults = running.faults()
    running.remove()
    assert not faults, faults


def dollars(minor: int) -> str:
    return f"${minor / 100:,.2f}"


def make(portal: Portal, given: str, family: str) -> tuple[str, str, int, str]:
    address, link, due, number = in_the_portal(portal, MAKE.format(given=given, family=family)).split()
    return urlsplit(address).fragment, link, int(due), number


def comes_in(reader: Reader, secret: str, born: date) -> Page:
    page = reader.go(f"/links#{secret}")
    reader.born(born)
    reader.press("Continue")
    page.wait_for_url("**/links/bill*")
    reader.sees("Pay this invoice")
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_14_an_invoice_is_paid_from_its_link(portal: Portal, visit: Visits, look: Look, language: str):
    given, family, born = WHOSE[language]
    secret, _, due, number = make(portal, given, family)
    reader = Reader(visit(portal), language)
    page = comes_in(reader, secret, born)
    main = page.locator("main")
    expect(main).to_contain_text(dollars(due))
    expect(main).to_contain_text(number)
    look(reader.visitor, f"link-bill-{language}")

    choose_amount(page, "9999.00")
    fill_card(page, PAYS)
    press_pay(page)
    reader.reads("You can pay up to {amount}", amount=dollars(due))
    choose_amount(page, "30.00")
    fill_card(page, NO_MONEY)
    press_pay(page)
    reader.reads("There is not enough money on this card. Try another card or a smaller amount.")
    look(reader.visitor, f"link-declined-{language}")

    choose_amount(page, "30.00")
    fill_card(page, ASKS_THE_BANK)
    press_pay(page)
    confirm_at_the_bank(page, COMPLETE[language])
    page.wait_for_url("**/links/receipt*")
    reader.sees("Payment received")
    expect(main).to_contain_text("$30.00")
    expect(main).to_contain_text(dollars(due - 3000))
    look(reader.visitor, f"link-receipt-{language}")
    receipt = page.url
    text = main.inner_text()

    reader.follow("Back to your invoice")
    reader.sees("Pay this invoice")
    expect(main).to_contain_text(dollars(due - 3000))  # ALL-9
    fill_card(page, PAYS)
    press_pay(page)
    page.wait_for_url("**/links/receipt*")
    reader.sees("Payment received")
    expect(main).to_contain_text(dollars(due - 3000))
    reader.follow("Back to your invoice")
    reader.reads("Nothing is left to pay with this link.")
    expect(page.locator("#pay-form")).to_have_count(0)
    look(reader.visitor, f"link-paid-{language}")
    text += main.inner_text()
    for word in (given, family, "Office", "Crown", "visit,"):
        assert word not in text

    # Somebody else with the same link and the date of birth: another session, not this receipt.
    friend = Reader(visit(portal), language)
    other = friend.go(f"/links#{secret}")
    friend.born(born)
    friend.press("Continue")
    other.wait_for_url("**/links/bill*")
    other.goto(receipt)
    friend.reads("We could not find that receipt")
    look(friend.visitor, f"link-no-receipt-{language}")
    # …and the first one's page is over: one link, one session.
    page.wait_for_url("**/links*")
    reader.sees("Open your link")
    reader.visitor.forgive()  # the socket that the server has closed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_that_is_over_says_where_to_ask(portal: Portal, visit: Visits, look: Look, language: str):
    given, family, born = ("Hal", "Whitcomb", date(1986, 2, 8))
    secret, link, _, _ = make(portal, given, family)
    reader = Reader(visit(portal), language)
    page = comes_in(reader, secret, born)
    in_the_portal(portal, f"action_links.revoke_link(us, {link!r})")
    page.reload()  # another process revoked it: this one hears of it with the next event
    page.wait_for_url("**/links*")
    reader.sees("Open your link")
    reader.visitor.forgive()
    for token in (secret, "y" * 43):
        page.goto("about:blank")
        reader.go(f"/links#{token}")  # LINK-1: it says so before it asks for the date of birth
        reader.reads("This link no longer works.")
        reader.reads("Does the link no longer work? Ask us for a new one: {phone}.", phone="+1 212 555 0100")
    look(reader.visitor, f"link-over-{language}")
    page.goto("about:blank")
    reader.go("/links")
    reader.reads("Open the link in our message once more.")
    look(reader.visitor, f"link-lost-{language}")


def test_the_desk_shows_sends_and_takes_back_a_link(portal: Portal, visit: Visits, look: Look):
    desk = visit(portal, phone=False)
    staff_sign_in(desk, OWNER)
    _, link, due, number = make(portal, "Hal", "Whitcomb")
    in_the_portal(portal, f"action_links.revoke_link(us, {link!r})")
    page = desk.go("/staff/patients?q=Whitcomb")
    page.get_by_role("table").get_by_role("link", name="Hal Whitcomb", exact=True).click()
    page.wait_for_url("**/staff/patients/pat_*")
    page.get_by_role("row").get_by_role("button", name=number, exact=True).click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="Show link and QR code").click()
    expect(panel.get_by_role("img", name="QR code of the pay link")).to_be_visible()
    expect(panel).to_contain_text(f"Up to {dollars(due)}, until")
    look(desk, "staff-pay-link")
    secret = urlsplit(panel.locator("#pay-link").inner_text().strip()).fragment
    payer = Reader(visit(portal), "en")
    opened = comes_in(payer, secret, date(1986, 2, 8))
    panel.get_by_role("button", name="Take back").click()
    expect(panel).to_contain_text("The link no longer works.")
    opened.wait_for_url("**/links*")  # at once
    payer.sees("Open your link")
    payer.visitor.forgive()

    panel.get_by_role("button", name="Send by message").click()
    expect(panel).to_contain_text("The link is on its way in")
    outbox = desk.tab()
    outbox.goto(desk.url + OUTBOX)
    expect(outbox.get_by_text("is to pay").first).to_be_visible()
    secret = outbox.locator("main").inner_text().partition("/links#")[2].split()[0]
    outbox.close()
    comes_in(Reader(visit(portal), "en"), secret, date(1986, 2, 8))
    page.goto(desk.url + "/es/staff/patients?q=Whitcomb")
    page.get_by_role("table").get_by_role("link", name="Hal Whitcomb", exact=True).click()
    page.get_by_role("row").get_by_role("button", name=number, exact=True).click()
    expect(
        page.get_by_role("dialog").get_by_role("button", name="Mostrar enlace y código QR")
    ).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Hasta")
    look(desk, "staff-pay-link-es")
