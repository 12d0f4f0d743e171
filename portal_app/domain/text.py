"""Text that people type or programs send."""

import re

# Halves of a surrogate pair (a field's maxlength may cut an emoji), the NUL that PostgreSQL cannot store, and
# other control characters, which steer a terminal. Tabs and line ends stay.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def strip_unstorable(text: str) -> str:
    """The text without the characters that a database, message or log cannot hold."""
    return _UNSTORABLE.sub("", text)
