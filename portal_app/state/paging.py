"""Pages of long lists, as addresses name them."""

from collections.abc import Callable
from dataclasses import dataclass

from portal_app.i18n import translate
from portal_app.services.paging import PAGES_AHEAD

_DIGITS = 6  # a longer number is no page of any list


@dataclass(frozen=True)
class Page:
    """Which page of a list is shown, and the addresses of the pages beside it ("" where there is none)."""

    number: int = 1
    count: int = 1
    label: str = ""  # "Page 2 of 5"
    previous: str = ""
    next: str = ""


def list_page(
    language: str, number: int, count: int, address: Callable[[int], str], *, exact: bool = False
) -> Page:
    """The page `number` of `count`.

    Args:
        address: gives the address of a page, with the filters of the list.
        exact: `count` is the last page also where it is far away; else a count that far is "more than".
    """
    label = _exact_label(language, number, count) if exact else page_label(language, number, count)
    return Page(
        number=number,
        count=count,
        label=label,
        previous=address(number - 1) if number > 1 else "",
        next=address(number + 1) if number < count else "",
    )


def page_label(language: str, page: int, pages: int) -> str:
    """ "Page 2 of 5"; where a list is so long that nobody counted to its end, "of more than 25"."""
    if pages > (known := page + PAGES_AHEAD - 1):
        return translate(language, "Page {page} of more than {pages}", page=page, pages=known)
    return _exact_label(language, page, pages)


def _exact_label(language: str, page: int, pages: int) -> str:
    return translate(language, "Page {page} of {pages}", page=page, pages=pages)


def page_number(asked: str) -> int:
    """The number in "?page="; 1 for anything that is not a number. Services show the last page for one past it."""
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _DIGITS else 1
