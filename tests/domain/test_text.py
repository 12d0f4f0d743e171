"""Characters that cannot be stored are removed; all others stay."""

import pytest

from portal_app.domain.text import strip_unstorable


@pytest.mark.parametrize(
    "text",
    ["", "Zoë Nuñez-O’Hara", "王小明", "שלום", "👩🏽‍⚕️ ok", "two\nlines\tand a tab\r\n", "a\u00a0b", "½ × €"],
)
def test_ordinary_text_is_unchanged(text: str):
    assert strip_unstorable(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\x00b", "ab"), ("x\ud83d", "x"), ("\udc69y", "y"), ("\x1b[2J", "[2J"), ("\x7f\x0b", "")],
)
def test_unstorable_characters_are_removed(text: str, kept: str):
    assert strip_unstorable(text) == kept
    strip_unstorable(text).encode()
