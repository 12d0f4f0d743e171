"""Email addresses as they are written into headers."""

import re
from typing import NamedTuple

from portal_app.domain.domain_names import ascii_domain

_NOT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f<>()\[\],;:\"\\]|@.*@")
_NAMED = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>\s*", re.DOTALL)


class MailAddress(NamedTuple):
    local_part: str
    domain: str  # ASCII; another script is written as xn--…


class Sender(NamedTuple):
    name: str
    address: MailAddress


def parse_mail_address(text: str) -> MailAddress:
    """The address, its domain in ASCII. Raises ValueError for what is no address."""
    local_part, at, domain = text.rpartition("@")
    if not (local_part and at and domain) or _NOT_IN_ADDRESS.search(text):
        raise ValueError("not an email address")
    try:
        return MailAddress(local_part, ascii_domain(domain))
    except UnicodeError:
        raise ValueError("not an email address") from None


def parse_sender(text: str) -> Sender:
    """A name and an address, or an address alone: "Smith Dental, PLLC <portal@smith.example>", with or without quotes.

    Raises ValueError for what is no address, and for one whose part before the @ few servers take.
    """
    named = _NAMED.fullmatch(text.strip())
    name, address = (named["name"], named["address"]) if named else ("", text)
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    found = parse_mail_address(address.strip())
    if not found.local_part.isascii() or "" in found.local_part.split("."):
        raise ValueError("not an email address that every server takes")
    return Sender(name, found)
