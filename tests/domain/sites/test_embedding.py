"""What may stand in a frame of the practice's site, and whose site that may be."""

from pathlib import Path

import pytest

from portal_app.domain.sites.embedding import into_frame, is_embed, known_origins, origin_of, out_of_frame
from portal_app.domain.sites.errors import SiteUnusable

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path", ["/embed", "/embed/", "/es/embed", "/es/embed/invoices/inv_1", "/embed/_event"]
)
def test_pages_for_a_frame(path: str):
    assert is_embed(path)


@pytest.mark.parametrize(
    "path", ["/", "/embedded", "/invoices/embed", "/staff/embed", "/es", "/assets/embed", "//embed"]
)
def test_everything_else_is_never_framed(path: str):
    assert not is_embed(path)


@pytest.mark.parametrize(
    ("path", "framed"),
    [
        ("/sign-in", "/embed"),
        ("/invoices", "/embed/invoices"),
        ("/invoices?show=paid", "/embed/invoices?show=paid"),
        ("/invoices/inv_1", "/embed/invoices/inv_1"),
        ("/receipt?id=pay_1", "/embed/receipt?id=pay_1"),
        ("/documents/invoice/inv_1.pdf", "/embed/documents/invoice/inv_1.pdf"),
    ],
)
def test_signing_in_invoices_and_paying_stay_in_the_frame(path: str, framed: str):
    assert into_frame(path) == framed


@pytest.mark.parametrize(
    "path", ["/account", "/members", "/payments", "/statements", "/staff", "/invoicesx", "/"]
)
def test_what_needs_the_whole_session_leads_out_of_it(path: str):
    assert into_frame(path) == path


@pytest.mark.parametrize(
    ("framed", "own"),
    [
        ("/embed", "/"),
        ("/es/embed", "/es"),
        ("/embed/invoices/inv_1", "/invoices/inv_1"),
        ("/es/embed/receipt", "/es/receipt"),
        ("/embed//evil.example", "/evil.example"),
        ("/embed/\\evil.example", "/evil.example"),
    ],
)
def test_a_framed_page_stands_for_a_page_of_the_portal_and_of_nobody_else(framed: str, own: str):
    assert out_of_frame(framed) == own


def test_a_site_is_named_as_browsers_name_it():
    assert origin_of(" https://WWW.Juniper.example/ ") == "https://www.juniper.example"
    assert origin_of("http://127.0.0.1:3001") == "http://127.0.0.1:3001"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "https:",
        "https://*.example",
        "http://juniper.example",
        "https://juniper.example/pay",
        "https://juniper.example; script-src *",
        "https://juniper.example https://evil.example",
        "https://user@evil.example",
        "'self'",
        "null",
    ],
)
def test_what_is_no_site_never_gets_into_a_header(typed: str):
    with pytest.raises(SiteUnusable):
        origin_of(typed)
    assert known_origins([typed]) == ()


def test_the_manual_says_what_the_demo_practice_pasted():
    page = (ROOT / "portal_app/demo/practice_site/index.html").read_text()
    manual = (ROOT / "docs/embedding.md").read_text()
    pasted = page[page.index("<iframe") : page.index("</script>")]
    told = pasted.replace("{frame}", "https://portal.juniper.example/embed").replace(
        "{title}", "Pay your invoice"
    )
    assert told in manual
