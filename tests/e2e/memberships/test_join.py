"""Joining on a phone, in English and Spanish; who is known signs in after the code (JOIN-1, JOIN-2)."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Look, Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.steps import PAYS, code_from_outbox, fill_card

WORDS = {
    "en": {
        "path": "/join",
        "choose": "Choose Juniper Care",
        "born": ("Month", "Day", "Year"),
        "on": "Continue",
        "add": "Add a member",
        "first": "Legal first name",
        "last": "Legal last name",
        "male": "Male",
        "female": "Female",
        "child": "My child",
        "save": "Add",
        "contact": "Email or mobile phone",
        "send": "Send me a code",
        "hint": "From the message that says",
        "code": "Code",
        "street": "Street and number",
        "city": "City",
        "pay": "Pay $110.00",
        "done": "We have your request",
        "known": "We know you already",
        "sign_in": "Sign in",
    },
    "es": {
        "path": "/es/join",
        "choose": "Elegir Juniper Care",
        "born": ("Mes", "Día", "Año"),
        "on": "Continuar",
        "add": "Agregar un miembro",
        "first": "Nombre legal",
        "last": "Apellido",
        "male": "Masculino",
        "female": "Femenino",
        "child": "Mi hijo o hija",
        "save": "Agregar",
        "contact": "Correo electrónico o celular",
        "send": "Enviarme un código",
        "hint": "El del mensaje que dice",
        "code": "Código",
        "street": "Calle y número",
        "city": "Ciudad",
        "pay": "Pagar $110.00",
        "done": "Recibimos su solicitud",
        "known": "Ya le conocemos",
        "sign_in": "Iniciar sesión",
    },
}


def born(page: Page, says: dict, month: int, day: int, year: int) -> None:
    for label, typed in zip(says["born"], (month, day, year), strict=True):
        page.get_by_label(label).fill(str(typed))


def choose(visitor: Visitor, says: dict, look: Look | None = None, name: str = "") -> Page:
    """The plan, who joins, and a child; ends where the contact is asked for."""
    page = visitor.go(says["path"])
    press = page.get_by_role("button", name=says["choose"])
    expect(press).to_be_visible()
    if look:
        look(visitor, f"join-plan{name}")
    press.click()
    born(page, says, 3, 2, 1985)
    if look:
        look(visitor, f"join-me{name}")
    page.get_by_role("button", name=says["on"]).click()
    page.get_by_role("button", name=says["add"]).click()
    page.get_by_label(says["first"]).fill("Pip")
    page.get_by_label(says["last"]).fill("O’Quinn-Núñez")
    born(page, says, 5, 4, 2018)
    page.get_by_label(says["male"], exact=True).check(force=True)
    page.get_by_label(says["child"]).check(force=True)
    if look:
        look(visitor, f"join-other{name}")
    page.get_by_role("button", name=says["save"], exact=True).click()
    expect(page.get_by_text("Pip O’Quinn-Núñez").first).to_be_visible()
    if look:
        look(visitor, f"join-people{name}")
    page.get_by_role("button", name=says["on"], exact=True).click()
    expect(page.get_by_label(says["contact"])).to_be_visible()
    return page


def show_code(visitor: Visitor, says: dict, contact: str) -> None:
    page = visitor.page
    page.get_by_label(says["contact"]).fill(contact)
    page.get_by_role("button", name=says["send"]).click()
    hint = page.get_by_text(says["hint"]).inner_text()
    reference = hint.rsplit(" ", 1)[-1].strip(". ")
    page.get_by_label(says["code"], exact=True).fill(code_from_outbox(visitor, reference))
    page.get_by_role("button", name=says["on"]).click()


def join(visitor: Visitor, says: dict, contact: str, look: Look | None, name: str) -> None:
    page = choose(visitor, says, look, name)
    if look:
        look(visitor, f"join-contact{name}")
    show_code(visitor, says, contact)
    page.get_by_label(says["first"]).fill("Zoë")
    page.get_by_label(says["last"]).fill("O’Quinn")
    page.get_by_label(says["female"], exact=True).check(force=True)
    page.get_by_label(says["street"]).fill("1 Elm Street")
    page.get_by_label(says["city"], exact=True).fill("New York")
    if look:
        look(visitor, f"join-owner{name}")
    page.get_by_role("button", name=says["on"]).click()
    press = page.get_by_role("button", name=says["pay"])
    expect(press).to_be_visible()
    fill_card(page, PAYS)
    if look:
        look(visitor, f"join-check{name}")
    press.click()
    expect(page.get_by_role("heading", name=says["done"])).to_be_visible()
    if look:
        look(visitor, f"join-done{name}")


def test_join_1_on_a_phone_in_english(portal: Portal, visit: Visits, look: Look):
    visitor = visit(portal)
    page = visitor.go("/sign-in")
    page.get_by_role("link", name="Join online").click()
    expect(page).to_have_url(re.compile("/join"))
    join(visitor, WORDS["en"], "zoe@example.org", look, "")


def test_join_1_on_a_phone_in_spanish(portal: Portal, visit: Visits, look: Look):
    join(visit(portal), WORDS["es"], "zoila@example.org", look, "-es")


def test_join_2_who_is_known_signs_in_after_the_code(portal: Portal, visit: Visits, look: Look):
    visitor, says = visit(portal), WORDS["en"]
    page = choose(visitor, says)
    show_code(visitor, says, "nadia.brennan@example.com")
    expect(page.get_by_role("heading", name=says["known"])).to_be_visible()
    look(visitor, "join-known")
    born(page, says, 11, 20, 1978)
    page.get_by_role("button", name=says["sign_in"]).click()
    page.wait_for_url("**/memberships*")
    expect(page.get_by_role("heading", name="Memberships", level=1)).to_be_visible()


def test_a_reload_before_the_code_keeps_what_was_typed(portal: Portal, visit: Visits):
    visitor, says = visit(portal), WORDS["en"]
    page = choose(visitor, says)
    page.reload()
    expect(page.get_by_text("Pip O’Quinn-Núñez").first).to_be_visible()
    expect(page.get_by_text("$110.00 a month").first).to_be_visible()
    page.get_by_role("button", name=says["on"], exact=True).click()
    show_code(visitor, says, "zadie@example.org")
    expect(page.get_by_label(says["first"])).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('tab.join')") is None
    page.reload()
    expect(page.get_by_role("button", name=says["choose"])).to_be_visible()
