"""Money on a phone, in both languages: the balance and paying it, payment options, statements and papers."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.billing.desk import PAST_DUE, WITH_CREDIT, at_the_practice, go
from tests.e2e.conftest import Axe, Look, Visits, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    ASKS_THE_BANK,
    MARIA,
    PAYS,
    card_frame,
    confirm_at_the_bank,
    fill_card,
    on_receipt,
    press_pay,
    sign_in,
)

MASTERCARD = "5555555555554444"


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


@pytest.fixture(scope="module")
def portal(demo: Path):
    """An installation of its own: what is owed here is nobody else's."""
    running = Portal().like(demo)
    at_the_practice(running, WITH_CREDIT)
    yield running.start()
    faults = running.faults()
    running.remove()
    assert not faults, faults


@pytest.mark.parametrize(
    ("path", "heading", "es"),
    [
        ("/payments", "Payments", "Pagos"),
        ("/payment-options", "Payment options", "Opciones de pago"),
        ("/statements?period=this_year", "Statements", "Estados de cuenta"),
    ],
    ids=["payments", "payment-options", "statements"],
)
def test_every_page_is_clean_in_both_languages(
    portal: Portal, visit: Visits, look: Look, path: str, heading: str, es: str
):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    for prefix, title in (("", heading), ("/es", es)):
        go(page, portal, prefix + path, title)
        expect(page.locator(".skel")).to_have_count(0)
        look(maria, f"{prefix[1:] or 'en'}-{path.strip('/').partition('?')[0]}")


def test_part_1_an_amount_is_shown_invoice_by_invoice_then_paid(portal: Portal, visit: Visits, axe: Axe):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    go(page, portal, "/payments", "Payments")
    expect(panel(page, "Your balance")).to_contain_text("$494.90")
    page.get_by_label("Another amount").check(force=True)
    page.get_by_label("Amount", exact=True).fill("200.00")
    page.get_by_role("button", name="Continue").click()
    check = panel(page, "Check your payment")
    expect(check).to_contain_text("$175.00")
    expect(check).to_contain_text("$25.00")
    axe(page)
    no_sideways_scroll(page)
    maria.shot("review")
    fill_card(page, PAYS)
    press_pay(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$175.00")
    go(page, portal, "/payments", "Payments")
    expect(panel(page, "Your balance")).to_contain_text("$294.90")
    expect(page.locator("main")).to_contain_text("Visa ending in 4242")


def test_the_bank_asks_once_about_what_is_paid_here(portal: Portal, visit: Visits):
    page = sign_in(visit(portal), MARIA)
    go(page, portal, "/payments", "Payments")
    page.get_by_label("Another amount").check(force=True)
    page.get_by_label("Amount", exact=True).fill("12.00")
    page.get_by_role("button", name="Continue").click()
    expect(panel(page, "Check your payment")).to_contain_text("$12.00")
    fill_card(page, ASKS_THE_BANK)
    press_pay(page)
    asked = page.locator("iframe[title='3D Secure authentication']")
    expect(asked).to_be_visible()
    page.wait_for_timeout(1500)  # that nothing else comes is seen only by waiting
    expect(asked).to_have_count(1)
    confirm_at_the_bank(page)
    on_receipt(page)
    expect(page.locator("main")).to_contain_text("$12.00")
    expect(asked).to_have_count(0)


def test_the_same_amount_within_ten_minutes_asks_in_spanish_too(portal: Portal, visit: Visits):
    page = sign_in(visit(portal), MARIA)
    for _ in range(2):
        go(page, portal, "/es/payments", "Pagos")
        page.get_by_label("Algunas facturas").check(force=True)
        page.get_by_role("checkbox").first.check(force=True)
        page.get_by_role("button", name="Continuar").click()
        expect(panel(page, "Revise su pago")).to_be_visible()
        page.get_by_role("button", name="Cambiar").click()
        expect(panel(page, "Revise su pago")).to_be_hidden()
        page.get_by_label("Otro monto").check(force=True)
        page.get_by_label("Monto", exact=True).fill("10.00")
        page.get_by_role("button", name="Continuar").click()
        expect(panel(page, "Revise su pago")).to_contain_text("$10.00")
        page.get_by_role("button", name=re.compile("^Pagar")).locator("visible=true").first.click()
        done = page.get_by_role("heading", name="Pago recibido")
        expect(done.or_(page.get_by_role("dialog"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("dialog")).to_contain_text("$10.00")
    page.get_by_role("button", name="No pagar otra vez").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_cred_2_credit_is_used_after_a_second_question(portal: Portal, visit: Visits, axe: Axe):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    go(page, portal, "/payments", "Payments")
    expect(page.get_by_role("heading", name="You have $30.00 of credit")).to_be_visible()
    page.get_by_role("button", name="Use credit").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("oldest invoice first")
    axe(page)
    maria.shot("credit")
    page.get_by_role("dialog").get_by_role("button", name="Use credit").click()
    expect(page.locator("[data-focus=said]").filter(has_text="You used $30.00")).to_be_visible()
    expect(page.get_by_role("heading", name="of credit")).to_have_count(0)


def test_ledg_1_and_a_refund_stand_line_by_line(portal: Portal, visit: Visits):
    at_the_practice(
        portal,
        """
from portal_app.db.scope import transaction
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
with transaction(system_principal("test")) as tx:
    tx.get_or_404(Practice, "practice").post_automatically = False
""",
    )
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    go(page, portal, "/payments", "Payments")
    page.get_by_label("Another amount").check(force=True)
    page.get_by_label("Amount", exact=True).fill("25.00")
    page.get_by_role("button", name="Continue").click()
    expect(panel(page, "Check your payment")).to_be_visible()
    fill_card(page, PAYS)
    press_pay(page)
    on_receipt(page)
    at_the_practice(
        portal,
        """
from sqlmodel import select
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import system_principal
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.services.billing.payments.refunds import refund_payment
with reading(system_principal("test")) as tx:
    paid = tx.exec(select(Payment).order_by(Payment.created_at.desc())).first()
refund_payment(system_principal("test"), new_id("ref"), paid.id, Money(5_00), processor=gateways().payments)
""",
    )
    go(page, portal, "/payments", "Payments")
    box = panel(page, "Your balance")
    expect(box).to_contain_text("Recent payment, June 15, Visa ending in 4242")
    expect(box).to_contain_text("being posted")
    expect(box).to_contain_text("−$20.00")
    no_sideways_scroll(page)
    expect(page.locator("main")).to_contain_text("up to 5 business days")
    maria.shot("being-posted")
    go(page, portal, "/es/payments", "Pagos")
    expect(page.locator("main")).to_contain_text("hasta 5 días hábiles")
    no_sideways_scroll(page)
    maria.shot("being-posted-es")


def test_src_1_2_3_payment_options(portal: Portal, visit: Visits, axe: Axe):
    at_the_practice(portal, PAST_DUE)
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    go(page, portal, "/payment-options", "Payment options")
    # SRC-2: the demo's card, which pays Maria's membership, is her only one.
    expect(page.get_by_text("To remove your only way to pay, add another first.")).to_be_visible()
    add_card(page, PAYS)
    expect(page.get_by_text("To remove your only way to pay, add another first.")).not_to_be_visible()
    expect(page.get_by_role("heading", name="Pay what is past due now?")).to_be_visible()
    axe(page)
    no_sideways_scroll(page)
    maria.shot("added")
    page.get_by_role("link", name=re.compile(r"^Pay \$")).click()
    expect(panel(page, "Check your payment")).to_be_visible()
    expect(page.get_by_role("radio", name="Visa ending in 4242", checked=True)).to_have_count(1)
    press_pay(page)
    on_receipt(page)
    go(page, portal, "/payment-options", "Payment options")
    add_card(page, MASTERCARD)
    second = page.get_by_role("listitem").filter(has_text="Mastercard ending in 4444")
    second.get_by_text("Change").click()
    second.get_by_label("Name (optional)").fill("Work card")
    second.get_by_role("button", name="Save name").click()
    expect(second).to_contain_text("Work card")
    second.get_by_role("button", name="Make it my default").click()
    expect(page.get_by_text("Mastercard ending in 4444 is now your default.")).to_be_visible()
    axe(page)
    maria.shot("named")
    second.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text("Which one becomes your default?")
    axe(page)
    maria.shot("remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Mastercard ending in 4444 was removed.")).to_be_visible()
    go(page, portal, "/es/payment-options", "Opciones de pago")
    expect(page.locator("main")).to_contain_text("Predeterminada")
    page.get_by_role("button", name="Agregar una tarjeta o cuenta bancaria").click()
    expect(card_frame(page).get_by_label(re.compile("tarjeta")).first).to_be_visible()
    axe(page)
    maria.shot("adding-es")


def add_card(page: Page, number: str) -> None:
    page.get_by_role("button", name="Add a card or bank account").click()
    fill_card(page, number)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added.")).to_be_visible(timeout=20_000)
