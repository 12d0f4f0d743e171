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
    """SHA-256 of the two session cookies ("" without), and the address they come from.

    `embedded`: through the doors of a frame; then `patient` is of the frame's own cookie, and there is no staff.
    `load`: the word by which the browser knows this one loading of its page, on its sockets only ("" if it said none).
    `again`: the page comes by itself, not because somebody opened it: its line was cut, or its script loaded it anew.
    """

    patient: str = ""
    staff: str = ""
    ip: str = ""
    embedded: bool = False
    load: str = ""
    again: bool = False

    def ref(self, side: Side) -> str:
        return self.staff if side is Side.STAFF else self.patient

    @property
    def refs(self) -> str:
        """Both logins in one word: what a page's state is bound to."""
        return f"{'frame:' if self.embedded else ''}{self.patient}:{self.staff}"

    def header(self) -> str:
        frame = ";frame=1" if self.embedded else ""
        load = f";load={self.load}" if self.load else ""
        again = ";again=1" if self.again else ""
        return f"{_SCHEME}p={self.patient};s={self.staff};ip={self.ip}{frame}{load}{again}"


NOBODY = Visitor()


def visitor_of(headers: Mapping[str, Any]) -> Visitor:
    return _read(headers.get("authorization", ""))


@lru_cache(maxsize=4096)
def _read(text: str) -> Visitor:
    if not text.startswith(_SCHEME):
        return NOBODY
    parts = (part.partition("=") for part in text.removeprefix(_SCHEME).split(";"))
    facts = {name: value for name, _, value in parts}
    return Visitor(
        facts.get("p", ""),
        facts.get("s", ""),
        facts.get("ip", ""),
        embedded=facts.get("frame") == "1",
        load=facts.get("load", ""),
        again=facts.get("again") == "1",
    )
