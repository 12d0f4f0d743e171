"""Addresses of mail: the domain is the one that mail servers look for."""

import pytest

from portal_app.domain.mail_address import parse_mail_address, parse_sender


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("a@straße.example", "xn--strae-oqa.example"),
        ("a@Bücher.example", "xn--bcher-kva.example"),
        ("a@Portal.Example", "portal.example"),
    ],
)
def test_b60_the_domain_is_spelled_as_browsers_spell_it(typed: str, domain: str):
    assert parse_mail_address(typed).domain == domain


@pytest.mark.parametrize(
    "typed", ["a@ä..example", f"a@{'ä' * 70}.example", "a@\u200d.example", "@b.example", "a@"]
)
def test_b60_what_no_domain_can_be_is_refused(typed: str):
    with pytest.raises(ValueError, match="not an email address"):
        parse_mail_address(typed)


@pytest.mark.parametrize(
    "typed", ["josé@b.example", "Praxis <ö@b.example>", "a..b@c.example", ".a@c.example"]
)
def test_b60_a_sender_that_few_servers_take_is_refused(typed: str):
    with pytest.raises(ValueError, match="every server takes"):
        parse_sender(typed)
    assert parse_sender("Smith, PLLC <a.b@c.example>").address == ("a.b", "c.example")
