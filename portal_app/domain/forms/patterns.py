"""Patterns of imported forms, run by google-re2: in time linear to the text, whatever the pattern (FORM-31)."""

from functools import lru_cache
from typing import Any, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

_re2 = cast(Any, re2)  # it has no types

MOST_LETTERS = 1_000
_MOST_MEMORY = 1 << 20  # bytes of one compiled pattern


class PatternInvalid(Exception):
    """No pattern of google-re2: wrong, too long, or with look-ahead or back references."""


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> _Pattern:
    options = _re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    return _re2.compile(pattern, options=options)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is too long or that cannot be read. Raises PatternInvalid."""
    if not pattern or len(pattern) > MOST_LETTERS:
        raise PatternInvalid
    try:
        _compiled(pattern)
    except _re2.error:
        raise PatternInvalid from None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as a pattern wants it that `check_pattern` took."""
    return _compiled(pattern).fullmatch(text) is not None
