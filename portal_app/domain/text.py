"""What people and programs type, before anything reads it."""

import re

# Halves of a pair (a field's maxlength may cut an emoji), the zero that PostgreSQL cannot keep, and other
# signs that steer a terminal. Tabs and line ends stay.
_NOT_WRITING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def strip_unstorable(text: str) -> str:
    """Without what is no writing: no database, letter or log can keep it."""
    return _NOT_WRITING.sub("", text)
