"""Who sent a request, as the shield passes it on: hashes of the session cookies and the IP address.

It is carried in the handshake's `authorization` header, which Reflex never sends back to the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from portal_app.domain.access import Side

_SCHEME = "Portal "


@dataclass(frozen=True, slots=True)
class Visitor:
    """SHA-256 of the two session cookies ("" where there is none), and the IP address.

    `embedded`: on a path for a frame; `patient` is then of the frame's own cookie, and `staff` is "".
    `device`: hash of the cookie by which a browser is known again; it signs nobody in.
    `linked`: from a page that an action link opened; `patient` is then of the link's own cookie, and `staff` is "".
    `load`: the browser's name of this loading of the page, on sockets only ("" if it sent none).
    `again`: the page reconnected or reloaded by itself; nobody opened it.
    """

    patient: str = ""
    staff: str = ""
    ip: str = ""
    embedded: bool = False
    load: str = ""
    again: bool = False
    device: str = ""
    linked: bool = False

    def ref(self, side: Side) -> str:
        return self.staff if side is Side.STAFF else self.patient

    @property
    def refs(self) -> str:
        """Both sessions as one string: a page's state is bound to it."""
        where = "frame:" if self.embedded else "link:" if self.linked else ""
        return f"{where}{self.patient}:{self.staff}"

    def header(self) -> str:
        frame = ";frame=1" if self.embedded else ""
        load = f";load={self.load}" if self.load else ""
        again = ";again=1" if self.again else ""
        device = f";d={self.device}" if self.device else ""
        link = ";link=1" if self.linked else ""
        return f"{_SCHEME}p={self.patient};s={self.staff};ip={self.ip}{frame}{load}{again}{device}{link}"


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
        device=facts.get("d", ""),
        linked=facts.get("link") == "1",
    )
