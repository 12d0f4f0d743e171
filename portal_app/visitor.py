"""What the shield lets through of whoever knocks: hashed references, the address, nothing of the cookie.

It rides in the handshake's `authorization`, which Reflex never sends back to the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from portal_app.domain.access import Side

_SCHEME = "Portal "


@dataclass(frozen=True, slots=True)
class Visitor:
    """SHA-256 of the two session cookies ("" without), and the address they come from."""

    patient: str = ""
    staff: str = ""
    ip: str = ""

    def ref(self, side: Side) -> str:
        return self.staff if side is Side.STAFF else self.patient

    @property
    def refs(self) -> str:
        """Both logins in one word: what a page's state is bound to."""
        return f"{self.patient}:{self.staff}"

    def header(self) -> str:
        return f"{_SCHEME}p={self.patient};s={self.staff};ip={self.ip}"


NOBODY = Visitor()


def visitor_of(headers: Mapping[str, Any]) -> Visitor:
    return _read(headers.get("authorization", ""))


@lru_cache(maxsize=4096)
def _read(text: str) -> Visitor:
    if not text.startswith(_SCHEME):
        return NOBODY
    parts = (part.partition("=") for part in text.removeprefix(_SCHEME).split(";"))
    facts = {name: value for name, _, value in parts}
    return Visitor(facts.get("p", ""), facts.get("s", ""), facts.get("ip", ""))
