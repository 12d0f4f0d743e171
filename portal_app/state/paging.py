"""Pages of long lists, as addresses name them."""

_DIGITS = 6  # more are nobody's page


def page_number(asked: str) -> int:
    """The page of ?page=; the first one for anything that is no number. A service takes the last for one past it."""
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _DIGITS else 1
