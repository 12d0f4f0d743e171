"""The portal in a frame of the practice's own site: what stands there, and whose site it may be.

Signing in by code, invoices and paying may be framed, never more. A page in a frame goes through routes
of its own, so that its session and the one of the portal's own pages never meet.
"""

import re
from collections.abc import Iterable

from portal_app.domain.sites.errors import SiteUnusable, TooManySites
from portal_app.domain.sites.origins import parse_origin

FRAME = "/embed"
MOST = 10  # sites
# The socket, the session and the papers once more, for pages in a frame: whoever comes through them is
# only who the frame's own cookie says.
FRAME_ROUTES = (f"{FRAME}/_event", f"{FRAME}/auth/", f"{FRAME}/documents/")
_FRAMED = ("/invoices", "/receipt", "/documents")
_IN_FRAME = re.compile(r"/(?:[a-z]{2}/)?embed(?=/|$)")
_LOOPBACK = r"localhost|127\.0\.0\.1|[a-z0-9-]+\.localhost"
_ORIGIN = re.compile(
    rf"(?:https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]|http://(?:{_LOOPBACK}))(?::\d{{1,5}})?"
)


def is_embed(path: str) -> bool:
    """The beginnings of the paths of a frame's pages and routes: /embed, /es/embed/…"""
    return _IN_FRAME.match(path) is not None


def into_frame(path: str) -> str:
    """Where a path of the portal (without its language) stands in the frame; the same where it does not."""
    if path == "/sign-in":
        return FRAME
    return FRAME + path if re.split(r"[/?]", path[1:])[0] in {noun[1:] for noun in _FRAMED} else path


def out_of_frame(path: str) -> str:
    """The page of the portal itself that a page of the frame stands for: "/es/embed/invoices" → "/es/invoices"."""
    language = path.partition(FRAME)[0]
    rest = path.removeprefix(language + FRAME).lstrip("/\\")
    return f"{language}/{rest}".rstrip("/") or "/"


def origin_of(typed: str) -> str:
    """A site as browsers name it: https, host, port; http only on this machine. Raises SiteUnusable for anything else."""
    origin = parse_origin(typed)
    if not _ORIGIN.fullmatch(origin):
        raise SiteUnusable
    return origin


def known_origins(*lists: Iterable[str]) -> tuple[str, ...]:
    """Those that are origins, each once: they become part of a header."""
    every = (parse_origin(one) for some in lists for one in some)
    return tuple(dict.fromkeys(one for one in every if _ORIGIN.fullmatch(one)))


def origins(typed: Iterable[str]) -> tuple[str, ...]:
    """The sites a person typed, each once, at most ten. Raises SiteUnusable, TooManySites."""
    found = tuple(dict.fromkeys(origin_of(site) for site in typed))
    if len(found) > MOST:
        raise TooManySites(n=MOST)
    return found
