"""Statements and papers in a browser: page, PDF and email say the same."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.billing.desk import SECOND_ACCOUNT, WITH_CREDIT, at_the_practice, go
from tests.e2e.conftest import Axe, Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import (
    MARIA,
    download,
    figures,
    sign_in,
)


@pytest.fixture(scope="module")
def portal(demo: Path):
    """An installation of its own: what is owed here is nobody else's."""
    running = Portal().like(demo)
    at_the_practice(running, WITH_CREDIT)
    yield running.start()
    faults = running.faults()
    running.remove()
    assert not faults, faults


def test_stmt_8_page_pdf_and_email_say_the_same(portal: Portal, visit: Visits, axe: Axe, tmp_path: Path):
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    go(page, portal, "/statements", "Statements")
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_role("heading", name="May 1, 2026 to May 31, 2026")).to_be_visible()
    closing = page.get_by_text("Balance on the last day").locator("xpath=..").inner_text().splitlines()[-1]
    paper = figures(download(page, "Download PDF", tmp_path))
    assert closing in paper
    for figure in re.findall(r"−?\$[\d,]+\.\d\d", page.get_by_role("table").first.inner_text()):
        assert figure in paper
    page.get_by_role("button", name="Email it to me").click()
    expect(page.get_by_text("We sent it to maria@example.com.")).to_be_visible()
    tab = maria.tab()
    tab.goto(portal.url + "/outbox")
    expect(tab.locator("main")).to_contain_text(f"The balance on the last day is {closing}.")
    tab.close()
    page.get_by_role("link", name="Eva").click()
    expect(page.get_by_text("Only for Eva")).to_be_visible()
    assert "Maria" not in page.get_by_role("table").first.inner_text()
    page.get_by_role("link", name="Whole account").click()
    page.get_by_text("Another period").click()
    page.get_by_label("First day").fill("2026-06-14")
    page.get_by_label("Last day").fill("2026-06-01")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#form-error").filter(has_text="must not be after")).to_be_visible()
    axe(page)
    maria.shot("statement-error")


def test_papers_for_taxes_and_health_accounts_in_spanish(portal: Portal, visit: Visits, tmp_path: Path):
    page = sign_in(visit(portal), MARIA)
    go(page, portal, "/es/statements?period=this_year", "Estados de cuenta")
    taxes = figures(download(page, "Pagos de 2026", tmp_path))
    assert "Pagado en 2026" in taxes
    itemised = figures(download(page, "Recibo detallado", tmp_path))
    for said in (
        "Recibo detallado",
        "Eva Alvarez",
        "Office visit,",
        "99213",
        "Dr. Naomi Okafor",
        "$120.00",
    ):
        assert said in itemised
    page.get_by_role("link", name="Facturas").first.click()
    page.get_by_role("link", name="Office visit, 20 minutes").first.click()
    one = figures(download(page, "Recibo detallado (HSA, FSA)", tmp_path))
    assert "99213" in one


def test_two_accounts_are_chosen_between_and_a_long_statement_is_paged(
    portal: Portal, visit: Visits, look: Look
):
    at_the_practice(portal, SECOND_ACCOUNT)
    maria = visit(portal)
    page = sign_in(maria, MARIA)
    for path, heading in (("/payments", "Payments"), ("/payment-options", "Payment options")):
        go(page, portal, path, heading)
        which = page.get_by_role("navigation", name="Account", exact=True)
        expect(which.get_by_role("link")).to_have_count(2)
        look(maria, f"two-accounts-{path.strip('/')}")
        which.get_by_role("link", name="Account 2").click()
        expect(which.get_by_role("link", name="Account 2")).to_have_attribute("aria-current", "true")
    go(page, portal, "/es/statements", "Estados de cuenta")
    page.get_by_role("navigation", name="Cuenta", exact=True).get_by_role("link", name="Cuenta 2").click()
    expect(page.get_by_role("navigation", name="Páginas")).to_contain_text("Página 1 de 3")
    closing = page.get_by_text("Saldo al último día").locator("xpath=..").inner_text().splitlines()[-1]
    page.get_by_role("link", name="Siguientes").click()
    expect(page.get_by_role("table")).to_contain_text("Saldo que sigue de la página anterior")
    look(maria, "long-statement-es")
    page.get_by_role("link", name="Siguientes").click()
    expect(page.get_by_role("row")).to_have_count(32)  # head, what is carried over, thirty lines
    expect(page.get_by_role("row").last).to_contain_text(closing)
