"""The pages that a person may be led to after signing in, and nothing else: no other site, no other side."""

import re

from portal_app.domain.access import Side

# First words of the paths, without language and frame. A test compares them with the pages that there are.
PATIENT_PAGES = frozenset(
    {
        "invoices",
        "receipt",
        "payments",
        "payment-options",
        "statements",
        "agreements",
        "memberships",
        "members",
        "account",
    }
)
NOT_STAFF_PAGES = frozenset({"sign-in", "set-up"})  # below /staff, but before signing in
_PATH = re.compile(r"(?:/[A-Za-z0-9_-]{1,60}){1,4}(?:\?[A-Za-z0-9._~=&%+-]{0,200})?")
_ID = re.compile(r"\b([a-z]{3})_[0-9a-f]{32}\b")


def own_page(asked: str, side: Side) -> str:
    """`asked` where it is the path of a page of that side, else "". Language and frame are taken off before."""
    if not _PATH.fullmatch(asked):
        return ""
    words = asked.partition("?")[0].split("/")[1:]
    of_staff = words[0] == "staff" and not NOT_STAFF_PAGES & set(words[1:2])
    return asked if (of_staff if side is Side.STAFF else words[0] in PATIENT_PAGES) else ""


def ids_in(page: str) -> tuple[tuple[str, str], ...]:
    """Prefix and id of everything that the path or its query names."""
    return tuple((found[1], found[0]) for found in _ID.finditer(page))
