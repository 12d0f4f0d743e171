"""The staff billing pages on a desktop, in both languages: search, post, refund, record, invoice, settings, tasks."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Look, Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import MARIA, OWNER, PAYS, on_receipt, open_invoice, pay, sign_in, staff_sign_in

FRONT_DESK = "dana@juniper.example"


@pytest.fixture
def desk(portal: Portal, visit: Visits) -> Visitor:
    visitor = visit(portal, phone=False)
    staff_sign_in(visitor, OWNER)
    return visitor


def ready(page: Page, heading: str) -> Page:
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.locator(".skel")).to_have_count(0)
    return page


def patient_page(desk: Visitor, name: str) -> Page:
    page = ready(desk.go("/staff/patients"), "Patients")
    page.get_by_label("Name or chart number").fill(name)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("table").get_by_role("link", name=name, exact=True).click()
    page.wait_for_url("**/staff/patients/pat_*")
    return ready(page, name)


def test_settings_say_who_changed_them_and_apply_at_once(desk: Visitor, portal: Portal, visit: Visits, axe):
    page = ready(desk.go("/staff/settings"), "Settings")
    axe(page)
    desk.shot("staff-settings")
    posting = page.locator("section").filter(has=page.get_by_role("heading", name="Post payments"))
    posting.get_by_role("button", name="Turn off").click()
    expect(posting).to_contain_text("Changed by Olga Novak")
    framing = page.locator("section").filter(has=page.get_by_role("heading", name="Websites"))
    framing.get_by_role("textbox").fill("http://evil.example")
    framing.get_by_role("button", name="Save").click()
    expect(framing.locator("#embed_origins-error")).to_contain_text("Write the address of your site like")
    online = page.locator("section").filter(has=page.get_by_role("heading", name="Online payments"))
    online.get_by_role("button", name="Turn off").click()
    expect(online.get_by_role("button", name="Turn on")).to_be_visible()
    patient = sign_in(visit(portal), MARIA)
    open_invoice(patient, "Office visit, 20 minutes")
    expect(patient.get_by_role("button", name=re.compile("^Pay"))).to_have_count(0)
    online.get_by_role("button", name="Turn on").click()
    expect(online.get_by_role("button", name="Turn off")).to_be_visible()
    expect(patient.get_by_role("button", name=re.compile("^Pay"))).to_be_visible()  # without a reload
    smallest = page.locator("section").filter(has=page.get_by_role("heading", name="Smallest online payment"))
    smallest.get_by_role("textbox").fill("20")
    smallest.get_by_role("button", name="Save").click()
    expect(smallest).to_contain_text("Changed by Olga Novak")
    patient.locator("#pay-form input[name=how_much][value=part]").check(force=True)
    expect(patient.locator("#amount-hint")).to_contain_text("From $20.00")
    smallest.get_by_role("textbox").fill("")
    smallest.get_by_role("button", name="Save").click()
    expect(patient.locator("#amount-hint")).to_contain_text("From $0.50")
    for name in ("Reminders", "Announce imported invoices", "Pay links in messages"):
        one = page.locator("section").filter(has=page.get_by_role("heading", name=name))
        was = one.get_by_role("button").inner_text()
        one.get_by_role("button").click()
        expect(one.get_by_role("button")).not_to_have_text(was)
        expect(one).to_contain_text("Changed by Olga Novak")
        one.get_by_role("button").click()
        expect(one.get_by_role("button")).to_have_text(was)
    days = page.locator("section").filter(has=page.get_by_role("heading", name="Days a pay link works"))
    days.get_by_role("textbox").fill("91")
    days.get_by_role("button", name="Save").click()
    expect(days.locator("#pay_link_days-error")).to_contain_text("Choose 1 to 90 days")


def turn_off_automatic_posting(desk: Visitor) -> None:
    page = ready(desk.go("/staff/settings"), "Settings")
    posting = page.locator("section").filter(has=page.get_by_role("heading", name="Post payments"))
    if posting.get_by_role("button", name="Turn off").count():
        posting.get_by_role("button", name="Turn off").click()
    expect(posting.get_by_role("button", name="Turn on")).to_be_visible()


def test_a_payment_appears_is_posted_and_refunded(desk: Visitor, portal: Portal, visit: Visits, axe):
    turn_off_automatic_posting(desk)
    page = ready(desk.go("/staff/transactions"), "Transactions")
    patient = sign_in(visit(portal), MARIA)
    open_invoice(patient, "Office visit, 20 minutes")
    pay(patient, card=PAYS, amount="20.00")
    number = on_receipt(patient)
    row = page.get_by_role("row").filter(has_text="Maria Alvarez").filter(has_text="$20.00")
    expect(row).to_contain_text("To be posted", timeout=10_000)
    row.get_by_role("checkbox").click()
    page.get_by_role("button", name="Post 1 payment").click()
    expect(page.get_by_role("status").filter(has_text="1 payment was posted.")).to_be_visible()
    expect(row).not_to_contain_text("To be posted")

    page.get_by_label("Name or number").fill(number)
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**q=R-*")
    expect(page.get_by_text("1 transaction", exact=True)).to_be_visible()
    axe(page)
    desk.shot("staff-transactions-found")
    page.get_by_role("row").get_by_role("button", name=re.compile("^Payment")).click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text(number)
    axe(page)
    desk.shot("staff-refund")
    panel.get_by_label("Refund amount").fill("20.01")
    panel.get_by_label("Reason").fill("Paid at the desk too")
    panel.get_by_role("button", name="Refund", exact=True).click()
    expect(panel.locator("#form-error")).to_contain_text("$20.00")
    panel.get_by_label("Refund amount").fill("5.00")
    panel.get_by_role("button", name="Refund", exact=True).click()
    expect(panel).to_contain_text("$5.00 was refunded.")
    expect(panel).to_contain_text("Up to $15.00.")
    panel.get_by_role("button", name="Refund and void the charge").click()
    expect(panel).to_contain_text("$15.00 was refunded.")
    expect(panel.get_by_role("button", name="Refund", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("row").get_by_role("button", name=re.compile("^Payment")).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_export_holds_what_was_searched(desk: Visitor):
    page = ready(desk.go("/staff/transactions?kind=payment&q=alvarez"), "Transactions")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export CSV").click()
    text = waiting.value.path().read_text("utf-8-sig")
    assert text.startswith('"date","time","kind"')
    assert "Maria Alvarez" in text
    ready(desk.go("/staff/transactions?q=%25"), "Transactions")
    expect(page.get_by_text("Nothing fits")).to_be_visible()


def test_a_recorded_payment_appears_at_once_in_another_tab(desk: Visitor, axe):
    another = desk.tab()
    another.goto(desk.url + "/staff/transactions")
    ready(another, "Transactions")
    page = patient_page(desk, "Maria Alvarez")
    axe(page)
    desk.shot("staff-patient")
    for how, amount in (("Check", "7.00"), ("Cash", "7.10"), ("Card terminal", "7.20")):
        page.get_by_role("button", name="Record a payment").click()
        panel = page.get_by_role("dialog")
        panel.get_by_label("Amount", exact=True).fill(amount)
        panel.get_by_text(how, exact=True).click()
        panel.get_by_label("Note (optional)").fill("1183")
        if how == "Check":
            axe(page)
            desk.shot("staff-record")
        panel.get_by_role("button", name="Record the payment").click()
        expect(page.locator("[data-focus=said]").filter(has_text=f"${amount} was recorded.")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        row = another.get_by_role("row").filter(has_text="Maria Alvarez").filter(has_text=f"${amount}")
        expect(row).to_contain_text(how)


def test_an_invoice_made_by_mistake_is_voided(desk: Visitor):
    another = desk.tab()
    another.goto(desk.url + "/staff/transactions?kind=charge")
    ready(another, "Transactions")
    page = patient_page(desk, "Maria Alvarez")
    page.get_by_role("link", name="New invoice").click()
    ready(page, "New invoice")
    page.get_by_label("What it is for").fill("Booked twice")
    page.get_by_label("Quantity").fill("1")
    page.get_by_label("Unit price").fill("31.70")
    page.get_by_role("button", name="Save as a draft").click()
    page.wait_for_url("**/staff/patients/pat_*")
    page.get_by_role("row").filter(has_text="Draft").filter(has_text="P-1").get_by_role("button").click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="Send the invoice").click()
    expect(panel).to_contain_text("was sent.")
    expect(another.get_by_role("row").filter(has_text="$31.70").first).to_be_visible()
    panel.get_by_label("Reason").fill("Booked twice")
    panel.get_by_role("button", name="Void the invoice").click()
    expect(panel.get_by_role("button", name="Void the invoice")).to_have_count(0)
    expect(panel).to_contain_text("was voided.")


def test_an_invoice_is_drafted_sent_and_written_off(desk: Visitor, axe):
    page = patient_page(desk, "Maria Alvarez")
    page.get_by_role("link", name="New invoice").click()
    ready(page, "New invoice")
    page.get_by_label("What it is for").fill("Vaccination record")
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Unit price").fill("12.50")
    page.get_by_role("button", name="Add a line").click()
    expect(page.get_by_label("What it is for")).to_have_count(2)
    expect(page.get_by_label("What it is for").first).to_have_value("Vaccination record")
    axe(page)
    desk.shot("staff-new-invoice")
    page.get_by_role("button", name="Save as a draft").click()
    page.wait_for_url("**/staff/patients/pat_*")
    row = page.get_by_role("row").filter(has_text="Draft").filter(has_text="P-1")
    row.get_by_role("button").click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("$25.00")
    panel.get_by_role("button", name="Send the invoice").click()
    expect(panel).to_contain_text("was sent.")
    panel.get_by_role("button", name="Write off what is due").click()
    expect(panel.locator("#form-error")).to_contain_text("Say why")
    panel.get_by_label("Reason").fill("Too small to chase")
    axe(page)
    desk.shot("staff-invoice")
    panel.get_by_role("button", name="Write off what is due").click()
    expect(panel).to_contain_text("was written off.")


def test_the_front_desk_is_told_who_can_grant_what_is_missing(portal: Portal, visit: Visits):
    visitor = visit(portal, phone=False)
    page = staff_sign_in(visitor, FRONT_DESK)
    page = visitor.go("/staff/settings")
    expect(page.get_by_role("alert").filter(has_text="Ask an owner")).to_be_visible()
    expect(page.get_by_role("button", name="Turn off")).to_have_count(0)
    page = ready(visitor.go("/staff/transactions?kind=payment"), "Transactions")
    expect(page.get_by_role("link", name="Export CSV")).to_have_count(0)
    page.get_by_role("table").get_by_role("button", name=re.compile("^Payment")).first.click()
    expect(page.get_by_role("dialog")).to_contain_text("You may not refund. Olga Novak can allow it.")


def test_the_tasks_page_is_accessible(desk: Visitor, axe):
    page = ready(desk.go("/staff/tasks"), "To do")
    axe(page)
    desk.shot("staff-tasks")


SPANISH = {
    "transactions": ("/transactions", "Transacciones"),
    "patients": ("/patients?q=alvarez", "Pacientes"),
    "settings": ("/settings", "Ajustes"),
    "tasks": ("/tasks", "Por atender"),
    "messages": ("/messages", "Mensajes"),
}


def test_every_page_in_spanish_light_dark_and_on_a_phone(desk: Visitor, look: Look):
    for name, (path, heading) in SPANISH.items():
        ready(desk.go(f"/es/staff{path}"), heading)
        look(desk, f"staff-{name}-es")


def test_messages_in_every_look(desk: Visitor, look: Look):
    ready(desk.go("/staff/messages"), "Messages")
    look(desk, "staff-messages")


def test_a_refund_in_spanish(portal: Portal, visit: Visits, axe):
    visitor = visit(portal, phone=True)
    staff_sign_in(visitor, OWNER)
    page = ready(visitor.go("/es/staff/transactions?kind=payment&status=received"), "Transacciones")
    page.get_by_role("listitem").get_by_role("button", name=re.compile("^Pago")).first.click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("button", name="Reembolsar y anular el cargo")).to_be_visible()
    axe(page)
    visitor.shot("staff-refund-es")


def test_the_practice_writes_its_own_message_templates(desk: Visitor, look: Look):
    page = ready(desk.go("/staff/wording?kind=due_soon&in=es"), "Message templates")
    expect(page.get_by_role("heading", name="Due soon", level=2)).to_be_visible()
    page.get_by_label("Email", exact=True).fill("Pague pronto.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your text leaves out {amount}. The message needs it.")).to_be_visible()
    page.get_by_label("Email", exact=True).fill("Le quedan {amount} por pagar: {portal}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Changed by Olga Novak")
    look(desk, "staff-wording")
    ready(desk.go("/es/staff/wording?kind=due_soon&in=en"), "Textos de los mensajes")
    look(desk, "staff-wording-es")
