"""Chromium against the built portal, started once. What its console complains of fails the test."""

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.e2e.portal import CLIENT, ROOT, Portal

AXE = ROOT / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "shots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")].filter((e) => {
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return box.width > 1 && style.visibility !== "hidden" && !e.closest(".skip, dialog:not([open]), .choice, .seg, label")
    && !e.matches(".row-link") && !(style.display === "inline" && e.closest("p, li"));
}).map((e) => [e, e.getBoundingClientRect()])
  .map(([e, box]) => [e.tagName, e.textContent.trim().slice(0, 24), box.width, box.height])
  .filter(([, , width, height]) => width < 43.5 || height < 43.5)"""

# Colours that fade into the other scheme are measured when they have arrived.
SETTLED = """async () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches, until = performance.now() + 20000;
  while (document.documentElement.classList.contains("dark") !== dark && performance.now() < until)
    await new Promise((drawn) => requestAnimationFrame(drawn));
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const fading = document.getAnimations().filter((each) => each instanceof CSSTransition);
  await Promise.allSettled(fading.map((each) => each.finished));
}"""
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", action="store_true", help="make the pictures of the README")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def built() -> Path:
    if not (CLIENT / "index.html").exists():
        pytest.skip("the pages are not built: python scripts/build.py")
    return CLIENT


@pytest.fixture(scope="session")
def demo(built: Path) -> Iterator[Path]:
    """The demo practice on SQLite, loaded once; each installation begins with a copy of it."""
    made = Portal().prepare()
    yield made.folder
    made.remove()


@pytest.fixture(scope="module")
def portal(demo: Path) -> Iterator[Portal]:
    """SQLite, one process: as `make run` serves it. A file's own: what one pays is not gone for the next."""
    running = Portal().like(demo).start()
    yield running
    faults = running.faults()
    running.remove()
    assert not faults, "\n".join(faults)


LONGEST = 180  # seconds for one test, with the installation that its file makes
PATIENCE = 30_000  # milliseconds: two busy cores are slow, and nobody waits longer than needed
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROME_PATH") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """One browser of one person: what they see, and what their browser complains of."""

    context: BrowserContext
    page: Page
    url: str
    name: str
    portal: Portal
    complaints: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def tab(self) -> Page:
        return self.context.new_page()

    def forgive(self) -> None:
        """What the console said so far was meant to happen."""
        self.complaints.clear()

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def shot(self, name: str) -> None:
        """A picture for whoever wants to look (PORTAL_SHOTS=1): they cost half the time of a run."""
        if not os.environ.get("PORTAL_SHOTS"):
            return
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}-{self.name}.png", full_page=True)


Visits = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """visit(portal, phone=True, dark=False, language="en") opens a new browser of its own."""
    made: list[Visitor] = []

    def opened(portal: Portal, *, phone: bool = True, dark: bool = False, url: str = "") -> Visitor:
        context = chromium.new_context(
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            is_mobile=phone,
            reduced_motion="reduce",
            locale="en-US",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        look = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
        visitor = Visitor(context, context.new_page(), url or portal.url, look, portal)
        context.on("console", lambda said: _complain(visitor, said.type, f"{said.text} {_whence(said)}"))
        context.on("weberror", lambda error: _complain(visitor, "error", str(error.error)))
        made.append(visitor)
        return visitor

    yield opened
    complaints = [line for visitor in made for line in visitor.complaints]
    if (failed := getattr(request.node, "failed", False)) or complaints:
        _keep_the_scene(request.node.name, made)
    for visitor in made:
        visitor.context.close()
    assert failed or not complaints, complaints


def _keep_the_scene(test: str, visitors: list[Visitor]) -> None:
    """Of a failed test: a picture of every tab, and what the consoles said."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    test = test.replace("/", "-")
    for number, visitor in enumerate(visitors):
        said = [f"{visitor.name}: {page.url}" for page in visitor.context.pages] + visitor.console
        (SHOTS / f"FAILED-{test}-{number}.txt").write_text("\n".join(said) + "\n")
        for tab, page in enumerate(visitor.context.pages):
            with suppress(Exception):
                page.screenshot(path=SHOTS / f"FAILED-{test}-{number}-{tab}.png", timeout=5_000)


def _whence(said: ConsoleMessage) -> str:
    """The address a message is about, without the secrets of its query."""
    return (said.location.get("url") or "").partition("?")[0]


# Chromium says it when a page sends a word as the server closes its line, as with every signing out. It comes
# any time later, or never; that what was pressed then can be pressed again is what test_tabs looks at.
_LEAVING = "WebSocket is already in CLOSING or CLOSED state"


def _complain(visitor: Visitor, kind: str, text: str) -> None:
    """Errors, and everything about the content security policy."""
    visitor.console.append(f"{kind}: {text}")
    if text.startswith(_LEAVING):
        return
    if kind == "error" or "Content Security Policy" in text or "Content-Security-Policy" in text:
        visitor.complaints.append(text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """A test that hangs is ended: what Chromium runs in a page knows no patience of Playwright's."""

    def too_long(*_: object) -> None:
        raise TimeoutError(f"{item.nodeid} takes longer than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]  (read by `visit`)
    return report


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """axe(page): no violation of WCAG 2.2 A and AA or of its best practices."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: sh scripts/programs.sh")
    script = AXE.read_text()

    def check(page: Page) -> None:
        page.evaluate(script)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", AXE_RULES)
        told = [
            f"{one['id']} ({one['impact']}): {node['html'][:160]}: {node['failureSummary'][:200]}"
            for one in found["violations"]
            for node in one["nodes"][:3]
            if one["id"] != "target-size" or is_too_small(page, node["target"][0])
        ]
        assert not told, f"{page.url}\n" + "\n".join(told)

    def is_too_small(page: Page, selector: str) -> bool:
        """Once more in the middle of the screen: the bars above and below may have covered a part of it."""
        page.locator(selector).evaluate("one => one.scrollIntoView({block: 'center'})")
        again = page.evaluate("one => axe.run(one, {runOnly: ['target-size']})", selector)
        return bool(again["violations"])

    return check


Axe = Callable[[Any], None]
Look = Callable[[Visitor, str], None]


@pytest.fixture
def look(axe: Axe) -> Look:
    """look(visitor, "name"): this state passes on phone and desktop, in light and dark.

    In English the phone is light and the desktop dark, in Spanish the other way round.
    """

    def check(visitor: Visitor, name: str) -> None:
        page = visitor.page
        before = page.viewport_size or PHONE
        spanish = bool(re.search(r"://[^/]+/es(/|$)", page.url))
        for device, size, dark in (("phone", PHONE, spanish), ("desktop", DESKTOP, not spanish)):
            scheme: Literal["dark", "light"] = "dark" if dark else "light"
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            visitor.name = f"{device}-{scheme}"
            axe(page)
            visitor.shot(name)
            no_sideways_scroll(page)
            if device == "phone" and "/staff" not in page.url:
                assert not (small := page.evaluate(SMALL)), f"{page.url}: smaller than a finger: {small}"
        page.set_viewport_size(before)
        page.emulate_media(color_scheme="light")

    return check


def no_sideways_scroll(page: Page) -> None:
    """Against the screen it was given: a phone widens its window for a page that is too wide, and shows it smaller."""
    room = (page.viewport_size or PHONE)["width"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= room, f"{page.url} is {wide} px wide in {room}"
