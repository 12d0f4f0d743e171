"""Spanish first, and Spanish only: links, redirects, the switch and the frame agree on where each language is.

Each needs pages of its own, which `make browser` builds: the languages of the pages are decided by the build.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal_app.demo.site import practice_site
from tests.e2e.conftest import Visitor, Visits
from tests.e2e.portal import ROOT, Portal
from tests.e2e.reader import Reader
from tests.e2e.sign_in.test_embed import running
from tests.e2e.steps import HAL, code_from_outbox
from tests.servers import free_port

pytestmark = pytest.mark.other_languages


def served(demo: Path, languages: str, folder: str, **more: str) -> Iterator[Portal]:
    """The portal with these languages, on the pages that were built for them."""
    if not (ROOT / folder / "build" / "client" / "index.html").exists():
        pytest.skip(f"the pages of {languages!r} are not built: make browser")
    portal = Portal({"PORTAL_LANGUAGES": languages, "REFLEX_WEB_WORKDIR": folder, **more}).like(demo).start()
    yield portal
    faults = portal.faults()
    portal.remove()
    assert not faults, faults


@pytest.fixture(scope="module")
def site() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def spanish_first(demo: Path, site: str) -> Iterator[Portal]:
    yield from served(demo, "es en", "build/web-es-en", PORTAL_EMBED_ORIGINS=site)


@pytest.fixture(scope="module")
def spanish_only(demo: Path) -> Iterator[Portal]:
    yield from served(demo, "es", "build/web-es")


def at(page: Page, path: str) -> None:
    """The page has come to exactly this path, whatever the query; its language is the path's."""
    expect(page).to_have_url(re.compile(rf"://[^/]+{re.escape(path)}/?(\?.*)?$"))
    expect(page.locator("html")).to_have_attribute("lang", "en" if re.match("/en(/|$)", path) else "es")


def sign_in(reader: Reader, prefix: str) -> None:
    """By a code, from where the front page leads; ends on the invoices, all in one language."""
    page, (contact, born) = reader.page, HAL
    reader.visitor.go(f"{prefix}/" if prefix else "/")
    at(page, f"{prefix}/sign-in")
    reader.fill("Email or mobile phone", contact)
    reader.press("Send me a code")
    reader.sees("Enter the 6-digit code")
    reference = page.locator("#code-hint b").inner_text()
    reader.fill("Code", code_from_outbox(reader.visitor, reference))
    reader.press("Continue")
    reader.sees("Your date of birth")
    reader.born(born)
    reader.press("Sign in")
    reader.sees("Invoices")
    at(page, f"{prefix}/invoices")


def every_link(visitor: Visitor) -> list[str]:
    """Paths of the portal's own links on the page, without papers and what only the frame knows."""
    links: list[str] = visitor.page.eval_on_selector_all(
        "a[href^='/']:not([data-language])", "all => all.map(a => a.getAttribute('href'))"
    )
    return [link for link in links if not link.startswith("/documents/")]


@pytest.mark.parametrize(("language", "prefix", "other"), [("es", "", "/en"), ("en", "/en", "")])
def test_with_spanish_first_each_language_is_walked_without_leaving_it(
    spanish_first: Portal, visit: Visits, language: str, prefix: str, other: str
):
    reader = Reader(visit(spanish_first, phone=False), language)
    page = reader.page
    sign_in(reader, prefix)
    for noun, path in (("Payments", "/payments"), ("Statements", "/statements"), ("Members", "/members")):
        page.get_by_role("navigation").get_by_role("link", name=reader.t(noun), exact=True).first.click()
        at(page, prefix + path)
        reader.sees(noun)
        links = every_link(reader.visitor)
        assert links and [link for link in links if link.startswith("/en") != bool(prefix)] == []
    switch = page.locator("a[data-language]")
    expect(switch).to_have_attribute("href", f"{other}/members")
    switch.click()
    at(page, f"{other}/members")
    page.locator("a[data-language]").click()
    at(page, f"{prefix}/members")
    page.goto(f"{spanish_first.url}{prefix}/invoices")
    reader.sees("Invoices")
    page.locator("main a[href*='/invoices/inv_']").first.click()
    expect(page).to_have_url(re.compile(rf"://[^/]+{prefix}/invoices/inv_"))
    page.locator("button[popovertarget=who]").click()
    reader.press("Sign out")
    at(page, f"{prefix}/sign-in")
    reader.visitor.go(f"{prefix}/payments")  # the guard leads to signing in, in the language of the page
    at(page, f"{prefix}/sign-in")
    reader.visitor.go(f"{prefix}/staff")
    at(page, f"{prefix}/staff/sign-in")


@pytest.mark.parametrize(("language", "prefix", "page_of_site"), [("es", "", "/es"), ("en", "/en", "/")])
def test_with_spanish_first_the_frame_has_the_languages_of_its_site(
    spanish_first: Portal,
    site: str,
    visit: Visits,
    has_languages: Callable[[str], None],
    language: str,
    prefix: str,
    page_of_site: str,
):
    has_languages("es en")  # the practice's site is served by this process
    server = running(practice_site(int(site.rpartition(":")[2]), spanish_first.url))
    try:
        reader = Reader(visit(spanish_first), language)
        page = reader.page
        page.goto(site + page_of_site)
        expect(page.locator("#patient-portal")).to_have_attribute("src", f"{spanish_first.url}{prefix}/embed")
        frame = page.frame_locator("#patient-portal")
        expect(frame.get_by_role("button", name=reader.t("Send me a code"))).to_be_visible()
        expect(frame.locator("html")).to_have_attribute("lang", language)
        expect(frame.locator("html")).to_have_class(re.compile(r"\bembed\b"))
    finally:
        server.shutdown()
        server.server_close()


def test_with_spanish_only_there_is_one_language_and_no_switch(spanish_only: Portal, visit: Visits):
    reader = Reader(visit(spanish_only), "es")
    page = reader.page
    sign_in(reader, "")
    expect(page.locator("a[data-language]")).to_have_count(0)
    assert [link for link in every_link(reader.visitor) if re.match("/(en|es)(/|$)", link)] == []
    page.locator("button[popovertarget=who]").click()
    reader.press("Sign out")
    at(page, "/sign-in")
    page.goto(spanish_only.url + "/nowhere")
    reader.sees("There is no page here")
    reader.visitor.forgive()  # the browser says of that page that it was a 404
