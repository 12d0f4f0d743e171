"""An origin has one spelling, that of browsers (B62)."""

import pytest

from portal_app.domain.sites.origins import hosts_of, parse_origin

PORTAL = "https://portal.juniper.example"


@pytest.mark.parametrize(
    "typed",
    [
        PORTAL,
        f"{PORTAL}:443",
        f"{PORTAL}:443/",
        f"{PORTAL}/",
        f" {PORTAL} ",
        "HTTPS://Portal.Juniper.EXAMPLE",
        f"{PORTAL}:0443",
    ],
)
def test_b62_every_spelling_of_an_origin_is_the_browsers(typed: str):
    assert parse_origin(typed) == PORTAL


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://portal.example:80", "https://portal.example:80"),
        ("http://portal.example:443", "http://portal.example:443"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ("https://bücher.example:443", "https://xn--bcher-kva.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),  # not strasse.example: another site
        ("https://Straße.example", "https://xn--strae-oqa.example"),
    ],
)
def test_b62_only_the_ports_default_of_its_own_scheme_is_dropped(typed: str, origin: str):
    assert parse_origin(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "portal.example",
        "ftp://portal.example",
        "https://",
        "https://:443",
        "https://portal.example:",
        "https://portal.example:99999",
        "https://portal.example:x",
        "https://user@portal.example",
        "https://portal.example/portal",
        "https://portal.example?x",
        "https://portal.example#x",
        "https://a b.example",
        "https://a.example;script-src",
        "https://..example",
        f"https://{'ä' * 70}.example",
    ],
)
def test_what_is_more_or_less_than_an_origin_is_none(typed: str):
    assert parse_origin(typed) == ""


def test_a_host_is_sent_with_or_without_the_default_port():
    assert hosts_of(PORTAL) == ("portal.juniper.example", "portal.juniper.example:443")
    assert hosts_of("http://localhost:3000") == ("localhost:3000",)
