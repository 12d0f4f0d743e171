"""Signing on a phone in both languages: typed, drawn and turned half-way, for two children, by two signers."""

import pytest
from playwright.sync_api import expect

from tests.e2e.agreements.steps import (
    agrees_to_electronic_records,
    ask,
    draws,
    fits_a_small_phone,
    gets_the_copy,
    goes_on,
    has_lines,
    opens,
    signs,
    types_name,
)
from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES, Reader, sign_in_quietly

PRIVACY = {
    "en": "Acknowledgement of the notice of privacy practices",
    "es": "Acuse de recibo del aviso de prácticas de privacidad",
}
PHOTOS = {"en": "Photos for our website", "es": "Fotos para nuestro sitio web"}
CHILDREN = {"en": "Care of children without a parent", "es": "Atención de niños sin un padre presente"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_by_typing_after_the_consent(portal: Portal, visit: Visits, look: Look, language: str):
    given, family = ("Nadia", "Brennan") if language == "en" else ("Rosa", "Delgado")
    ask(portal, "Photos", given, family)
    reader = Reader(visit(portal), language)
    sign_in_quietly(portal, reader.visitor, given, family)
    page = opens(reader, PHOTOS[language])
    look(reader.visitor, f"agreement-sign-{language}")
    fits_a_small_phone(reader, f"agreement-sign-{language}")
    types_name(reader, "Somebody")
    reader.press("Continue")
    if language == "es":  # Nadia agreed in the demo already
        reader.reads("To sign here, agree to electronic records first, or ask for paper.")
        agrees_to_electronic_records(reader)
        reader.press("Continue")
    reader.reads(
        "We have you on file as {name}. Is what you typed right? Then sign again.", name=f"{given} {family}"
    )
    look(reader.visitor, f"agreement-refused-{language}")
    page.reload()
    field = page.get_by_label(reader.t("Type your full name"))
    expect(field).to_have_value("Somebody")
    field.fill(f"{given} {family}")
    goes_on(reader)
    look(reader.visitor, f"agreement-check-{language}")
    fits_a_small_phone(reader, f"agreement-check-{language}")
    reader.press("Back")
    expect(field).to_have_value(f"{given} {family}")
    goes_on(reader)
    signs(reader)
    assert gets_the_copy(reader).startswith(b"%PDF")
    look(reader.visitor, f"agreement-signed-{language}")
    reader.follow("Back to agreements")
    reader.sees("Signed")
    look(reader.visitor, f"agreements-{language}")
    fits_a_small_phone(reader, f"agreements-{language}")


def test_by_drawing_turned_half_way(portal: Portal, visit: Visits, look: Look):
    maria = Reader(visit(portal), "en")
    sign_in_quietly(portal, maria.visitor, "Maria", "Alvarez")
    page = opens(maria, PRIVACY["en"])
    canvas = page.locator("canvas.drawing")
    expect(canvas).to_be_hidden()
    page.get_by_text("Draw", exact=True).click()
    expect(canvas).to_be_visible()
    page.wait_for_function("() => document.querySelector('canvas.drawing').style.touchAction === 'none'")
    draws(page, half=True)
    has_lines(page, 1)
    page.set_viewport_size({"width": 844, "height": 390})  # turned
    page.wait_for_function("() => document.querySelector('canvas.drawing').width / devicePixelRatio > 400")
    has_lines(page, 1)
    draws(page)
    has_lines(page, 3)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('canvas.drawing').width / devicePixelRatio < 400")
    has_lines(page, 3)
    look(maria.visitor, "agreement-drawn")
    page.reload()
    page.get_by_text("Draw", exact=True).wait_for()
    expect(page.locator("#how-draw")).to_be_checked()
    has_lines(page, 3)
    page.locator("[name=choice-1]").first.check(force=True)
    goes_on(maria)
    expect(page.locator("#drawn-signature path")).to_have_count(1)
    look(maria.visitor, "agreement-check-drawn")
    signs(maria)
    gets_the_copy(maria)
    assert page.evaluate("Object.keys(sessionStorage).filter((k) => k.startsWith('drawn.'))") == []


def test_a_keyboard_signs_without_drawing_and_meets_no_canvas(portal: Portal, visit: Visits):
    ask(portal, "Photos", "Claire", "Fontaine")
    claire = Reader(visit(portal, phone=False), "en")
    sign_in_quietly(portal, claire.visitor, "Claire", "Fontaine")
    page = opens(claire, PHOTOS["en"])
    agrees_to_electronic_records(claire)
    met: list[str] = []
    page.locator("h1").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.tagName + '#' + (document.activeElement.name || '')")
        met.append(name)
        if name == "INPUT#typed_name":
            break
    assert met[-1] == "INPUT#typed_name" and not [name for name in met if name.startswith("CANVAS")]
    page.keyboard.type("Claire Fontaine")
    page.keyboard.press("Enter")
    claire.sees("Check before you sign")
    page.locator("[name=intent]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#signed")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_for_two_children_in_one_go(portal: Portal, visit: Visits, look: Look, language: str):
    children = ("Tim Alvarez", "Tom Alvarez") if language == "en" else ("Mila Prescott", "Theo Prescott")
    parent = ("Maria", "Alvarez") if language == "en" else ("Claire", "Fontaine")
    if language == "es":
        for child in children:
            ask(portal, "Care of children", *child.split())
    reader = Reader(visit(portal), language)
    sign_in_quietly(portal, reader.visitor, *parent)
    page = opens(reader, CHILDREN[language], children[0])
    for number, child in enumerate(children):
        expect(page.locator("main")).to_contain_text(reader.t("For {name}", name=child))
        if page.locator("[name=consent]").count():
            agrees_to_electronic_records(reader)
        page.get_by_text(reader.t("Parent"), exact=True).click()
        page.locator("[name=initials-1]").fill("MA")
        page.locator("[name=choice-1]").first.check(force=True)
        types_name(reader, " ".join(parent))
        goes_on(reader)
        expect(page.locator("dl")).to_contain_text(child)
        signs(reader)
        if number == 0:
            look(reader.visitor, f"agreement-next-{language}")
            page.get_by_role("link", name=reader.t("Sign for {name}", name=children[1])).click()
            expect(page.locator("main")).to_contain_text(reader.t("For {name}", name=children[1]))
    for child in children:
        expect(page.get_by_role("link", name=reader.t("Sign for {name}", name=child))).to_have_count(0)


def test_two_signers_see_each_other_sign(portal: Portal, visit: Visits):
    maria, luis = Reader(visit(portal), "en"), Reader(visit(portal), "es")
    sign_in_quietly(portal, maria.visitor, "Maria", "Alvarez")
    sign_in_quietly(portal, luis.visitor, "Luis", "Alvarez")
    hers = maria.go("/agreements")
    maria.sees("Waiting for others")
    row = hers.locator("li.card").filter(has_text="Who may pick up a child")
    expect(row).to_contain_text("igned by you on")
    expect(row).to_contain_text("waiting for another responsible adult")
    row.get_by_role("link", name="Open").click()
    expect(hers.locator("main")).to_contain_text("waiting for another responsible adult")
    page = opens(luis, "Quién puede recoger a un niño")
    agrees_to_electronic_records(luis)
    page.get_by_text(luis.t("Parent"), exact=True).click()
    page.locator("[name=initials-1]").fill("LA")
    types_name(luis, "Luis Alvarez")
    goes_on(luis)
    signs(luis)
    expect(hers.get_by_role("link", name="Download your copy (PDF)")).to_be_visible()  # by itself
    expect(hers.locator("main")).to_contain_text("signed by Luis Alvarez on")
    assert gets_the_copy(maria) == gets_the_copy(luis)
