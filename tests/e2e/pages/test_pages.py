"""Every page and state: no violation of WCAG, light and dark, on phone and desktop, in both languages."""

import re

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from portal_app.demo.staff import STAFF
from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    HAL,
    MARIA,
    NADIA,
    NGOZI,
    NO_MONEY,
    OWNER,
    PAYS,
    choose_amount,
    code_from_outbox,
    fill_card,
    history,
    invoice_is_shown,
    on_receipt,
    open_invoice,
    press_pay,
    sign_in,
    staff_sign_in,
    why_not,
)

LANGUAGES = ["en", "es"]


def in_(language: str, path: str) -> str:
    return path if language == "en" else f"/es{path}"


def heading(page: Page) -> None:
    """The page has what it came for: a heading, and nothing that still loads."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main .skel")).to_have_count(0)


def send(page: Page) -> None:
    page.locator("main form button[type=submit]").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in(portal: Portal, visit: Visits, look: Look, language: str):
    somebody = visit(portal, phone=False)
    page = somebody.go(in_(language, "/sign-in"))
    heading(page)
    look(somebody, f"{language}-sign-in")
    send(page)
    expect(page.locator("#contact-error")).to_contain_text(re.compile("Error"))
    look(somebody, f"{language}-sign-in-error")
    page.locator("#contact").fill("lindqvist@example.com")
    send(page)
    expect(page.locator("#code")).to_be_visible()
    look(somebody, f"{language}-code")
    page.locator("#code").fill("12")
    send(page)
    expect(page.locator("#code-error")).to_contain_text(re.compile("Error"))
    look(somebody, f"{language}-code-error")
    reference = page.locator("#code-hint b").inner_text()
    page.locator("#code").fill(code_from_outbox(somebody, reference))
    send(page)
    expect(page.locator("#born_month")).to_be_visible()
    look(somebody, f"{language}-birth-date")
    for name, value in (("month", "13"), ("day", "8"), ("year", "1990")):
        page.locator(f"#born_{name}").fill(value)
    send(page)
    expect(page.locator("#born-error")).not_to_be_empty()
    look(somebody, f"{language}-birth-date-error")
    page.locator("#born_month").fill("8")
    send(page)
    expect(page.locator("#first_name")).to_be_visible()
    look(somebody, f"{language}-first-name")


@pytest.mark.parametrize("language", LANGUAGES)
def test_invoices(portal: Portal, visit: Visits, look: Look, language: str):
    maria = visit(portal, phone=False)
    sign_in(maria, MARIA)
    for name, query in (
        ("invoices", ""),
        ("to-pay", "?show=to_pay"),
        ("paid", "?show=paid"),
        ("paid-page-2", "?show=paid&page=2"),
    ):
        heading(maria.go(in_(language, "/invoices") + query))
        look(maria, f"{language}-{name}")
    ngozi = visit(portal, phone=False)
    sign_in(ngozi, NGOZI)
    for name, query in (("no-invoices", ""), ("nothing-fits", "?show=paid")):
        heading(ngozi.go(in_(language, "/invoices") + query))
        look(ngozi, f"{language}-{name}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice(portal: Portal, visit: Visits, look: Look, language: str):
    maria = visit(portal, phone=False)
    page = sign_in(maria, MARIA)
    page.goto(f"{portal.url}/invoices?show=to_pay")
    heading(page)
    invoices = {"partly": "Rapid strep test", "small": "Lipid panel"}
    where = {name: history(page).get_by_role("link", name=title).first for name, title in invoices.items()}
    found = {name: link.get_attribute("href") or "" for name, link in where.items()}
    page.goto(f"{portal.url}/invoices")
    heading(page)
    for name, title in {"written-off": "Missed appointment", "void": "Telehealth visit"}.items():
        found[name] = history(page).get_by_role("link", name=title).first.get_attribute("href") or ""
    page.goto(f"{portal.url}/invoices?show=paid")
    heading(page)
    found["paid"] = history(page).get_by_role("link").first.get_attribute("href") or ""
    for name, path in found.items():
        page = maria.go(in_(language, path))
        invoice_is_shown(page)
        look(maria, f"{language}-invoice-{name}")
    heading(maria.go(in_(language, "/invoices/inv_00000000000000000000000000")))
    look(maria, f"{language}-invoice-missing")
    heading(maria.go(in_(language, "/receipt?id=pay_00000000000000000000000000")))
    look(maria, f"{language}-receipt-missing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_of_a_sixteen_year_old_keeps_her_secret(
    portal: Portal, visit: Visits, look: Look, language: str
):
    nadia = visit(portal, phone=False)
    page = sign_in(nadia, NADIA)
    open_invoice(page, "Services")
    page = nadia.go(in_(language, page.url.removeprefix(portal.url)))
    invoice_is_shown(page)
    everything = page.locator("main").inner_text()
    for secret in ("Zoe", "Blood draw", "Office visit"):
        assert secret not in everything
    look(nadia, f"{language}-invoice-masked")


@pytest.mark.parametrize(("language", "amount"), [("en", "21.00"), ("es", "22.00")])
def test_paying(portal: Portal, visit: Visits, look: Look, language: str, amount: str):
    hal = visit(portal, phone=False)
    page = sign_in(hal, HAL)
    if language == "en":
        open_invoice(page, "Office visit, 30 minutes")
        invoice = page.url
    else:
        page.goto(f"{portal.url}/es/invoices")
        heading(page)
        page.locator("a.row-link").first.click()
        page.wait_for_url("**/invoices/inv_*")
        invoice = page.url
    invoice_is_shown(page)
    fill_card(page, PAYS)
    look(hal, f"{language}-pay")
    choose_amount(page, "0")
    press_pay(page)
    expect(why_not(page)).to_be_visible()
    look(hal, f"{language}-pay-wrong-amount")
    choose_amount(page, amount)
    fill_card(page, NO_MONEY)
    press_pay(page)
    expect(why_not(page)).to_contain_text(re.compile("card|tarjeta"))
    look(hal, f"{language}-pay-declined")
    choose_amount(page, amount)
    fill_card(page, PAYS)
    press_pay(page)
    on_receipt(page)
    look(hal, f"{language}-receipt")
    page.goto(invoice)
    invoice_is_shown(page)
    choose_amount(page, amount)
    fill_card(page, PAYS)
    press_pay(page)
    expect(page.locator("dialog[open]")).to_be_visible()
    look(hal, f"{language}-ask-again")
    page.locator("dialog[open] .btn-second").click()
    expect(page.locator("dialog[open]")).to_have_count(0)  # until then nothing behind it takes a word
    choose_amount(page, "23.00")
    fill_card(page, ASKS_THE_BANK)
    press_pay(page)
    expect(page.locator("iframe[title='3D Secure authentication']")).to_be_visible()
    page.goto(invoice)
    invoice_is_shown(page)
    held = page.get_by_role("region", name=re.compile("Your last payment|Su último pago"))
    expect(held).to_be_visible()
    look(hal, f"{language}-held")
    held.locator(".btn-second").click()
    expect(page.locator("#pay-form")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_the_practice(portal: Portal, visit: Visits, look: Look, language: str):
    dana = visit(portal, phone=False)
    page = dana.go(in_(language, "/staff/sign-in"))
    heading(page)
    look(dana, f"{language}-staff-sign-in")
    send(page)
    expect(page.locator("#form-error")).to_be_visible()
    look(dana, f"{language}-staff-sign-in-error")
    email = STAFF[{"en": 1, "es": 2}[language]].email
    page.locator("#email").fill(email)
    page.locator("#password").fill(portal.password_of(email))
    send(page)
    expect(page.locator("#code")).to_be_visible()
    secret = page.locator("main code").inner_text().replace(" ", "")
    look(dana, f"{language}-staff-set-up")
    page.locator("#code").fill("000000" if TOTP(secret).now() != "000000" else "000001")
    send(page)
    expect(page.locator("#code-error")).to_contain_text(re.compile("Error"))
    look(dana, f"{language}-staff-code-error")
    olga = visit(portal, phone=False)
    staff_sign_in(olga, OWNER)
    page = olga.go(in_(language, "/staff"))
    heading(page)
    look(olga, f"{language}-staff-today")


@pytest.mark.parametrize("language", LANGUAGES)
def test_beside_the_way(portal: Portal, visit: Visits, look: Look, language: str):
    somebody = visit(portal, phone=False)
    heading(somebody.go(in_(language, "/outbox")))
    look(somebody, f"{language}-outbox")
    page = somebody.go(in_(language, "/no-such-page"))
    heading(page)
    look(somebody, f"{language}-not-found")
    heading(somebody.go(in_(language, "/sign-in")))
    somebody.context.set_offline(True)
    lost = re.compile("We lost the connection|Se perdió la conexión")
    expect(page.get_by_role("status").filter(has_text=lost)).to_be_visible(timeout=60_000)
    look(somebody, f"{language}-offline")
    somebody.context.set_offline(False)
    somebody.forgive()  # lost lines and the missing page are said in the console, rightly
