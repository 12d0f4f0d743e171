"""Addresses of mail: the domain is the one that mail servers look for."""

import pytest

from portal_app.domain.mail_address import parse_mail_address


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
