"""Text that people type or programs send."""

import re
import unicodedata

# Halves of a surrogate pair (a field's maxlength may cut an emoji), the NUL that PostgreSQL cannot store, and
# other control characters, which steer a terminal. Tabs and line ends stay.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


_DASHES = {"\u00ad", "\u2043", "\u2212", "\u02d7"}  # dashes that are not of the Unicode category Pd


def plain_signs(text: str) -> str:
    """The text with ASCII digits for those of every script, a hyphen for every dash, and no invisible characters.

    For numbers and codes, which phones and other keyboards write with signs of their own: "１２３–٤٥٦" is "123-456".
    """
    return "".join(_plain_sign(character) for character in unicodedata.normalize("NFKC", text))


def _plain_sign(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Pd" or character in _DASHES:
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return "" if category == "Cf" else character


def strip_unstorable(text: str) -> str:
    """The text without the characters that a database, message or log cannot hold."""
    return _UNSTORABLE.sub("", text)
