"""Every page of a demo says that it is one, in its language, and nothing on the page moves or is covered for it."""

import re
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from portal_app.demo.site import practice_site
from portal_app.i18n import translate
from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES
from tests.e2e.steps import MARIA, OWNER, sign_in, staff_sign_in
from tests.servers import free_port

NOTICE = "Demo: people and payments are invented"
SIZES = [(390, 844), (320, 700), (1280, 800)]
# What the browser counts as content that jumped, but for what somebody pressed.
MOVES = """window.moved = [];
new PerformanceObserver((seen) => seen.getEntries().forEach((entry) => entry.sources.forEach((source) => {
  if (source.node && !entry.hadRecentInput) moved.push([source.previousRect.top, source.currentRect.top]);
}))).observe({ type: "layout-shift", buffered: true });"""
FIXED = """() => [...document.querySelectorAll("body *")]
  .filter((e) => ["fixed", "sticky"].includes(getComputedStyle(e).position) && e.getBoundingClientRect().height)
  .map((e) => [e.className, e.getBoundingClientRect().top])"""


def pages(built: Path) -> dict[str, str]:
    """The HTML of every page as it is built, by its address."""
    return {
        str(file.relative_to(built)).removesuffix(".html"): file.read_text() for file in built.rglob("*.html")
    }


def test_every_page_as_it_is_built_says_so_in_its_language(built: Path):
    found = pages(built)
    assert {"index", "sign-in", "es/sign-in", "invoices", "staff", "es/staff", "embed", "es/embed"} <= set(
        found
    )
    for address, html in found.items():
        body = re.sub(r"<script\b.*?</script>", "", html, flags=re.S)
        if address in ("__spa-fallback", "404"):
            assert '<div class="demo"' in body, "a page whose address names a thing keeps the room for it"
            continue
        language = "es" if re.match(r"es(/|$)", address) else "en"
        assert body.count(f">{translate(language, NOTICE)}</aside>") == 1, address


def is_above_everything(page: Page, language: str) -> None:
    notice = page.get_by_text(translate(language, NOTICE), exact=True)
    expect(notice).to_be_visible()
    box = notice.bounding_box()
    assert box and box["y"] == 0 and box["height"] == 28, box  # one line, and on top
    width = page.evaluate("innerWidth")
    assert box["width"] == width
    for what, top in page.evaluate(FIXED):
        assert top >= 28, f"{what} stands on the notice"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_moves_and_covers_nothing(portal: Portal, visit: Visits, language: str, size: tuple[int, int]):
    patient, staff = visit(portal, phone=size[0] < 800), visit(portal, phone=size[0] < 800)
    sign_in(patient, MARIA)
    staff_sign_in(staff, OWNER)
    there = "" if language == "en" else "/es"
    for who, path in ((patient, "/invoices"), (staff, "/staff"), (visit(portal), "/sign-in")):
        page = who.page
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.add_init_script(MOVES)
        who.go(there + path)
        expect(page.locator("main h1")).to_be_visible()
        is_above_everything(page, language)
        jumps = [move for move in page.evaluate("moved") if abs(move[0] - move[1]) >= 20]
        assert not jumps, f"{path}: {jumps}"


def test_a_page_whose_address_names_a_thing_keeps_its_place(portal: Portal, visit: Visits):
    who = visit(portal)
    page = sign_in(who, MARIA)
    page.locator("main a[href*='/invoices/inv_']").first.click()
    page.wait_for_url("**/invoices/inv_*")
    expect(page.locator("table caption")).to_be_visible()
    page.add_init_script(MOVES)
    page.reload()
    expect(page.locator("table caption")).to_be_visible()
    is_above_everything(page, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_stands_inside_the_frame_too(demo: Path, visit: Visits, language: str):
    port = free_port()
    framed = Portal({"PORTAL_EMBED_ORIGINS": f"http://127.0.0.1:{port}"}).like(demo).start()
    site = practice_site(port, framed.url)
    Thread(target=site.serve_forever, daemon=True).start()
    try:
        who = visit(framed)
        who.page.goto(f"http://127.0.0.1:{port}{'/es' if language == 'es' else '/'}")
        frame = who.page.frame_locator("iframe")
        expect(frame.get_by_text(translate(language, NOTICE), exact=True)).to_be_visible()
    finally:
        site.shutdown()
        site.server_close()
        framed.remove()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_opens_below_the_header_and_paper_does_not_say_it(
    portal: Portal, visit: Visits, look: Look, language: str
):
    who = visit(portal)
    page = sign_in(who, MARIA)
    who.go("/invoices" if language == "en" else "/es/invoices")
    expect(page.locator("main h1")).to_be_visible()
    look(who, f"demo-notice-{language}")
    page.locator("[popovertarget=who]").click()
    menu, header = page.locator("#who").bounding_box(), page.locator("header.topbar").bounding_box()
    assert menu and header and menu["y"] >= header["y"] + header["height"] - 1
    page.emulate_media(media="print")
    expect(page.get_by_text(translate(language, NOTICE), exact=True)).to_be_hidden()
