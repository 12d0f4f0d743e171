"""The portal in a frame of the practice's own site, in a browser that blocks storage of other sites."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, expect

from portal_app.demo.site import practice_site
from tests.e2e.conftest import DESKTOP, PHONE, SETTLED, Axe, Visitor, Visits
from tests.e2e.connection.test_where_one_lands import BLOCKED
from tests.e2e.portal import Portal
from tests.e2e.reader import ages
from tests.e2e.steps import MARIA, NADIA, PAYS, code_from_outbox
from tests.servers import free_port, wait_until

WORDS = {
    "": {
        "contact": "Email or mobile phone",
        "send": "Send me a code",
        "enter": "Enter the 6-digit code",
        "code": "Code",
        "go_on": "Continue",
        "born": ("Month", "Day", "Year"),
        "sign_in": "Sign in",
        "invoices": "Invoices",
        "to_pay": "To pay",
        "pdf": "Download PDF",
        "portal": "Open the patient portal",
        "sign_out": "Sign out",
    },
    "es": {
        "contact": "Correo electrónico o celular",
        "send": "Enviarme un código",
        "enter": "Escriba el código de 6 dígitos",
        "code": "Código",
        "go_on": "Continuar",
        "born": ("Mes", "Día", "Año"),
        "sign_in": "Iniciar sesión",
        "invoices": "Facturas",
        "to_pay": "Por pagar",
        "pdf": "Descargar PDF",
        "portal": "Abrir el portal del paciente",
        "sign_out": "Cerrar sesión",
    },
}
# What a page of another site could try, were it let.
SOCKET = """portal => new Promise(done => {
  const url = portal.replace('http', 'ws') + '/embed/_event/?EIO=4&transport=websocket&token=' + crypto.randomUUID();
  const socket = new WebSocket(url);
  socket.onopen = () => done('open'); socket.onclose = e => done('closed ' + e.code);
})"""
# Codes are few in an hour, and a browser stays signed in.
_cookies: dict[tuple[str, tuple[str, date]], Any] = {}


def running(server: ThreadingHTTPServer) -> ThreadingHTTPServer:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def site() -> str:
    """The practice's website: 127.0.0.1, another site than the portal's localhost."""
    port = free_port()
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def framed(demo: Path, site: str) -> Iterator[Portal]:
    portal = Portal({"PORTAL_EMBED_ORIGINS": site}).like(demo).start()
    server = running(practice_site(int(site.rpartition(":")[2]), portal.url))
    yield portal
    server.shutdown()
    server.server_close()
    faults = portal.faults()
    portal.remove()
    assert not faults, faults


def frame_of(page: Page) -> Frame:
    found = page.locator("#patient-portal").element_handle().content_frame()
    assert found
    return found


def box(page: Page) -> FrameLocator:
    return page.frame_locator("#patient-portal")


def sign_in_framed(visitor: Visitor, site: str, language: str = "", who: tuple[str, date] = MARIA) -> Page:
    """On the practice's own page, by a code; ends on the invoices in the frame."""
    page = visitor.page
    if (known := _cookies.get((site, who))) is not None:
        visitor.context.add_cookies(known)
        page.goto(f"{site}/{language}")
        on_list(page, language)
        return page
    page.goto(f"{site}/{language}")
    enter_by_code(visitor, language, who)
    on_list(page, language)
    _cookies[site, who] = visitor.context.cookies()
    return page


def enter_by_code(visitor: Visitor, language: str, who: tuple[str, date]) -> None:
    words, frame = WORDS[language], box(visitor.page)
    contact, born = who
    frame.get_by_label(words["contact"]).fill(contact)
    frame.get_by_role("button", name=words["send"]).click()
    expect(frame.get_by_role("heading", name=words["enter"])).to_be_visible()
    reference = frame.locator("#code-hint b").inner_text()
    frame.get_by_label(words["code"], exact=True).fill(code_from_outbox(visitor, reference))
    frame.get_by_role("button", name=words["go_on"]).click()
    for label, part in zip(words["born"], (born.month, born.day, born.year), strict=True):
        frame.get_by_label(label).fill(str(part))
    frame.get_by_role("button", name=words["sign_in"]).click()


def on_list(page: Page, language: str = "") -> None:
    expect(box(page).get_by_role("heading", name=WORDS[language]["invoices"], level=1)).to_be_visible()
    expect(box(page).get_by_role("heading", name=WORDS[language]["to_pay"], exact=True)).to_be_visible()


def as_high_as_its_page(page: Page) -> None:
    """The site has heard how high the frame's page is: nothing scrolls inside."""
    frame = frame_of(page)
    off = "Math.abs(innerHeight - document.body.getBoundingClientRect().height)"
    wait_until(lambda: frame.evaluate(off) < 2, seconds=30, what="the frame's height")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def whole(visitor: Visitor, name: str) -> None:
    """A picture of all of it: Chromium paints a frame of another site only where the window is."""
    if not os.environ.get("PORTAL_SHOTS"):
        return
    page, before = visitor.page, visitor.page.viewport_size
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": height})  # type: ignore[index]
    page.wait_for_timeout(300)
    visitor.shot(name)
    page.set_viewport_size(before)  # type: ignore[arg-type]


def nothing_fixed(page: Page) -> None:
    found = frame_of(page).evaluate(
        "[...document.body.querySelectorAll('*')].filter(e => ['fixed', 'sticky'].includes(getComputedStyle(e).position)"
        " && e.checkVisibility() && e.getBoundingClientRect().height > 1).map(e => e.outerHTML.slice(0, 120))"
    )
    assert found == []


def test_the_browser_blocks_what_other_sites_keep(framed: Portal, site: str, visit: Visits):
    """So that the rest of this file proves what it says."""
    somebody = visit(framed)
    page = somebody.page
    page.goto(site)
    expect(box(page).get_by_role("button", name="Send me a code")).to_be_visible()
    frame = frame_of(page)
    assert frame.evaluate("document.cookie = 'kept=1; SameSite=None; Secure'; document.cookie") == ""
    assert frame.evaluate(
        "'value' in Object.getOwnPropertyDescriptor(window, 'localStorage')"
    )  # the shim's: the browser threw


def test_in_the_practices_page_on_a_phone_maria_signs_in_sees_pays_and_has_a_receipt(
    framed: Portal, site: str, visit: Visits, axe: Axe
):
    maria = visit(framed)
    page = sign_in_framed(maria, site)
    frame = box(page)
    as_high_as_its_page(page)
    nothing_fixed(page)
    frame.get_by_role("link", name="Rapid strep test").first.click()
    expect(frame.get_by_text("What this invoice is for")).to_be_visible()
    as_high_as_its_page(page)
    nothing_fixed(page)
    with page.expect_download() as waiting:
        frame.get_by_role("link", name="Download PDF").click()
    assert waiting.value.suggested_filename.startswith("invoice-")
    fill_card(frame, PAYS)
    axe(frame_of(page))
    whole(maria, "embed-invoice")
    frame.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    expect(frame.get_by_role("heading", name="Payment received")).to_be_visible()
    assert frame_of(page).url.startswith(f"{framed.url}/embed/receipt?id=pay_")
    as_high_as_its_page(page)
    axe(frame_of(page))
    whole(maria, "embed-receipt")
    top = page.locator("#patient-portal").bounding_box()
    assert top and -1 <= top["y"] < 844  # the site has brought the new page into sight


def fill_card(frame: FrameLocator, number: str) -> None:
    frame.locator("input[name=source]").first.wait_for(state="attached")
    new = frame.get_by_label("A new card")
    if new.count() and not new.is_checked():
        new.check(force=True)
    card = frame.frame_locator("iframe[title='Secure payment input frame']").first
    card.get_by_label("Card number").fill(number)
    card.get_by_label(re.compile("Expiration date")).fill("12 / 34")
    card.get_by_label(re.compile("Security code")).fill("123")
    zip_code = card.get_by_label(re.compile("ZIP|Postal"))
    if zip_code.count():
        zip_code.fill("10014")


@pytest.mark.parametrize("language", ["", "es"])
def test_every_look_of_the_frame(framed: Portal, site: str, visit: Visits, axe: Axe, language: str):
    maria = visit(framed)
    name = f"embed-{language or 'en'}"
    page = maria.page

    def seen(what: str) -> None:
        for size, scheme in ((DESKTOP, "dark"), (PHONE, "dark"), (PHONE, "light")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            as_high_as_its_page(page)
            frame_of(page).evaluate(SETTLED)
            axe(frame_of(page))
            maria.name = f"{size['width']}-{scheme}"
            whole(maria, f"{name}-{what}")

    page.goto(f"{site}/{language}")
    expect(box(page).get_by_label(WORDS[language]["contact"])).to_be_visible()
    seen("sign-in")
    sign_in_framed(maria, site, language)
    nothing_fixed(page)
    axe(page)
    seen("list")
    box(page).locator("main a[href*='/invoices/inv_']").nth(1).click()
    expect(box(page).get_by_role("link", name=WORDS[language]["pdf"])).to_be_visible()
    seen("bill")


def test_the_frames_session_gives_nothing_at_top_level_and_ends_by_itself(
    framed: Portal, site: str, visit: Visits
):
    maria = visit(framed)
    page = sign_in_framed(maria, site)
    cookies: list[Any] = maria.context.cookies()  # type: ignore[assignment]
    assert [(c["name"], c["sameSite"], c["httpOnly"], c["secure"]) for c in cookies] == [
        ("demo-portal-embed", "None", True, True)
    ]
    assert cookies[0].get("partitionKey") == "http://127.0.0.1"
    tab = maria.tab()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.all_headers().get("cookie", "")))
    for path in ("/invoices", "/embed/invoices"):
        tab.goto(framed.url + path)
        tab.wait_for_url("**/sign-in")
    assert asked and not any("embed" in cookie for cookie in asked)
    with page.context.expect_page() as opened:
        box(page).get_by_role("link", name=re.compile("Open the patient portal")).click()
    opened.value.wait_for_url(re.compile(re.escape(framed.url) + "/sign-in"))
    _cookies.clear()
    box(page).get_by_role("button", name="Sign out").click()
    expect(box(page).get_by_role("button", name="Send me a code")).to_be_visible()
    assert frame_of(page).url.removeprefix(framed.url).replace("/?", "?") == "/embed?ended=out"
    maria.forgive()  # the socket that the server has closed


def test_who_is_signed_in_to_the_portal_is_nobody_in_the_frame(framed: Portal, site: str, visit: Visits):
    maria = visit(framed)
    sign_in_framed(maria, site)
    first: Any = maria.context.cookies()[0]
    value = first["value"]
    maria.context.clear_cookies()
    maria.context.add_cookies(
        [{"name": name, "value": value, "url": framed.url} for name in ("demo-portal", "demo-portal-staff")]
    )
    maria.page.goto(framed.url + "/invoices")
    maria.page.wait_for_url("**/sign-in")
    maria.page.goto(site)
    expect(box(maria.page).get_by_role("button", name="Send me a code")).to_be_visible()


@pytest.fixture(scope="module")
def evil(framed: Portal) -> Iterator[str]:
    """A site that the practice has not named, with the very same page."""
    port = free_port()
    server = running(practice_site(port, framed.url))
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


def refused(somebody: Visitor, path: str) -> bool:
    """Whether `path` of the portal stays out of the frame of the page at hand. Nothing of it may be read."""
    somebody.complaints.clear()
    page = somebody.page
    page.evaluate("url => document.getElementById('patient-portal').src = url", somebody.url + path)
    page.wait_for_timeout(700)
    said = any("frame-ancestors" in line for line in somebody.complaints)
    somebody.complaints.clear()
    return said and frame_of(page).url == "chrome-error://chromewebdata/"


def test_another_site_can_frame_nothing_and_open_no_socket(framed: Portal, evil: str, visit: Visits):
    somebody = visit(framed)
    somebody.page.goto(evil)
    for path in ("/embed", "/es/embed", "/embed/invoices", "/invoices", "/sign-in", "/staff/sign-in", "/"):
        assert refused(somebody, path), path
    assert somebody.page.evaluate(SOCKET, framed.url) == "closed 1006"
    somebody.complaints.clear()


def test_the_practices_own_site_can_frame_nothing_else_and_open_no_socket(
    framed: Portal, site: str, visit: Visits
):
    somebody = visit(framed)
    somebody.page.goto(site)
    for path in ("/", "/invoices", "/sign-in", "/es/sign-in", "/staff/sign-in", "/outbox"):
        assert refused(somebody, path), path
    assert somebody.page.evaluate(SOCKET, framed.url) == "closed 1006"
    somebody.complaints.clear()


def test_idle_in_the_frame_a_warning_at_thirteen_and_the_end_at_fifteen(
    framed: Portal, site: str, visit: Visits
):
    """The last one here: it ends the session that the others share."""
    language = "es"
    maria = visit(framed, dark=True)
    page = sign_in_framed(maria, site, language)
    warning = box(page).get_by_role("dialog", name="¿Sigue ahí?")
    left_alone(framed, maria, 13.2)
    with suppress(AssertionError):  # the page was still filling: that was activity
        expect(warning).to_be_visible(timeout=8_000)
    if not warning.is_visible():
        left_alone(framed, maria, 13.2)
    expect(warning).to_be_visible()
    maria.shot("frame-idle")
    warning.get_by_role("button").click()
    expect(warning).to_be_hidden()
    left_alone(framed, maria, 13.2)
    expect(warning).to_be_visible()
    ages(framed, maria, 2)
    _cookies.clear()
    expect(box(page).get_by_label(WORDS[language]["contact"])).to_be_visible()
    assert "ended=" in frame_of(page).url
    assert "Alvarez" not in frame_of(page).locator("body").inner_text()
    page.evaluate("history.back()")
    page.wait_for_timeout(1_000)
    expect(box(page).get_by_text("Alvarez")).to_have_count(0)
    maria.forgive()  # 401


def test_back_1_in_the_frame_one_lands_on_the_invoice_that_was_open(framed: Portal, site: str, visit: Visits):
    nadia = visit(framed)
    page = sign_in_framed(nadia, site, "es", NADIA)
    box(page).locator("main a[href*='/invoices/inv_']").first.click()
    expect(box(page).locator("table caption")).to_be_visible()
    path = frame_of(page).evaluate("location.pathname")
    assert path.startswith("/es/embed/invoices/inv_")
    left_alone(framed, nadia, 16)
    expect(box(page).get_by_label(WORDS["es"]["contact"])).to_be_visible()
    assert "next=" in frame_of(page).url
    enter_by_code(nadia, "es", NADIA)
    expect(box(page).locator("table caption")).to_be_visible()
    assert frame_of(page).evaluate("location.pathname") == path
    _cookies.clear()
    nadia.forgive()  # 401


def test_b70_in_the_frame_a_network_without_sockets_says_so(framed: Portal, site: str, visit: Visits):
    somebody = visit(framed)
    somebody.context.add_init_script(BLOCKED)
    somebody.page.goto(f"{site}/es")
    panel = box(somebody.page).get_by_role("alertdialog", name="Esta red bloquea el portal")
    expect(panel.locator("a[href^='tel:']")).to_be_visible()
    somebody.shot("frame-blocked")


def left_alone(portal: Portal, visitor: Visitor, minutes: float) -> None:
    """For so long; then somebody comes back to the tab, and the page asks how long is left."""
    ages(portal, visitor, minutes)
    frame_of(visitor.page).evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")
