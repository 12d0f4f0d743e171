"""How far ahead the pages of a list are counted."""

PAGES_AHEAD = 25  # pages; what lies further on is shown as "more", not counted


def rows_to_count(page: int, size: int) -> int:
    """How many rows to count for a list that shows `page` (from 1) of `size` rows.

    When all of them are there, the list says that there are more: thousands of further rows cost nothing.
    """
    return (page + PAGES_AHEAD - 1) * size + 1
